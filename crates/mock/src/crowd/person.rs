//! One of the crowd.

use super::place::Place;
use crate::deeds::Deeds;
use frontrow_application::UseCases;
use frontrow_application::waiting_room::{CheckInAnswer, JoinRequest};
use frontrow_domain::{Reservation, ReservationId, UserId};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::time::Duration;

/// Somebody, and how far they have come.
pub struct Person {
    user: UserId,
    /// Index of the place that they go to.
    pub place: usize,
    /// How far they have come.
    pub state: State,
    /// Counts what needs a name.
    deeds: u32,
}

/// How far somebody has come.
pub enum State {
    /// Neither in line nor looking.
    Away,
    /// With a queue token.
    InLine(String),
    /// With a queue token, and on the way in.
    Called(String),
    /// Looks for seats, after so many tries.
    Looking(u8),
    /// Decides whether to pay.
    Holding(Hold),
    /// Has tickets.
    Paid(Hold),
}

/// A hold, or what it became.
#[derive(Clone, Copy)]
pub struct Hold {
    reservation: ReservationId,
    seats: u32,
}

/// More than two seats cost.
const CHARGE: i64 = 400_000;
/// After that many seats were gone already, somebody gives up.
const TRIES: u8 = 3;
/// Of ten who hold seats, so many pay.
const PAY: u8 = 7;
/// The next ones, up to this, give their seats up; the others let the hold lapse.
const RELEASE: u8 = 9;
/// Seconds after which a hold has lapsed and others can have the seats.
const LAPSED: Range<u64> = 305..330;

impl Person {
    /// Somebody who has done nothing yet.
    pub fn new(user: UserId, place: usize) -> Self {
        Self { user, place, state: State::Away, deeds: 0 }
    }

    /// Joins the line, if it can be joined.
    pub async fn join(&mut self, place: &Place, use_cases: &UseCases) -> bool {
        let request = JoinRequest { user: self.user, sale: place.sale, network: None, code: None, token: None };
        let Ok(joined) = use_cases.join_queue.run(&request).await else { return false };
        self.state = State::InLine(joined.token);
        true
    }

    /// Does the next thing, and says in how many seconds the one after that comes.
    pub async fn take_turn(&mut self, place: &mut Place, use_cases: &UseCases, dice: &mut ChaCha8Rng) -> Range<u64> {
        match std::mem::replace(&mut self.state, State::Away) {
            State::Away => {
                self.state = State::Looking(0);
                1..5
            }
            State::InLine(token) | State::Called(token) => self.check_in(token, place, use_cases).await,
            State::Looking(tries) => self.look(tries, place, use_cases, dice).await,
            State::Holding(hold) => self.decide(hold, place, use_cases, dice.random_range(0..10)).await,
            State::Paid(hold) => {
                let name = self.name();
                // If it is too late to give them back, they keep their seats.
                if Deeds::of(use_cases, self.user).give_back(&name, hold.reservation, None).await.is_ok() {
                    place.taken = place.taken.saturating_sub(hold.seats);
                }
                10..120
            }
        }
    }

    async fn check_in(&mut self, token: String, place: &Place, use_cases: &UseCases) -> Range<u64> {
        match use_cases.check_in.run(self.user, place.sale, &token, Duration::ZERO).await {
            Ok(CheckInAnswer::Admitted(_)) => {
                self.state = State::Looking(0);
                2..8
            }
            Ok(CheckInAnswer::Present(_) | CheckInAnswer::NotYet(_)) => {
                self.state = State::Called(token);
                3..6
            }
            Err(_) => 30..90,
        }
    }

    async fn look(&mut self, tries: u8, place: &mut Place, use_cases: &UseCases, dice: &mut ChaCha8Rng) -> Range<u64> {
        if tries >= TRIES || place.is_crowded() {
            return self.go(place, use_cases, 30..180).await;
        }
        let (name, seats) = (self.name(), place.some_seats(dice));
        let held = Deeds::of(use_cases, self.user).hold(&name, place.performance, place.sale, seats).await;
        let Ok(Reservation { id, line_items, .. }) = held else {
            self.state = State::Looking(tries + 1);
            return 1..5;
        };
        let seats = u32::try_from(line_items.len()).unwrap_or_default();
        place.taken += seats;
        self.state = State::Holding(Hold { reservation: id, seats });
        8..40
    }

    async fn decide(&mut self, hold: Hold, place: &mut Place, use_cases: &UseCases, mind: u8) -> Range<u64> {
        let deeds = Deeds::of(use_cases, self.user);
        if mind < PAY {
            let (charge, pay) = (self.name(), self.name());
            let paid = match deeds.charge(&charge, CHARGE).await {
                Ok(()) => deeds.pay(&pay, hold.reservation).await,
                Err(error) => Err(error),
            };
            if paid.is_ok() {
                self.go(place, use_cases, 0..1).await;
                self.state = State::Paid(hold);
                return 180..900;
            }
        }
        place.taken = place.taken.saturating_sub(hold.seats);
        if mind >= RELEASE || deeds.release(hold.reservation).await.is_err() {
            return self.go(place, use_cases, LAPSED).await;
        }
        self.go(place, use_cases, 30..180).await
    }

    /// Leaves, so that somebody else can come in; comes again after so many seconds.
    async fn go(&self, place: &Place, use_cases: &UseCases, again: Range<u64>) -> Range<u64> {
        if place.is_behind_a_queue
            && let Err(error) = use_cases.leave_admission.run(self.user, place.sale).await
        {
            tracing::debug!(%error, "one of the crowd did not leave");
        }
        again
    }

    /// A name for the next deed.
    fn name(&mut self) -> String {
        self.deeds += 1;
        format!("deed-{}", self.deeds)
    }
}
