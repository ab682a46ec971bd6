//! Who may join a queue.

use async_trait::async_trait;
use frontrow_application::port::{Clock, Eligibility, NotEligible, StoreError};
use frontrow_domain::waiting_room::Group;
use frontrow_domain::{Instant, Sale, UserId};
use std::sync::Arc;
use std::time::Duration;

/// Lets everybody join whose account is of some age. That there is such an account is proved by the access token already:
/// looking it up would cost every join a read.
///
/// Accounts don't say when they were made; their ids do, which carry the time (UUID versions 1, 6 and 7; ours are 7). An
/// account whose id does not is as old as it says only where no age is asked for.
pub struct AccountEligibility {
    clock: Arc<dyn Clock>,
    least_age: Duration,
}

impl AccountEligibility {
    /// Any account may join, however new.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, least_age: Duration::ZERO }
    }

    /// Only accounts of that age may join.
    #[must_use]
    pub fn of_age(self, least_age: Duration) -> Self {
        Self { least_age, ..self }
    }

    fn is_old_enough(&self, user: UserId, now: Instant) -> bool {
        self.least_age.is_zero() || made_at(user).is_some_and(|made| made + self.least_age <= now)
    }
}

#[async_trait]
impl Eligibility for AccountEligibility {
    async fn check(&self, user: UserId, _: &Sale, _: Group) -> Result<Result<(), NotEligible>, StoreError> {
        let too_new = || NotEligible(format!("the account has to be {} s old", self.least_age.as_secs()));
        Ok(if self.is_old_enough(user, self.clock.now()) { Ok(()) } else { Err(too_new()) })
    }
}

/// When the id was made, in milliseconds at best.
fn made_at(user: UserId) -> Option<Instant> {
    let (seconds, nanos) = user.uuid().get_timestamp()?.to_unix();
    let seconds = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
    Some(Instant::from_micros(seconds.checked_add(i64::from(nanos / 1000))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use frontrow_domain::testing;
    use uuid::{NoContext, Timestamp, Uuid};

    const MADE: u64 = 1_800_000_000;

    fn at(seconds: u64) -> Instant {
        Instant::from_micros(i64::try_from(seconds * 1_000_000).unwrap())
    }

    async fn check(of: &AccountEligibility, id: Uuid) -> Result<(), String> {
        of.check(UserId::new(id), &testing::sale().build(), Group::FIRST)
            .await
            .unwrap()
            .map_err(|reason| reason.to_string())
    }

    fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::at(at(MADE)))
    }

    #[tokio::test]
    async fn an_account_has_to_be_of_age_where_an_age_is_asked_for() {
        let kim = Uuid::new_v7(Timestamp::from_unix(NoContext, MADE, 999_000_000));
        let clock = clock();
        let of_age = AccountEligibility::new(clock.clone()).of_age(Duration::from_hours(1));
        let too_new = Err("the account has to be 3600 s old".to_owned());
        clock.set(Instant::from_micros(at(MADE + 3600).micros() + 998_999));
        assert_eq!(check(&of_age, kim).await, too_new);
        clock.set(Instant::from_micros(at(MADE + 3600).micros() + 999_000));
        assert_eq!(check(&of_age, kim).await, Ok(()));
        let of_age = AccountEligibility::new(clock).of_age(Duration::from_hours(1));
        assert_eq!(check(&of_age, Uuid::from_u128(1)).await, too_new, "an id that says nothing");
    }
}
