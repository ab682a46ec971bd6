//! Who is in the first world.

use crate::chance::Chance;
use crate::deeds::Deeds;
use crate::error::MockError;
use frontrow_adapters::{HmacTokenIssuer, ManualClock};
use frontrow_application::port::{AccessClaims, Credentials, HashingBusy, IdSource, TokenIssuer};
use frontrow_application::{Error, Ports, UseCases};
use frontrow_domain::{Instant, Role, SessionId, User, UserId};
use std::sync::Arc;

/// Everybody's password. It protects nothing: the mock has nothing that is worth it.
pub const PASSWORD: &str = "correct horse battery";
/// When the printed access tokens were signed: 2026-01-01T00:00:00Z.
const SIGNED: Instant = Instant::from_micros(1_767_225_600_000_000);
/// When they end: 2100-01-01T00:00:00Z.
const END: Instant = Instant::from_micros(4_102_444_800_000_000);

/// Somebody you can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub user: User,
    /// What they have in their wallet when the world begins; Kim, before she has bought anything.
    pub points: i64,
    /// What there is to know about them.
    pub about: &'static str,
    /// An access token that is good for longer than anybody builds a page.
    pub access_token: String,
}

/// Those with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Runs the house.
    pub operator: Person,
    /// Has reservations in every state.
    pub kim: Person,
    /// Has points, and nothing else yet.
    pub lee: Person,
    /// Has too few points for any seat.
    pub park: Person,
    /// Those who have bought everything where it is sold out; nobody logs in as one of them.
    pub fans: Vec<User>,
}

/// How many fans there are.
const FANS: usize = 10;

impl Cast {
    /// The same people for the same seed.
    pub fn new(chance: Chance) -> Result<Self, MockError> {
        let (ids, sessions) = (chance.ids("people"), chance.ids("sessions"));
        let clock = Arc::new(ManualClock::at(SIGNED));
        let tokens = HmacTokenIssuer::new(&chance.key("access tokens"), &[], clock);
        let person = |role, name: &str, points, about| -> Result<Person, MockError> {
            let user = user(UserId::new(ids.id()), role, name)?;
            let claims = AccessClaims { user: user.id, role, session: SessionId::new(sessions.id()), expires: END };
            Ok(Person { access_token: tokens.issue(&claims), user, points, about })
        };
        Ok(Self {
            operator: person(Role::Operator, "Operator", 0, "runs the house")?,
            kim: person(Role::Customer, "Kim", 3_000_000, "has a reservation in every state")?,
            lee: person(Role::Customer, "Lee", 1_000_000, "has points, and no reservations")?,
            park: person(Role::Customer, "Park", 1_000, "has too few points for any seat")?,
            fans: (1..=FANS)
                .map(|number| user(UserId::new(ids.id()), Role::Customer, &format!("Fan{number}")))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Those that you can be.
    pub fn people(&self) -> [&Person; 4] {
        [&self.operator, &self.kim, &self.lee, &self.park]
    }

    /// Makes all accounts, and charges the wallets.
    pub async fn arrive(&self, ports: &Ports, use_cases: &UseCases) -> Result<(), MockError> {
        let hashing = |password: String| async { ports.passwords.hash(password).await.map_err(busy) };
        // Hashed once: nobody minds that people have the same salt.
        let (known, unknown) =
            (hashing(PASSWORD.to_owned()).await?, hashing(format!("{:?}", ports.ids.secret())).await?);
        let people = self.people().into_iter().map(|person| (&person.user, person.points, &known));
        let fans = self.fans.iter().map(|fan| (fan, 1_000_000, &unknown));
        for (user, points, hash) in people.chain(fans) {
            add(ports, user, hash).await?;
            if points > 0 {
                Deeds::of(use_cases, user.id).charge("first", points).await?;
            }
        }
        Ok(())
    }
}

fn busy(error: HashingBusy) -> MockError {
    Error::from(error).into()
}

/// Makes an account for somebody whose password is hashed already.
pub async fn add(ports: &Ports, user: &User, password_hash: &str) -> Result<(), MockError> {
    let credentials = Credentials { user: user.clone(), password_hash: password_hash.to_owned() };
    ports.accounts.add(&credentials, ports.clock.now()).await.map_err(Error::from)?;
    Ok(())
}

/// Somebody whose address is their name at `example.com`.
pub fn user(id: UserId, role: Role, name: &str) -> Result<User, MockError> {
    let email = format!("{}@example.com", name.to_lowercase()).parse()?;
    Ok(User { id, email, name: name.to_owned(), role })
}
