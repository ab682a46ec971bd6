//! A payment gateway of a team's own: what it says when its provider accepts, declines, is slow, or says nothing.
//! `docs/library.md` has the table of answers. Here the provider is a few maps; yours is reached over HTTP.

use async_trait::async_trait;
use frontrow_adapters::UuidV7Source;
use frontrow_application::deadline;
use frontrow_application::port::{ChargeRequest, GatewayAnswer, NoAnswer, PaymentGateway, ReturnAnswer};
use frontrow_contract_tests::{Failure, GatewayTokens, check_gateway};
use frontrow_domain::PaymentId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What the provider says of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Order {
    Paid { reference: String },
    Refused,
    Cancelled,
    Refunded,
}

/// The provider: it takes an order of a name once, and answers a repetition as it answered the first time.
#[derive(Default)]
struct Provider(Mutex<BTreeMap<String, Order>>);

#[allow(clippy::unused_async, reason = "a provider that is reached over HTTP is waited for")]
impl Provider {
    /// `POST /orders/{name}`, with the token and the amount.
    async fn order(&self, name: String, token: &str) -> Order {
        let reference = format!("order-{name}");
        let new = if token == "tok_good" { Order::Paid { reference } } else { Order::Refused };
        self.with(|orders| orders.entry(name).or_insert(new).clone())
    }

    /// `GET /orders/{name}`: nothing if there is none.
    async fn find(&self, name: &str) -> Option<Order> {
        self.with(|orders| orders.get(name).cloned())
    }

    /// `DELETE /orders/{name}`: from now on it is cancelled, unless it was paid or refused before.
    async fn cancel(&self, name: String) -> Order {
        self.with(|orders| orders.entry(name).or_insert(Order::Cancelled).clone())
    }

    /// `POST /orders/{name}/refund`: what was paid goes back; what was not is never taken.
    async fn refund(&self, name: String) {
        self.with(|orders| orders.insert(name, Order::Refunded));
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Order>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Speaks to the provider for Frontrow.
struct OurGateway {
    provider: Provider,
}

impl OurGateway {
    /// No call takes longer: a charge may be made twice while somebody waits, and they are promised an answer in 10
    /// seconds.
    const PATIENCE: Duration = Duration::from_secs(4);

    /// What comes of a call, or no answer: then the provider may have heard it, and is asked again later.
    async fn ask<T>(&self, call: impl Future<Output = T>) -> Result<T, NoAnswer> {
        let now = Instant::now();
        let latest = now + Self::PATIENCE;
        let until = deadline::ends(now.into_std()).map_or(latest, |ends| latest.min(ends.into()));
        tokio::time::timeout_at(until, call).await.map_err(|_| NoAnswer)
    }
}

fn answer(order: Order) -> GatewayAnswer {
    match order {
        Order::Paid { reference } => GatewayAnswer::Accepted { provider_ref: reference },
        Order::Refused | Order::Cancelled | Order::Refunded => GatewayAnswer::Declined,
    }
}

#[async_trait]
impl PaymentGateway for OurGateway {
    fn name(&self) -> &'static str {
        "our-provider"
    }

    /// The payment's id is the name of the order, so that the provider knows a repetition.
    async fn charge(&self, request: ChargeRequest) -> Result<GatewayAnswer, NoAnswer> {
        let name = request.payment.to_string();
        self.ask(self.provider.order(name, &request.payment_token)).await.map(answer)
    }

    async fn status(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer> {
        let found = self.ask(self.provider.find(&payment.to_string())).await?;
        Ok(found.map_or(GatewayAnswer::Unheard, answer))
    }

    async fn give_back(&self, payment: PaymentId) -> Result<ReturnAnswer, NoAnswer> {
        self.ask(self.provider.refund(payment.to_string())).await?;
        Ok(ReturnAnswer::Returned)
    }

    /// One call, and not a look followed by a cancellation: the charge may arrive in between.
    async fn abandon(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer> {
        self.ask(self.provider.cancel(payment.to_string())).await.map(answer)
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let gateway = OurGateway { provider: Provider::default() };
    let tokens = GatewayTokens { accepted: "tok_good".into(), declined: "tok_bad".into() };
    check_gateway(&gateway, &UuidV7Source, &tokens).await
}

#[test]
fn our_gateway_keeps_every_promise() {
    main().unwrap();
}
