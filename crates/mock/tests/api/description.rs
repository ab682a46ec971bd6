//! The OpenAPI document that the mock serves, as a test reads it.

use crate::house::{Answer, House};
use actix_web::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

pub struct Description {
    document: Value,
    /// By schema: to make one takes longer than to use it.
    validators: RefCell<HashMap<String, Rc<Validator>>>,
}

/// One answer that the document promises.
pub struct Promise<'a> {
    pub method: Method,
    pub path: &'a str,
    pub status: u16,
    pub answer: &'a Value,
}

impl Description {
    pub async fn of(house: &House) -> Self {
        Self { document: house.get("/openapi.json").await.with(200), validators: RefCell::default() }
    }

    pub fn operations(&self) -> Vec<(Method, &str, &Value)> {
        let paths = self.document["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            item.as_object().unwrap().iter().filter_map(move |(method, operation)| {
                let method: Method = method.to_uppercase().parse().unwrap();
                operation.is_object().then_some((method, path.as_str(), operation))
            })
        });
        operations.filter(|(_, _, operation)| operation["responses"].is_object()).collect()
    }

    pub fn promises(&self) -> Vec<Promise<'_>> {
        let operations = self.operations().into_iter();
        let promises = operations.flat_map(|(method, path, operation)| {
            operation["responses"].as_object().unwrap().iter().map(move |(status, answer)| Promise {
                method: method.clone(),
                path,
                status: status.parse().unwrap(),
                answer,
            })
        });
        promises.map(|promise| Promise { answer: self.resolve(promise.answer), ..promise }).collect()
    }

    pub fn resolve<'a>(&'a self, part: &'a Value) -> &'a Value {
        match part["$ref"].as_str() {
            Some(address) => self.document.pointer(address.trim_start_matches('#')).unwrap(),
            None => part,
        }
    }

    /// The examples of an answer that have a name, with their values.
    pub fn named<'a>(&'a self, answer: &'a Value) -> Vec<(&'a str, &'a Value)> {
        let contents = answer["content"].as_object().into_iter().flat_map(|contents| contents.values());
        let examples = contents.filter_map(|content| content["examples"].as_object()).flatten();
        examples.map(|(name, example)| (name.as_str(), &self.resolve(example)["value"])).collect()
    }

    /// What is wrong with an answer by what the document promises of it.
    pub fn flaws(&self, promise: &Promise<'_>, answer: &Answer) -> Vec<String> {
        let mut flaws = Vec::new();
        if answer.status != promise.status {
            flaws.push(format!("the answer is {answer}"));
        }
        match promise.answer["content"].as_object() {
            None if !answer.body.is_empty() => flaws.push("a body that is not promised".to_owned()),
            None => {}
            Some(contents) => match answer.header("content-type").and_then(|name| contents.get(name)) {
                None => flaws.push(format!("the media type is {:?}", answer.header("content-type"))),
                Some(content) if answer.header("content-type").unwrap().ends_with("json") => {
                    let body = answer.json();
                    let errors = self.validator(&content["schema"]);
                    flaws.extend(errors.iter_errors(&body).map(|error| format!("{error} in {body}")));
                }
                Some(_) => {}
            },
        }
        for (name, header) in promise.answer["headers"].as_object().into_iter().flatten() {
            let header = self.resolve(header);
            match answer.header(name) {
                None => flaws.push(format!("{name} is missing")),
                Some(text) => {
                    let schema = self.validator(&header["schema"]);
                    let number = text.parse::<i64>().map(Value::from);
                    let fits = schema.is_valid(&text.into()) || number.is_ok_and(|number| schema.is_valid(&number));
                    if header["schema"].is_object() && !fits {
                        flaws.push(format!("{name}: {text}"));
                    }
                }
            }
        }
        flaws
    }

    fn validator(&self, schema: &Value) -> Rc<Validator> {
        let make = || {
            let whole = json!({"components": self.document["components"], "allOf": [schema]});
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            Rc::new(options.should_ignore_unknown_formats(true).build(&whole).unwrap())
        };
        Rc::clone(self.validators.borrow_mut().entry(schema.to_string()).or_insert_with(make))
    }
}

/// An address of an operation that nothing stands at.
pub fn address(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "whatever" } else { part }).collect::<Vec<_>>().join("/")
}
