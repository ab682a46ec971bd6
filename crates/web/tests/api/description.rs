//! The API's own description, as a client reads it.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::LazyLock;

pub struct Description(&'static Value);

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&frontrow_web::openapi_json().unwrap()).unwrap());

/// One method of one address.
pub struct Operation {
    pub method: String,
    pub path: String,
    pub value: Value,
}

impl Description {
    pub fn new() -> Self {
        Self(&DOCUMENT)
    }

    pub fn value(&self) -> &'static Value {
        self.0
    }

    pub fn schemas(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0["components"]["schemas"].as_object().unwrap().iter().map(|(name, schema)| (&**name, schema))
    }

    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            for (method, value) in methods.as_object().unwrap() {
                operations.push(Operation { method: method.clone(), path: path.clone(), value: value.clone() });
            }
        }
        operations
    }

    pub fn operation(&self, method: &str, path: &str) -> Operation {
        let found = self.operations().into_iter().find(|one| one.method == method && one.path == path);
        found.unwrap_or_else(|| panic!("{method} {path} is not described"))
    }

    /// What is meant, where it stands elsewhere.
    pub fn resolve<'a>(&'a self, part: &'a Value) -> &'a Value {
        match part["$ref"].as_str() {
            Some(address) => self.0.pointer(address.trim_start_matches('#')).unwrap(),
            None => part,
        }
    }

    /// Every example, with its schema and with where it was found.
    pub fn examples(&self) -> Vec<(String, &Value, &Value)> {
        let mut found = Vec::new();
        for (name, schema) in self.schemas() {
            found.extend(schema.get("example").map(|example| (name.to_owned(), schema, example)));
        }
        for (path, methods) in self.0["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let at = |what: &str| format!("{method} {path} {what}");
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let example = parameter.get("example");
                    found.extend(example.map(|example| (at("parameters"), &parameter["schema"], example)));
                }
                found.extend(self.content(&operation["requestBody"], &at("body")));
                for (status, answer) in operation["responses"].as_object().unwrap() {
                    found.extend(self.content(answer, &at(status)));
                }
            }
        }
        found
    }

    fn content<'a>(&'a self, body: &'a Value, at: &str) -> Vec<(String, &'a Value, &'a Value)> {
        let mut found = Vec::new();
        for content in body["content"].as_object().into_iter().flat_map(|kinds| kinds.values()) {
            let named = content["examples"].as_object().into_iter().flat_map(|examples| examples.values());
            let named = named.map(|example| &self.resolve(example)["value"]);
            let all: Vec<&Value> = content.get("example").into_iter().chain(named).collect();
            assert!(!all.is_empty(), "{at} has no example");
            found.extend(all.into_iter().map(|example| (at.to_owned(), &content["schema"], example)));
        }
        found
    }

    /// Says whether something is as the schema says; formats count, too.
    pub fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.0["components"],
            "allOf": [schema],
        });
        jsonschema::options().should_validate_formats(true).should_ignore_unknown_formats(true).build(&whole).unwrap()
    }
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn body_schema(&self) -> Option<&Value> {
        self.value.pointer("/requestBody/content/application~1json/schema")
    }

    /// Whether its body can't be left out.
    pub fn needs_body(&self) -> bool {
        self.value["requestBody"]["required"] == true
    }

    pub fn body_example(&self) -> Value {
        let example = self.value.pointer("/requestBody/content/application~1json/example");
        example.unwrap_or_else(|| panic!("{} has no example", self.name())).clone()
    }

    /// The parameters in that part of a request.
    pub fn parameters(&self, position: &str) -> Vec<Value> {
        let all = self.value["parameters"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|parameter| parameter["in"] == position).collect()
    }

    /// Whether it can't do without an idempotency key.
    pub fn has_key(&self) -> bool {
        let mut headers = self.parameters("header").into_iter();
        headers.any(|header| header["name"] == crate::ask::KEY && header["required"] == true)
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.parameters("header").iter().any(|parameter| parameter["name"] == name)
    }

    /// Whether it is about the queue of a sale.
    pub fn is_of_a_queue(&self) -> bool {
        self.path.starts_with("/v1/queue-tokens")
            || self.path.starts_with("/v1/sales/{id}/") && !self.path.ends_with("publication")
    }

    pub fn needs_token(&self) -> bool {
        let ways = self.value["security"].as_array();
        ways.is_some_and(|ways| ways.iter().all(|way| way.get("bearer").is_some()))
    }

    pub fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap()
    }

    pub fn is_for_operators(&self) -> bool {
        self.value["tags"] == json!(["operators"])
    }
}
