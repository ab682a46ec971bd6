//! The pages that the `type` of a problem leads to: for whoever meets one and wants to know what to do.

use super::openapi::example_document;
use super::{ALL, Kind};
use serde_json::Value;
use std::fmt::Write;

const STYLE: &str = "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}\
    pre,code{font-family:ui-monospace,monospace;background:#8882}pre{padding:1rem;overflow-x:auto}\
    td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}";

/// The page of one type: what it means, what to do, what else it says, an example.
pub(crate) fn page(kind: Kind) -> String {
    let status = kind.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let mut body = format!(
        "<h1>{}</h1>\n<p>Problem <code>{}</code>, status {} {reason}.</p>\n<h2>What to do</h2>\n<p>{}</p>\n",
        marked_up(kind.title()),
        kind.slug(),
        status.as_u16(),
        marked_up(kind.advice())
    );
    let names: Vec<String> = kind.members().iter().map(|name| format!("<code>{}</code>", escaped(name))).collect();
    if !names.is_empty() {
        let _ = writeln!(body, "<h2>What else it says</h2>\n<p>{}</p>", names.join(", "));
    }
    let example = serde_json::to_string_pretty(&example_document(kind)).unwrap_or_default();
    let _ = writeln!(body, "<h2>Example</h2>\n<pre>{}</pre>", escaped(&example));
    html(kind.title(), &(body + "<p><a href=\"/problems\">All problems</a></p>\n"))
}

/// The list of all types.
pub(crate) fn list() -> String {
    let row = |kind: &Kind| {
        let (uri, slug, status) = (kind.uri(), kind.slug(), kind.status().as_u16());
        let title = marked_up(kind.title());
        format!("<tr><td><a href=\"{uri}\"><code>{slug}</code></a></td><td>{status}</td><td>{title}</td></tr>\n")
    };
    let head = "<h1>Problems</h1>\n<table>\n<tr><th>type</th><th>status</th><th>meaning</th></tr>\n";
    let rows = ALL.iter().fold(head.to_owned(), |rows, kind| rows + &row(kind));
    html("Problems", &(rows + "</table>\n"))
}

impl Kind {
    /// The type with that last part.
    pub fn of_slug(slug: &str) -> Option<Self> {
        ALL.iter().copied().find(|kind| kind.slug() == slug)
    }

    /// The names of what it says besides what every problem says.
    fn members(self) -> Vec<String> {
        let Value::Object(members) = self.example() else { return Vec::new() };
        members.keys().filter(|name| *name != "detail").cloned().collect()
    }
}

fn html(title: &str, body: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · Frontrow</title>\n\
        <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What stands between backticks is code.
fn marked_up(text: &str) -> String {
    let mut is_code = false;
    escaped(text).split('`').fold(String::new(), |mut html, part| {
        let (begin, end) = if is_code { ("<code>", "</code>") } else { ("", "") };
        html.extend([begin, part, end]);
        is_code = !is_code;
        html
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_code_and_nothing_is_markup() {
        assert_eq!(marked_up("See `a<b>`, & go"), "See <code>a&lt;b&gt;</code>, &amp; go");
        assert!(ALL.iter().all(|kind| kind.advice().matches('`').count() % 2 == 0), "a backtick too few");
    }

    #[test]
    fn a_type_is_found_by_its_name_and_no_two_have_one() {
        for kind in ALL {
            assert_eq!(Kind::of_slug(kind.slug()), Some(*kind));
        }
        assert_eq!(Kind::of_slug("nothing"), None);
    }
}
