//! What is sent is not ignored: a query parameter or a body that an operation does not take is refused, and nothing is
//! done. What each operation takes stands in the `OpenAPI` document, so that no route can forget to say it.

use crate::extract::{all_of, escape};
use crate::problem::{FieldError, Problem};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::web;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn};

/// What one operation takes besides its address and its headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The names of its query parameters.
    query: Vec<String>,
    /// Whether it has a body.
    body: bool,
}

/// Flaws of one request that are named; more help nobody.
const MAX_NAMED: usize = 20;

impl Taken {
    /// What its description says.
    pub fn by(operation: &Operation) -> Self {
        let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
            _ => None,
        });
        Self { query: parameters.collect(), body: operation.request_body.is_some() }
    }

    /// Whether there is a body.
    pub fn has_body(&self) -> bool {
        self.body
    }
}

/// Refuses a request with a query parameter or a body that its operation doesn't take.
pub(crate) async fn refuse_the_rest(taken: &Taken, request: &mut ServiceRequest) -> Result<(), Problem> {
    let has_body = !matches!(request.parts_mut().1, Payload::None);
    if request.query_string().is_empty() && !has_body {
        return Ok(());
    }
    let mut errors = names(&taken.query, request.query_string());
    if has_body && !taken.body {
        let payload = request.parts_mut().1.take();
        errors.extend(members(all_of(request.request(), payload, 1).await.ok().as_deref()));
    }
    errors.truncate(MAX_NAMED);
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
}

/// The parameters that are not known, or doubled.
fn names(known: &[String], query: &str) -> Vec<FieldError> {
    let Ok(pairs) = web::Query::<Vec<(String, String)>>::from_query(query) else {
        return vec![FieldError::new("/query", "unknown", "this can't be read")];
    };
    let mut seen = BTreeSet::new();
    let flaws = pairs.into_inner().into_iter().filter_map(|(name, _)| {
        let at = format!("/query/{}", escape(&name));
        if !known.contains(&name) {
            return Some(FieldError::new(at, "unknown", allowed(known)));
        }
        (!seen.insert(name)).then(|| FieldError::new(at, "duplicate", "once"))
    });
    flaws.collect()
}

fn allowed(known: &[String]) -> String {
    if known.is_empty() {
        return "no query parameters are taken here".to_owned();
    }
    format!("one of {}", known.join(", "))
}

/// What is in a body where none is taken; `None` if it can't be read. An empty object says as little as an empty body.
fn members(body: Option<&[u8]>) -> Vec<FieldError> {
    let flaw = |pointer: String| FieldError::new(pointer, "unknown", "no body is taken here");
    let object = match body {
        Some([]) => return Vec::new(),
        Some(bytes) => serde_json::from_slice::<Map<String, Value>>(bytes).ok(),
        None => None,
    };
    match object {
        Some(object) => object.keys().map(|name| flaw(format!("/{}", escape(name)))).collect(),
        None => vec![flaw(String::new())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::addresses;
    use actix_web::http::Method;

    fn pointers(errors: &[FieldError]) -> Vec<(&str, &str)> {
        errors.iter().map(|error| (&*error.pointer, &*error.code)).collect()
    }

    fn taken(method: &Method, path: &str) -> Taken {
        let address = addresses().iter().find(|address| address.path() == path).unwrap();
        address.endpoints()[address.position(method).unwrap()].taken().clone()
    }

    #[test]
    fn the_document_says_what_is_taken() {
        let publication = taken(&Method::POST, "/v1/sales/{id}/publication");
        assert_eq!(publication, Taken { query: vec!["confirm".into()], body: false });
        assert_eq!(taken(&Method::PUT, "/v1/concerts/{id}"), Taken { query: Vec::new(), body: true });
        assert_eq!(taken(&Method::HEAD, "/openapi.json"), Taken::default());
    }

    #[test]
    fn a_parameter_is_known_and_there_once() {
        let known = ["limit".to_owned(), "cursor".to_owned()];
        assert_eq!(names(&known, "limit=1&cursor=x"), []);
        let found = names(&known, "limit=1&Limit=2&limit=1&a%2Fb=&");
        let expected = [("/query/Limit", "unknown"), ("/query/limit", "duplicate"), ("/query/a~1b", "unknown")];
        assert_eq!(pointers(&found), expected);
        assert_eq!(found[0].detail, "one of limit, cursor");
    }

    #[test]
    fn an_empty_object_is_as_good_as_no_body() {
        assert_eq!(members(Some(b"")), []);
        assert_eq!(members(Some(b" {} ")), []);
        let found = members(Some(br#"{"amount": 1000, "seats": ["A-1-1"]}"#));
        assert_eq!(pointers(&found), [("/amount", "unknown"), ("/seats", "unknown")]);
        for body in [Some(&b"null"[..]), Some(b"[]"), Some(b" "), Some(b"amount=1000"), None] {
            assert_eq!(pointers(&members(body)), [("", "unknown")], "{body:?}");
        }
    }
}
