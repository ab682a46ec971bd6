//! Compares what a store announces with what it answers.

use crate::Failure;
use crate::context::TestContext;
use frontrow_domain::{Event, Outcome, PaymentState, ReservationState};
use std::time::Duration;

/// How often, and how long each time, to wait for an announcement, which may come a moment after the answer.
const LOOKS: u32 = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// What a store must have announced once everybody has their answers, and what it may have.
#[derive(Default)]
struct Expected {
    once: Vec<Event>,
    at_most: Vec<Event>,
}

impl Expected {
    /// After these answers, repetitions among them.
    fn after(answers: &[Outcome]) -> Self {
        let mut expected = Self::default();
        for outcome in answers {
            match outcome {
                Outcome::Held(reservation) => expected.once(Event::Held(reservation.id)),
                Outcome::Paid { reservation, .. } => {
                    expected.once(Event::Confirmed(reservation.id));
                    expected.at_most.push(Event::AdmissionEnded(reservation.buyer()));
                }
                Outcome::Released(reservation) => expected.once(Event::Released(reservation.id)),
                Outcome::GivenBack(reservation) if reservation.state == ReservationState::Refunded => {
                    expected.once(Event::Refunded(reservation.id));
                }
                Outcome::GivenBack(reservation) if reservation.state == ReservationState::Confirmed => {
                    let returned = reservation.returned.last().map(|returned| returned.seats.clone());
                    let (reservation, seats) = (reservation.id, returned.unwrap_or_default());
                    expected.once(Event::SeatsReturned { reservation, seats });
                }
                Outcome::GivenBack(reservation) => expected.once(Event::Cancelled(reservation.id)),
                Outcome::Charged(payment)
                    if matches!(payment.state, PaymentState::Succeeded | PaymentState::Failed) =>
                {
                    expected.once(Event::ChargeSettled(payment.id));
                }
                // A hold that hasn't lapsed isn't marked, and a buyer without an admission can't give one back.
                Outcome::Expired(id) if !expected.at_most.contains(&Event::Expired(*id)) => {
                    expected.at_most.push(Event::Expired(*id));
                }
                Outcome::Left(key) => expected.at_most.push(Event::AdmissionEnded(*key)),
                Outcome::Renewed(buyer) => expected.at_most.push(Event::AdmissionEnded(buyer.key)),
                _ => {}
            }
        }
        expected
    }

    fn once(&mut self, event: Event) {
        if !self.once.contains(&event) {
            self.once.push(event);
        }
    }

    fn missing(&self, heard: &[Event]) -> Vec<Event> {
        self.once.iter().filter(|event| !heard.contains(event)).cloned().collect()
    }

    /// Announced too often, or without a matching answer.
    fn too_many(&self, heard: &[Event]) -> Vec<Event> {
        let mut left: Vec<&Event> = self.once.iter().chain(&self.at_most).collect();
        let mut surplus = Vec::new();
        for event in heard {
            match left.iter().position(|known| *known == event) {
                Some(known) => drop(left.swap_remove(known)),
                None => surplus.push(event.clone()),
            }
        }
        surplus
    }
}

impl TestContext {
    /// Every answered change is announced once, and nothing else: no rejection, no repetition. After a COMMIT whose answer
    /// was lost, a store may not know what it has announced; then it announces it at most once.
    pub(crate) async fn check_announcements(&self) -> Result<(), Failure> {
        if !self.fixture.announces {
            return Ok(());
        }
        let expected = Expected::after(&self.answers());
        let mut missing = expected.missing(&self.announcements.heard());
        for _ in 0..LOOKS {
            if missing.is_empty() || self.has_lost_commits() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            missing = expected.missing(&self.announcements.heard());
        }
        ensure!(
            missing.is_empty() || self.has_lost_commits(),
            "what was answered is not announced:\n  found    no {missing:?}\n  expected one announcement of each"
        );
        let heard = self.announcements.heard();
        let surplus = expected.too_many(&heard);
        ensure!(
            surplus.is_empty(),
            "announced twice, or though it did not happen:\n  found    {surplus:?} too many\n  expected one \
             announcement of each change, and none of a rejection or a repetition"
        );
        Ok(())
    }
}
