//! A request, and its answer.

use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use actix_web::test::TestRequest;
use serde_json::Value;
use uuid::Uuid;

pub const KEY: &str = "Idempotency-Key";
pub const PASS: &str = "Frontrow-Pass";
pub const QUEUE_TOKEN: &str = "Frontrow-Queue-Token";

/// A request that can be changed before it is sent, and sent again.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
}

impl Ask {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_owned(), value.as_ref().to_vec()));
        self
    }

    pub fn without(mut self, name: impl AsRef<str>) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name.as_ref()));
        self
    }

    pub fn by(self, token: &str) -> Self {
        self.without(AUTHORIZATION).header(AUTHORIZATION, format!("Bearer {token}"))
    }

    pub fn key(self, key: &str) -> Self {
        self.without(KEY).header(KEY, key)
    }

    pub fn pass(self, pass: &str) -> Self {
        self.without(PASS).header(PASS, pass)
    }

    pub fn queue_token(self, token: &str) -> Self {
        self.without(QUEUE_TOKEN).header(QUEUE_TOKEN, token)
    }

    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string())
    }

    /// That text, as JSON.
    pub fn bytes(self, body: impl Into<Vec<u8>>) -> Self {
        let asked = self.without(CONTENT_TYPE).header(CONTENT_TYPE, "application/json");
        Self { body: Some(body.into()), ..asked }
    }

    pub fn request(&self) -> TestRequest {
        let request = TestRequest::default().method(self.method.clone()).uri(&self.path);
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| request.append_header((&**name, &**value)));
        match &self.body {
            Some(body) => request.set_payload(body.clone()),
            None => request,
        }
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: impl AsRef<str>) -> Option<&str> {
        self.headers.get(name.as_ref()).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self}"))
    }

    /// The body of an answer with that status.
    #[track_caller]
    pub fn with(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem document, which has to be of that status and type.
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str) -> Value {
        let problem = self.any_problem();
        assert_eq!((self.status, &problem["type"]), (status, &format!("/problems/{slug}").into()), "{self}");
        problem
    }

    /// The problem document, whatever it is about.
    #[track_caller]
    pub fn any_problem(&self) -> Value {
        assert_eq!(self.header(CONTENT_TYPE), Some("application/problem+json"), "{self}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self}");
        assert!(problem["type"].as_str().is_some_and(|kind| kind.starts_with("/problems/")), "{self}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{self}");
        assert_eq!(problem["instance"], self.request_id().urn().to_string(), "{self}");
        problem
    }

    /// The id of the request that it answers.
    #[track_caller]
    pub fn request_id(&self) -> Uuid {
        let ids: Vec<_> = self.headers.get_all("Frontrow-Request-Id").collect();
        assert_eq!(ids.len(), 1, "{self}");
        ids[0].to_str().unwrap().parse().unwrap()
    }

    /// Which fields the problem names.
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {}", self.status, body.chars().take(1000).collect::<String>())
    }
}
