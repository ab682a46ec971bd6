//! A stream of events, as a client reads it.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::HeaderMap;
use futures::FutureExt;
use serde_json::Value;
use std::future::poll_fn;
use std::pin::Pin;

pub struct EventReader {
    pub headers: HeaderMap,
    body: Pin<Box<BoxBody>>,
}

#[derive(Debug, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: Option<String>,
    pub data: Value,
}

impl EventReader {
    pub fn new(response: ServiceResponse) -> Self {
        let headers = response.headers().clone();
        Self { headers, body: Box::pin(response.into_body()) }
    }

    /// The next chunk; `None` at the end.
    pub async fn text(&mut self) -> Option<String> {
        let chunk = poll_fn(|context| self.body.as_mut().poll_next(context)).await?;
        Some(String::from_utf8(chunk.unwrap().to_vec()).unwrap())
    }

    /// What has been sent already, without waiting for more; `None` at the end.
    pub fn sent(&mut self) -> Option<String> {
        let mut all = String::new();
        while let Some(chunk) = self.text().now_or_never() {
            match chunk {
                Some(text) => all += &text,
                None if all.is_empty() => return None,
                None => break,
            }
        }
        Some(all)
    }

    /// The events that have been sent already.
    #[track_caller]
    pub fn events(&mut self) -> Vec<Event> {
        parse(&self.sent().expect("the stream has ended"))
    }

    #[track_caller]
    pub fn has_ended(&mut self) -> bool {
        self.sent().is_none()
    }
}

/// As the HTML standard says; what is no event is left out.
pub fn parse(text: &str) -> Vec<Event> {
    let of = |block: &str, field: &str| {
        let mut lines = block.lines().filter_map(|line| line.strip_prefix(field)?.strip_prefix(": "));
        lines.next_back().map(str::to_owned)
    };
    let event = |block: &str| {
        let data = of(block, "data")?;
        Some(Event { name: of(block, "event")?, id: of(block, "id"), data: serde_json::from_str(&data).unwrap() })
    };
    text.split("\n\n").filter_map(event).collect()
}
