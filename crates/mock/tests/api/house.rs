//! A mock whose clock stands still, and requests to it.

pub use crate::ask::{Answer, Ask};
use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::test;
use actix_web::test::TestRequest;
use frontrow_adapters::ManualClock;
use frontrow_domain::Instant;
use frontrow_mock::{MockSettings, Stage, app};
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::Arc;

/// 2027-01-01T00:00:00Z.
pub const BEGINS: Instant = Instant::from_micros(1_798_761_600_000_000);

type Call = Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, ServiceResponse>>;

pub struct House {
    pub stage: Arc<Stage>,
    pub machine: Arc<ManualClock>,
    call: Call,
}

impl House {
    pub async fn new() -> Self {
        Self::of(MockSettings::default()).await
    }

    pub async fn of(settings: MockSettings) -> Self {
        let machine = Arc::new(ManualClock::at(BEGINS));
        let stage = Arc::new(Stage::open(settings, machine.clone()).await.unwrap());
        let service = Rc::new(test::init_service(app(Arc::clone(&stage))).await);
        let call: Call = Box::new(move |request| {
            let (service, request) = (Rc::clone(&service), request.to_request());
            Box::pin(async move { test::call_service(&*service, request).await.map_into_boxed_body() })
        });
        Self { stage, machine, call }
    }

    pub async fn send(&self, ask: Ask) -> Answer {
        let response = (self.call)(ask.request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap().to_vec();
        let answer = Answer { status, headers, body };
        for said in ["Frontrow-Mock", "Frontrow-Sandbox"] {
            assert_eq!(answer.header(said), Some("true"), "{answer}");
        }
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Ask::get(path)).await
    }

    /// Somebody of the first world.
    pub fn person(&self, name: &str) -> Value {
        let world = self.stage.playbill().json();
        let is_meant = |person: &&Value| person["email"].as_str().unwrap().starts_with(name);
        world["people"].as_array().unwrap().iter().find(is_meant).unwrap().clone()
    }

    pub fn token(&self, name: &str) -> String {
        self.person(name)["access_token"].as_str().unwrap().to_owned()
    }

    /// A concert of the first world.
    pub fn concert(&self, title: &str) -> Value {
        let world = self.stage.playbill().json();
        world["concerts"].as_array().unwrap().iter().find(|concert| concert["title"] == title).unwrap().clone()
    }

    /// The id of a concert's first performance.
    pub fn performance(&self, title: &str) -> String {
        self.concert(title)["performances"][0].as_str().unwrap().to_owned()
    }

    /// The id of a concert's sale.
    pub fn sale(&self, title: &str) -> String {
        self.concert(title)["sale"].as_str().unwrap().to_owned()
    }

    pub async fn advance(&self, seconds: u64) -> Value {
        self.send(Ask::post("/mock/clock").json(&json!({"advance_seconds": seconds}))).await.with(200)
    }
}
