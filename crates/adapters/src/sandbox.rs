//! A payment gateway that moves no money; its answers are chosen by the payment token.

use async_trait::async_trait;
use frontrow_application::port::{ChargeRequest, GatewayAnswer, NoAnswer, PaymentGateway, ReturnAnswer};
use frontrow_domain::{PaymentId, Points};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;

/// Answers as the payment token says, and remembers what it has answered for as long as it lives.
#[derive(Default)]
pub struct SandboxGateway(Mutex<State>);

/// Money that the sandbox pretends to have moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The payment that it was booked for.
    pub payment: PaymentId,
    /// How many points.
    pub amount: Points,
}

#[derive(Default)]
struct State {
    charges: BTreeMap<PaymentId, Charge>,
    bookings: Vec<Booking>,
    returned: Vec<Booking>,
}

#[derive(Clone, Copy)]
enum Charge {
    Booked {
        amount: Points,
    },
    /// Declined, given up before it was heard of, or given back.
    Declined,
    /// Not decided; whether it was asked about since.
    Undecided {
        amount: Points,
        asked: bool,
    },
}

impl SandboxGateway {
    /// Accepts at once.
    pub const ACCEPT: &str = "tok_accept";
    /// Declines at once.
    pub const DECLINE: &str = "tok_decline";
    /// The request never arrives, and nothing is known of it later.
    pub const TIMEOUT: &str = "tok_timeout";
    /// Is not decided at first, nor when it is asked about for the first time; then accepts.
    pub const LATE: &str = "tok_late";
    /// Accepts, but the first answer is lost.
    pub const TWICE: &str = "tok_twice";

    /// A sandbox that has heard of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that was booked, the oldest first: one entry for each time that money would have moved.
    pub fn booked(&self) -> Vec<Booking> {
        self.state().bookings.clone()
    }

    /// The sum of everything that was booked; `None` above [`Points::MAX`].
    pub fn booked_total(&self) -> Option<Points> {
        Points::checked_sum(self.state().bookings.iter().map(|booking| booking.amount))
    }

    /// Everything that was given back, the oldest first: one entry for each time that money would have moved.
    pub fn returned(&self) -> Vec<Booking> {
        self.state().returned.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl State {
    fn begin(&mut self, request: &ChargeRequest) -> Result<GatewayAnswer, NoAnswer> {
        let ChargeRequest { payment, amount, payment_token } = request;
        match payment_token.as_str() {
            SandboxGateway::ACCEPT => Ok(self.book(*payment, *amount)),
            SandboxGateway::TIMEOUT => Err(NoAnswer),
            SandboxGateway::TWICE => {
                self.book(*payment, *amount);
                Err(NoAnswer)
            }
            SandboxGateway::LATE => {
                self.charges.insert(*payment, Charge::Undecided { amount: *amount, asked: false });
                Ok(GatewayAnswer::Pending)
            }
            _ => Ok(self.decline(*payment)),
        }
    }

    fn book(&mut self, payment: PaymentId, amount: Points) -> GatewayAnswer {
        self.charges.insert(payment, Charge::Booked { amount });
        self.bookings.push(Booking { payment, amount });
        accepted(payment)
    }

    fn give_back(&mut self, payment: PaymentId) -> ReturnAnswer {
        if let Some(Charge::Booked { amount }) = self.charges.insert(payment, Charge::Declined) {
            self.returned.push(Booking { payment, amount });
        }
        ReturnAnswer::Returned
    }

    fn decline(&mut self, payment: PaymentId) -> GatewayAnswer {
        self.charges.insert(payment, Charge::Declined);
        GatewayAnswer::Declined
    }

    /// What is known of the charge, and stays as it is.
    fn known(&self, payment: PaymentId) -> Option<GatewayAnswer> {
        Some(match self.charges.get(&payment)? {
            Charge::Booked { .. } => accepted(payment),
            Charge::Declined => GatewayAnswer::Declined,
            Charge::Undecided { .. } => GatewayAnswer::Pending,
        })
    }

    fn ask(&mut self, payment: PaymentId) -> GatewayAnswer {
        match self.charges.get_mut(&payment) {
            Some(Charge::Undecided { asked, .. }) if !*asked => {
                *asked = true;
                GatewayAnswer::Pending
            }
            Some(Charge::Undecided { amount, .. }) => {
                let amount = *amount;
                self.book(payment, amount)
            }
            _ => self.known(payment).unwrap_or(GatewayAnswer::Unheard),
        }
    }
}

fn accepted(payment: PaymentId) -> GatewayAnswer {
    GatewayAnswer::Accepted { provider_ref: format!("sandbox-{payment}") }
}

#[async_trait]
impl PaymentGateway for SandboxGateway {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    async fn charge(&self, request: ChargeRequest) -> Result<GatewayAnswer, NoAnswer> {
        let mut state = self.state();
        match state.known(request.payment) {
            Some(answer) => Ok(answer),
            None => state.begin(&request),
        }
    }

    async fn status(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer> {
        Ok(self.state().ask(payment))
    }

    async fn give_back(&self, payment: PaymentId) -> Result<ReturnAnswer, NoAnswer> {
        Ok(self.state().give_back(payment))
    }

    async fn abandon(&self, payment: PaymentId) -> Result<GatewayAnswer, NoAnswer> {
        let mut state = self.state();
        match state.ask(payment) {
            GatewayAnswer::Unheard => Ok(state.decline(payment)),
            answer => Ok(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const PAYMENT: PaymentId = PaymentId::new(Uuid::from_u128(7));

    fn request(token: &str) -> ChargeRequest {
        ChargeRequest { payment: PAYMENT, amount: Points::new(500).unwrap(), payment_token: token.into() }
    }

    fn accepted() -> GatewayAnswer {
        super::accepted(PAYMENT)
    }

    fn booked(gateway: &SandboxGateway) -> (usize, i64) {
        (gateway.booked().len(), gateway.booked_total().unwrap().amount())
    }

    #[tokio::test]
    async fn what_is_accepted_is_booked_once_however_often_it_is_asked() {
        let gateway = SandboxGateway::new();
        for token in [SandboxGateway::ACCEPT, SandboxGateway::ACCEPT, SandboxGateway::DECLINE] {
            assert_eq!(gateway.charge(request(token)).await, Ok(accepted()));
        }
        assert_eq!(gateway.status(PAYMENT).await, Ok(accepted()));
        assert_eq!(gateway.abandon(PAYMENT).await, Ok(accepted()));
        assert_eq!(gateway.booked(), [Booking { payment: PAYMENT, amount: Points::new(500).unwrap() }]);
    }

    #[tokio::test]
    async fn what_was_booked_is_given_back_once_and_is_declined_from_then_on() {
        let gateway = SandboxGateway::new();
        gateway.charge(request(SandboxGateway::ACCEPT)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(gateway.give_back(PAYMENT).await, Ok(ReturnAnswer::Returned));
            assert_eq!(gateway.returned(), [Booking { payment: PAYMENT, amount: Points::new(500).unwrap() }]);
        }
        assert_eq!(gateway.status(PAYMENT).await, Ok(GatewayAnswer::Declined));
        assert_eq!(gateway.charge(request(SandboxGateway::ACCEPT)).await, Ok(GatewayAnswer::Declined));
        assert_eq!(booked(&gateway), (1, 500));
    }

    #[tokio::test]
    async fn of_what_was_not_booked_nothing_is_given_back_and_it_never_is_booked() {
        for token in [SandboxGateway::DECLINE, SandboxGateway::TIMEOUT, SandboxGateway::LATE] {
            let gateway = SandboxGateway::new();
            let _ = gateway.charge(request(token)).await;
            assert_eq!(gateway.give_back(PAYMENT).await, Ok(ReturnAnswer::Returned));
            for _ in 0..3 {
                assert_eq!(gateway.status(PAYMENT).await, Ok(GatewayAnswer::Declined));
            }
            assert_eq!((booked(&gateway), gateway.returned()), ((0, 0), vec![]));
        }
    }

    #[tokio::test]
    async fn what_is_declined_stays_declined_and_so_does_an_unknown_token() {
        for token in [SandboxGateway::DECLINE, "tok_unknown", ""] {
            let gateway = SandboxGateway::new();
            assert_eq!(gateway.charge(request(token)).await, Ok(GatewayAnswer::Declined));
            assert_eq!(gateway.charge(request(SandboxGateway::ACCEPT)).await, Ok(GatewayAnswer::Declined));
            assert_eq!(gateway.status(PAYMENT).await, Ok(GatewayAnswer::Declined));
            assert_eq!(booked(&gateway), (0, 0));
        }
    }

    #[tokio::test]
    async fn a_request_that_never_arrives_is_unheard_of_and_once_given_up_is_refused() {
        let gateway = SandboxGateway::new();
        assert_eq!(gateway.charge(request(SandboxGateway::TIMEOUT)).await, Err(NoAnswer));
        assert_eq!(gateway.charge(request(SandboxGateway::TIMEOUT)).await, Err(NoAnswer));
        assert_eq!(gateway.status(PAYMENT).await, Ok(GatewayAnswer::Unheard));
        assert_eq!(gateway.abandon(PAYMENT).await, Ok(GatewayAnswer::Declined));
        assert_eq!(gateway.charge(request(SandboxGateway::ACCEPT)).await, Ok(GatewayAnswer::Declined));
        assert_eq!(booked(&gateway), (0, 0));
    }

    #[tokio::test]
    async fn a_late_answer_comes_when_it_is_asked_for_the_second_time() {
        let gateway = SandboxGateway::new();
        assert_eq!(gateway.charge(request(SandboxGateway::LATE)).await, Ok(GatewayAnswer::Pending));
        assert_eq!(gateway.charge(request(SandboxGateway::LATE)).await, Ok(GatewayAnswer::Pending));
        assert_eq!(gateway.status(PAYMENT).await, Ok(GatewayAnswer::Pending));
        assert_eq!(booked(&gateway), (0, 0));
        assert_eq!(gateway.status(PAYMENT).await, Ok(accepted()));
        assert_eq!(gateway.charge(request(SandboxGateway::LATE)).await, Ok(accepted()));
        assert_eq!(booked(&gateway), (1, 500));
    }

    #[tokio::test]
    async fn a_lost_answer_is_given_again_and_nothing_is_booked_twice() {
        let gateway = SandboxGateway::new();
        assert_eq!(gateway.charge(request(SandboxGateway::TWICE)).await, Err(NoAnswer));
        assert_eq!(gateway.charge(request(SandboxGateway::TWICE)).await, Ok(accepted()));
        assert_eq!(gateway.status(PAYMENT).await, Ok(accepted()));
        assert_eq!(booked(&gateway), (1, 500));
    }
}
