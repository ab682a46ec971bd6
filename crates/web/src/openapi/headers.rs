//! The headers of answers.

use super::operations::{answers, operations};
use serde_json::{Value, json};

/// A header that answers have.
struct Header {
    /// Name of its component.
    id: &'static str,
    name: &'static str,
    description: &'static str,
    example: &'static str,
    /// Whether it is in every answer that names it.
    always: bool,
}

const fn header(
    id: &'static str,
    name: &'static str,
    description: &'static str,
    example: &'static str,
    always: bool,
) -> Header {
    Header { id, name, description, example, always }
}

const HEADERS: &[Header] = &[
    header(
        "request-id",
        "Frontrow-Request-Id",
        "Id of the request, as the server's log has it: say it when you ask for help.",
        "6f1c2f5a-83b7-8d0e-9d3c-5a1f4e7b2c90",
        true,
    ),
    header("cache-control", "Cache-Control", "For how long, and by whom, the answer may be kept.", "no-store", true),
    header("etag", "ETag", "Of the answer that one has.", "\"x1Pz2Qm5Jd8Ka0Sf\"", true),
    header("retry-after", "Retry-After", "In how many seconds to try again.", "1", false),
    header("authenticate", "WWW-Authenticate", "The scheme to log in by.", "Bearer", true),
    header(
        "rate-limit",
        "RateLimit",
        "How much of the limit is left, and when it is whole again.",
        "\"joins\";r=0;t=12",
        false,
    ),
    header(
        "rate-limit-policy",
        "RateLimit-Policy",
        "The limit: how many, in how many seconds.",
        "\"joins\";q=5;w=60",
        false,
    ),
];

/// Adds the headers to all answers, and says of each where it is.
pub(super) fn add_headers(document: &mut Value) {
    for Header { id, description, example, always, .. } in HEADERS {
        // A header is text, but one of digits alone is a number to whoever reads it.
        let (schema, example) = match example.parse::<u64>() {
            Ok(number) => (json!({"type": "integer", "minimum": 1}), Value::from(number)),
            Err(_) => (json!({"type": "string"}), Value::from(*example)),
        };
        document["components"]["headers"][*id] =
            json!({"description": description, "schema": schema, "example": example, "required": always});
    }
    for operation in operations(document) {
        // Whoever joins is told what is left, too.
        let joins =
            operation.pointer("/responses/429/content/application~1problem+json/examples/too-many-joins").is_some();
        for (status, answer) in answers(operation) {
            // What a handler says of its answers is always there.
            for (_, own) in answer["headers"].as_object_mut().into_iter().flatten() {
                own["required"] = true.into();
            }
            add(answer, "request-id");
            add(answer, "cache-control");
            match status {
                "401" => add(answer, "authenticate"),
                "429" => ["retry-after", "rate-limit", "rate-limit-policy"].iter().for_each(|id| add(answer, id)),
                "200" | "201" if joins => ["rate-limit", "rate-limit-policy"].iter().for_each(|id| add(answer, id)),
                "503" => add(answer, "retry-after"),
                "304" => add(answer, "etag"),
                _ => {}
            }
        }
    }
}

fn add(answer: &mut Value, id: &str) {
    if let Some(header) = HEADERS.iter().find(|header| header.id == id) {
        answer["headers"][header.name] = json!({"$ref": format!("#/components/headers/{id}")});
    }
}
