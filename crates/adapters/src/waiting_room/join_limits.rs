//! How often a user or network may join on this instance.

use super::pace::Pace;
use async_trait::async_trait;
use frontrow_application::port::{Clock, JoinLimits, JoinQuota, Limited, Network, StoreError, TooOften};
use frontrow_domain::{Instant, UserId};
use parking_lot::Mutex;
use std::hash::Hash;
use std::sync::Arc;

/// Lets an account ask 5 times a minute, and a network as often as it is told, each at once or one after the other. It
/// knows who has asked here: with several instances as many times as often can be asked.
pub struct InstanceJoinLimits {
    clock: Arc<dyn Clock>,
    paces: Mutex<Paces>,
}

struct Paces {
    accounts: Pace<UserId>,
    networks: Option<Pace<Network>>,
}

impl InstanceJoinLimits {
    /// Questions of one account.
    pub const PER_ACCOUNT: u32 = 5;

    /// With so many questions a minute for one network; 0 for any number.
    pub fn new(clock: Arc<dyn Clock>, per_network: u32) -> Self {
        let networks = (per_network > 0).then(|| Pace::new(per_network));
        let paces = Paces { accounts: Pace::new(Self::PER_ACCOUNT), networks };
        Self { clock, paces: Mutex::new(paces) }
    }
}

#[async_trait]
impl JoinLimits for InstanceJoinLimits {
    async fn ask(
        &self,
        user: UserId,
        network: Option<Network>,
    ) -> Result<Result<Vec<JoinQuota>, TooOften>, StoreError> {
        let now = self.clock.now();
        Ok(self.paces.lock().ask(user, network, now))
    }
}

impl Paces {
    /// A question that one of them refuses uses up nothing of the other.
    fn ask(&mut self, user: UserId, network: Option<Network>, now: Instant) -> Result<Vec<JoinQuota>, TooOften> {
        let mut quotas = Vec::new();
        check(&mut self.accounts, user, now, Limited::Account)?;
        if let (Some(networks), Some(network)) = (&mut self.networks, network) {
            check(networks, network, now, Limited::Network)?;
            quotas.push(take(networks, network, now, Limited::Network));
        }
        quotas.insert(0, take(&mut self.accounts, user, now, Limited::Account));
        Ok(quotas)
    }
}

fn take<K: Eq + Hash + Copy>(pace: &mut Pace<K>, key: K, now: Instant, whose: Limited) -> JoinQuota {
    let (left, next_in) = pace.take(key, now);
    JoinQuota { whose, a_minute: pace.a_minute(), left, next_in }
}

fn check<K: Eq + Hash + Copy>(pace: &mut Pace<K>, key: K, now: Instant, whose: Limited) -> Result<(), TooOften> {
    let retry_after = pace.wait(key, now);
    if retry_after.is_zero() { Ok(()) } else { Err(TooOften { whose, a_minute: pace.a_minute(), retry_after }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use std::time::Duration;
    use uuid::Uuid;

    const SECOND: Duration = Duration::from_secs(1);
    const SECONDS_12: Duration = Duration::from_secs(12);

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    fn network(address: &str) -> Option<Network> {
        Network::of(address.parse().unwrap())
    }

    fn limits(per_network: u32) -> (Arc<ManualClock>, InstanceJoinLimits) {
        let clock = Arc::new(ManualClock::at(Instant::from_micros(0)));
        (clock.clone(), InstanceJoinLimits::new(clock, per_network))
    }

    async fn ask(of: &InstanceJoinLimits, user: UserId, network: Option<Network>) -> Result<(), TooOften> {
        of.ask(user, network).await.unwrap().map(drop)
    }

    #[tokio::test]
    async fn whoever_may_ask_is_told_how_often_they_may_ask_again() {
        let (_, limits) = limits(60);
        let told = async |network: Option<Network>| limits.ask(user(1), network).await.unwrap().unwrap();
        let of_account = |left| JoinQuota { whose: Limited::Account, a_minute: 5, left, next_in: SECONDS_12 };
        let of_network = |left| JoinQuota { whose: Limited::Network, a_minute: 60, left, next_in: SECOND };
        assert_eq!(told(network("192.0.2.1")).await, [of_account(4), of_network(59)]);
        assert_eq!(told(None).await, [of_account(3)]);
        assert_eq!(told(network("192.0.2.1")).await, [of_account(2), of_network(58)]);
    }

    #[tokio::test]
    async fn an_account_that_asks_too_often_has_to_wait_from_wherever_it_asks() {
        let (clock, limits) = limits(0);
        for n in 0..5 {
            assert_eq!(ask(&limits, user(1), network(&format!("192.0.2.{n}"))).await, Ok(()));
        }
        let wait = TooOften { whose: Limited::Account, a_minute: 5, retry_after: Duration::from_secs(12) };
        assert_eq!(ask(&limits, user(1), network("192.0.2.9")).await, Err(wait));
        clock.advance(Duration::from_secs(12));
        assert_eq!(ask(&limits, user(1), None).await, Ok(()));
    }

    #[tokio::test]
    async fn a_network_from_which_too_many_ask_has_to_wait_and_no_other() {
        let (clock, limits) = limits(60);
        for n in 0..60 {
            assert_eq!(ask(&limits, user(n), network("2001:db8::1")).await, Ok(()), "question {n}");
        }
        let wait = TooOften { whose: Limited::Network, a_minute: 60, retry_after: Duration::from_secs(1) };
        for _ in 0..10 {
            assert_eq!(ask(&limits, user(100), network("2001:db8::2")).await, Err(wait));
        }
        assert_eq!(ask(&limits, user(101), network("2001:db8:0:1::1")).await, Ok(()));
        assert_eq!(ask(&limits, user(102), None).await, Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!(ask(&limits, user(100), network("2001:db8::2")).await, Ok(()), "waiting did not use theirs up");
    }

    #[tokio::test]
    async fn an_account_that_has_to_wait_uses_up_nothing_of_its_network() {
        let (_, limits) = limits(10);
        for n in 0..100 {
            assert_eq!(ask(&limits, user(1), network("192.0.2.1")).await.is_ok(), n < 5);
        }
        for n in 2..7 {
            assert_eq!(ask(&limits, user(n), network("192.0.2.1")).await, Ok(()), "user {n}");
        }
    }

    #[tokio::test]
    async fn where_there_is_no_limit_for_networks_all_may_ask() {
        let (_, limits) = limits(0);
        for n in 0..2000 {
            assert_eq!(ask(&limits, user(n), network("192.0.2.1")).await, Ok(()));
        }
    }
}
