//! Charges whose answer from the gateway was late or lost: each is settled once.

use crate::ask::Ask;
use crate::theatre::Theatre;
use async_trait::async_trait;
use frontrow_adapters::SandboxGateway;
use frontrow_application::SettleCharges;
use frontrow_application::port::{BookingError, BookingStore};
use frontrow_domain::{Command, Operation, Outcome, Payment, PaymentState, Settle, Settlement};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

async fn look(theatre: &Theatre, who: &str, path: &str) -> Value {
    theatre.send(&Ask::get(path).by(who)).await.with(200)
}

/// Begins a charge whose answer does not come, then has the server ask for it; what has become of the charge, and the
/// balance.
async fn charge_and_ask(theatre: &Theatre, token: &str, times: u32) -> (Value, Value) {
    let kim = theatre.customer("kim").await;
    let ask = Ask::post("/v1/wallet/charges").by(&kim).key("tap").json(&json!({"amount": 500, "payment_token": token}));
    let pending = theatre.send(&ask).await;
    assert_eq!(pending.with(202)["status"], "pending");
    let address = pending.header("Location").unwrap();
    for _ in 0..times {
        theatre.clock.advance(SettleCharges::ABANDON_AFTER);
        theatre.use_cases.booking.settle_charges.run().await.unwrap();
    }
    let became = look(theatre, &kim, address).await;
    // Whoever has not seen the answer and repeats the request sees the same.
    let repeated = theatre.send(&ask).await;
    assert_eq!(repeated.json(), became);
    assert_eq!(repeated.status, if became["status"] == "pending" { 202 } else { 201 });
    theatre.verify().await;
    (became["status"].clone(), look(theatre, &kim, "/v1/wallet").await["balance"]["amount"].clone())
}

#[actix_web::test]
async fn a_late_answer_is_waited_for() {
    for (times, became) in [(0, ("pending", 0)), (1, ("pending", 0)), (2, ("succeeded", 500)), (5, ("succeeded", 500))]
    {
        let theatre = Theatre::empty().await;
        let (status, balance) = charge_and_ask(&theatre, SandboxGateway::LATE, times).await;
        assert_eq!((status.as_str().unwrap(), balance.as_i64().unwrap()), became, "{times}");
        assert_eq!(theatre.gateway.booked().len(), usize::from(became.1 > 0));
    }
}

#[actix_web::test]
async fn a_lost_answer_is_asked_for_and_booked_once() {
    let theatre = Theatre::empty().await;
    let kim = theatre.customer("kim").await;
    let body = json!({"amount": 500, "payment_token": SandboxGateway::TWICE});
    let ask = Ask::post("/v1/wallet/charges").by(&kim).key("tap").json(&body);
    for _ in 0..2 {
        assert_eq!(theatre.send(&ask).await.with(201)["status"], "succeeded");
    }
    theatre.clock.advance(SettleCharges::ABANDON_AFTER);
    let report = theatre.use_cases.booking.settle_charges.run().await;
    assert_eq!(report.map(|report| report.settled), Ok(0));
    assert_eq!(look(&theatre, &kim, "/v1/wallet").await["balance"]["amount"], 500);
    assert_eq!(theatre.gateway.booked().len(), 1);
    theatre.verify().await;
}

/// Carries everything out, but finds no room for what the gateway took.
struct Full(Arc<dyn BookingStore>, Mutex<Option<Payment>>);

#[async_trait]
impl BookingStore for Full {
    async fn execute(&self, command: Command) -> Result<Outcome, BookingError> {
        let state = match &command.operation {
            Operation::Settle(Settle { settlement: Settlement::Accepted { .. }, .. }) => PaymentState::Returning,
            Operation::Settle(Settle { settlement: Settlement::Returned, .. }) => PaymentState::Returned,
            _ => {
                let outcome = self.0.execute(command).await?;
                if let Outcome::Charged(payment) = &outcome {
                    *self.1.lock().unwrap() = Some(payment.clone());
                }
                return Ok(outcome);
            }
        };
        let payment = self.1.lock().unwrap().clone().unwrap();
        Ok(Outcome::Charged(Payment { state, ..payment }))
    }
}

#[actix_web::test]
async fn what_the_wallet_has_no_room_for_is_given_back() {
    let theatre = Theatre::with(|ports| ports.store = Arc::new(Full(ports.store.clone(), Mutex::default()))).await;
    let kim = theatre.customer("kim").await;
    let body = json!({"amount": 500, "payment_token": SandboxGateway::ACCEPT});
    let ask = Ask::post("/v1/wallet/charges").by(&kim).key("tap").json(&body);
    assert_eq!(theatre.send(&ask).await.with(201)["status"], "returned");
    let [returned] = theatre.gateway.returned()[..] else { panic!("it was given back once") };
    assert_eq!(returned.amount.amount(), 500);
}

#[actix_web::test]
async fn a_charge_out_of_range_is_refused_before_the_gateway_is_asked() {
    let theatre = Theatre::empty().await;
    let kim = theatre.customer("kim").await;
    for amount in [0, 10_000_001] {
        let body = json!({"amount": amount, "payment_token": SandboxGateway::ACCEPT});
        let refused = theatre.send(&Ask::post("/v1/wallet/charges").by(&kim).key("tap").json(&body)).await;
        assert_eq!(refused.with(422)["errors"][0]["pointer"], "/amount");
    }
    assert!(theatre.gateway.booked().is_empty());
}

#[actix_web::test]
async fn a_request_that_never_arrived_is_given_up() {
    let theatre = Theatre::empty().await;
    assert_eq!(charge_and_ask(&theatre, SandboxGateway::TIMEOUT, 2).await, (json!("failed"), json!(0)));
    assert!(theatre.gateway.booked().is_empty());
}
