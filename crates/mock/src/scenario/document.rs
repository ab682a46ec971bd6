//! What every operation may answer, as the `OpenAPI` document says it.

use super::sample::sample;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Every operation of the document.
pub struct Document {
    operations: Vec<Operation>,
}

/// What one operation may answer.
pub struct Operation {
    method: Method,
    /// The parts of its path; `None` for one that varies.
    path: Vec<Option<String>>,
    /// By status.
    pub answers: BTreeMap<u16, Answer>,
    /// Whether it knows the header `Prefer` itself.
    pub has_preferences: bool,
}

/// What an answer with one status has.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Its bodies; none if it has no body.
    pub examples: Vec<Example>,
    /// Its headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// A body.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it is called, if there are several.
    pub name: Option<String>,
    /// Its media type.
    pub media_type: String,
    /// What it says.
    pub value: Value,
}

impl Example {
    /// The type of problem that it is, as short as it is called everywhere.
    pub fn problem(&self) -> Option<&str> {
        let kind = self.value.get("type").filter(|_| self.media_type == PROBLEM)?.as_str()?;
        kind.rsplit([':', '/', '#']).next()
    }
}

const PROBLEM: &str = frontrow_web::problem::PROBLEM_JSON;

impl Document {
    /// Reads the document.
    pub fn new(document: &Value) -> Self {
        let reader = Reader { document };
        let paths = members(&document["paths"]);
        let operations = paths.flat_map(|(path, item)| {
            let operations = members(item).filter_map(|(method, operation)| Some((method_of(method)?, operation)));
            let reader = &reader;
            operations.map(move |(method, operation)| reader.operation(method, path, operation)).collect::<Vec<_>>()
        });
        Self { operations: operations.collect() }
    }

    /// The operation that answers there. Whoever asks only for the head of an answer asks as for the answer.
    pub fn operation(&self, method: &Method, path: &str) -> Option<&Operation> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let there = self.operations.iter().filter(|operation| operation.method == *method && operation.is_at(path));
        // What stands there by name comes before what varies.
        there.min_by_key(|operation| operation.path.iter().filter(|part| part.is_none()).count())
    }
}

impl Operation {
    fn is_at(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |(known, part): (&Option<String>, &&str)| match known {
            Some(known) => known == part,
            None => !part.is_empty(),
        };
        parts.len() == self.path.len() && self.path.iter().zip(&parts).all(fits)
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn method_of(name: &str) -> Option<Method> {
    ["get", "put", "post", "patch", "delete"].contains(&name).then(|| name.to_uppercase().parse().ok())?
}

struct Reader<'a> {
    document: &'a Value,
}

impl<'a> Reader<'a> {
    /// What is meant, where it stands elsewhere.
    fn resolve(&self, part: &'a Value) -> &'a Value {
        let elsewhere =
            part["$ref"].as_str().and_then(|address| self.document.pointer(address.trim_start_matches('#')));
        elsewhere.unwrap_or(part)
    }

    fn operation(&self, method: Method, path: &str, operation: &'a Value) -> Operation {
        let part = |part: &str| (!part.starts_with('{')).then(|| part.to_owned());
        let parameters = operation["parameters"].as_array().into_iter().flatten().map(|part| self.resolve(part));
        let answers = members(&operation["responses"]);
        let answers = answers.filter_map(|(status, answer)| Some((status.parse().ok()?, self.resolve(answer))));
        Operation {
            method,
            path: path.split('/').map(part).collect(),
            answers: answers.map(|(status, answer)| (status, self.answer(status, answer))).collect(),
            has_preferences: parameters
                .filter(|parameter| parameter["in"] == "header")
                .any(|parameter| parameter["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("prefer"))),
        }
    }

    fn answer(&self, status: u16, answer: &'a Value) -> Answer {
        // JSON before whatever else there is.
        let mut contents: Vec<_> = members(&answer["content"]).collect();
        contents.sort_by_key(|(media_type, _)| !media_type.ends_with("json"));
        let examples = contents.into_iter().flat_map(|(media_type, content)| self.examples(media_type, content));
        let mut headers: Vec<(HeaderName, HeaderValue)> = members(&answer["headers"])
            .filter_map(|(name, header)| {
                let name: HeaderName = name.to_lowercase().parse().ok()?;
                let value = self.header(&name, self.resolve(header));
                Some((name, value))
            })
            .collect();
        for (name, value) in always(status) {
            let name = HeaderName::from_static(name);
            if !headers.iter().any(|(known, _)| *known == name) {
                headers.push((name, HeaderValue::from_static(value)));
            }
        }
        Answer { examples: examples.collect(), headers }
    }

    fn examples(&self, media_type: &str, content: &'a Value) -> Vec<Example> {
        let example = |name, value: &Value| Example { name, media_type: media_type.to_owned(), value: value.clone() };
        let single = content.get("example").map(|value| example(None, value));
        let named = members(&content["examples"])
            .map(|(name, named)| example(Some(name.clone()), &self.resolve(named)["value"]));
        let all: Vec<Example> = single.into_iter().chain(named).collect();
        if !all.is_empty() {
            return all;
        }
        vec![example(None, &sample(&content["schema"], &|part| self.document.pointer(part)))]
    }

    /// A header as its example, or what its schema allows.
    fn header(&self, name: &HeaderName, header: &'a Value) -> HeaderValue {
        let named = members(&header["examples"]).next().map(|(_, named)| &self.resolve(named)["value"]);
        let shown = header.get("example").or(named).cloned();
        let value = shown.unwrap_or_else(|| match usual(name.as_str()) {
            Some(usual) => usual.into(),
            None => sample(&header["schema"], &|part| self.document.pointer(part)),
        });
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("mock"))
    }
}

/// What answers with that status have on the server, whether the document says so or not.
fn always(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        401 => &[("www-authenticate", "Bearer"), ("cache-control", "no-store")],
        429 | 503 => &[("retry-after", "1"), ("cache-control", "no-store")],
        304 => &[("etag", ETAG)],
        _ => &[("cache-control", "no-store")],
    }
}

const ETAG: &str = "\"mock\"";

/// What a header without an example usually says.
fn usual(name: &str) -> Option<&'static str> {
    Some(match name {
        "etag" => ETAG,
        "location" => "/v1/concerts",
        "retry-after" => "1",
        "cache-control" => "no-store",
        "www-authenticate" => "Bearer",
        "ratelimit" => "\"default\";r=9;t=12",
        "ratelimit-policy" => "\"default\";q=10;w=60",
        "deprecation" => "@1798761600",
        "sunset" => "Fri, 01 Jan 2027 00:00:00 GMT",
        "frontrow-sandbox" | "frontrow-mock" => "true",
        _ => return None,
    })
}
