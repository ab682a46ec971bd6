//! Scripted people, who take, lose and pay for seats around you, and stand in line before and behind you.
//!
//! What they do follows from the seed and from the mock's clock. Everybody has an appointment, except those who stand in
//! line: they are looked after from the front. One deed comes after the other, and a bounded number of them a second.

mod agenda;
mod person;
mod place;

use crate::cast::{add, user};
use crate::chance::Chance;
use crate::error::MockError;
use crate::programme::Programme;
use agenda::Agenda;
use frontrow_application::port::IdSource;
use frontrow_application::{Error, Ports, UseCases};
use frontrow_domain::waiting_room::EntryStatus;
use frontrow_domain::{Instant, Role, UserId};
use person::{Person, State};
use place::Place;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// Everybody, and what they are going to do.
pub struct Crowd {
    dice: ChaCha8Rng,
    people: Vec<Person>,
    places: Vec<Place>,
    agenda: Agenda,
}

/// Of ten people, how many go where: to both sales with a waiting room, and to both without.
const SHARES: [usize; 4] = [6, 2, 1, 1];
/// Until then everybody has come for the first time.
const ARRIVAL_SECONDS: u64 = 600;

impl Crowd {
    /// So many people. Some of them have been standing in line for a while.
    pub async fn gather(
        count: u32,
        chance: Chance,
        ports: &Ports,
        use_cases: &UseCases,
        programme: &Programme,
    ) -> Result<Self, MockError> {
        let Programme { northern_lights, first_light, small_hours, open_air, .. } = programme;
        let shows = [northern_lights, first_light, small_hours, open_air];
        let places = shows.map(|show| Place::new(show, programme.hall(show))).into_iter().collect::<Result<_, _>>()?;
        let hash = ports.passwords.hash(format!("{:?}", ports.ids.secret())).await.map_err(Error::from)?;
        let now = ports.clock.now();
        let mut crowd =
            Self { dice: chance.dice("crowd"), people: Vec::new(), places, agenda: Agenda::beginning_at(now) };
        let (ids, whither) = (chance.ids("crowd"), whither());
        for index in 0..count as usize {
            let account = user(UserId::new(ids.id()), Role::Customer, &format!("Crowd{}", index + 1))?;
            add(ports, &account, &hash).await?;
            let place = whither[index % whither.len()];
            crowd.people.push(Person::new(account.id, place));
            if crowd.places[place].is_behind_a_queue && index % 2 == 0 {
                crowd.join(index, use_cases, now).await;
            } else {
                crowd.meet(index, now, 0..ARRIVAL_SECONDS);
            }
        }
        Ok(crowd)
    }

    /// Everything that people are about to do by now, as far as the pace allows.
    pub async fn act(&mut self, use_cases: &UseCases, now: Instant) {
        self.call(use_cases, now);
        while let Some(index) = self.agenda.next(now) {
            self.take_turn(index, use_cases, now).await;
        }
    }

    /// Whoever is called at the front of a line comes to check in.
    fn call(&mut self, use_cases: &UseCases, now: Instant) {
        for place in 0..self.places.len() {
            while let Some(index) = self.places[place].line.front().copied() {
                let State::InLine(token) = &self.people[index].state else {
                    self.places[place].line.pop_front();
                    continue;
                };
                match use_cases.show_entry.run(token).map(|entry| entry.status) {
                    Ok(EntryStatus::Lobby | EntryStatus::Waiting { .. }) => break,
                    Ok(EntryStatus::Called | EntryStatus::Lapsed) => {
                        self.people[index].state = State::Called(token.clone());
                        self.meet(index, now, 0..4);
                    }
                    Err(_) => {
                        self.people[index].state = State::Away;
                        self.meet(index, now, 30..90);
                    }
                }
                self.places[place].line.pop_front();
            }
        }
    }

    async fn take_turn(&mut self, index: usize, use_cases: &UseCases, now: Instant) {
        if matches!(self.people[index].state, State::Away) && self.places[self.people[index].place].is_behind_a_queue {
            return self.join(index, use_cases, now).await;
        }
        let (person, dice) = (&mut self.people[index], &mut self.dice);
        let again = person.take_turn(&mut self.places[person.place], use_cases, dice).await;
        self.meet(index, now, again);
    }

    /// Joins at the end of the line.
    async fn join(&mut self, index: usize, use_cases: &UseCases, now: Instant) {
        let place = self.people[index].place;
        if self.people[index].join(&self.places[place], use_cases).await {
            self.places[place].line.push_back(index);
        } else {
            self.meet(index, now, 30..90);
        }
    }

    /// Somebody has something to do in so many seconds.
    fn meet(&mut self, index: usize, now: Instant, seconds: std::ops::Range<u64>) {
        let micros = self.dice.random_range(seconds.start * 1_000_000..seconds.end * 1_000_000);
        self.agenda.add(now + Duration::from_micros(micros), index);
    }
}

/// The places of ten people who come one after the other.
fn whither() -> Vec<usize> {
    SHARES.into_iter().enumerate().flat_map(|(place, share)| std::iter::repeat_n(place, share)).collect()
}
