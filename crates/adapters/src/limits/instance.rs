//! The limits of this instance, as the ports want them.

use super::cooldown::ReleasedSeats;
use super::log_ins::LogInTries;
use super::rate::{MINUTE, Rate};
use super::settings::LimitSettings;
use super::steady_clock::SteadyClock;
use super::table::Table;
use async_trait::async_trait;
use frontrow_application::port::{
    Asker, Clock, Exceeded, JoinLimits, JoinQuota, Limit, Limited, LimitedBy, LogInDelays, Network, RequestLimits,
    SeatCooldown, StoreError, TooOften, TryEnd,
};
use frontrow_domain::{Email, PerformanceId, SeatNumber, UserId};
use std::sync::Arc;
use std::time::Duration;

/// Counts who has asked here: with several instances as many times as often can be asked.
///
/// It knows as many accounts and networks as [`InstanceLimits::KEYS`] says. If more ask at the same time, those that have used
/// the least of what they may are as if they had not asked: limits get generous before they cost memory, but not to whoever
/// has reached one.
pub struct InstanceLimits {
    table: Arc<Table<u64>>,
    joins: Pair,
    /// By the number of the limit.
    others: [Pair; Limit::ALL.len()],
    delays: Option<(LogInTries, ReleasedSeats)>,
}

/// What one account, and what one network, may do; `None` for anything.
struct Pair {
    account: Option<Rate>,
    network: Option<Rate>,
}

/// What the keys of joins begin with: more than there are limits.
const JOINS: usize = usize::MAX;

impl InstanceLimits {
    /// Joins of one account in a minute.
    pub const JOINS_PER_ACCOUNT: u32 = 5;
    /// Accounts, networks, pairs of both, and released seats that are remembered: of each so many at least, which take
    /// some 8 MB together.
    pub const KEYS: usize = 131_072;

    /// With that much of everything.
    pub fn new(clock: Arc<dyn Clock>, settings: &LimitSettings) -> Self {
        let (table, clock) = (Arc::new(Table::new(Self::KEYS)), SteadyClock::new(clock));
        let pair = |account, network| Pair {
            account: Rate::per_minute(account, &table, &clock),
            network: Rate::per_minute(network, &table, &clock),
        };
        let seconds = || (LogInTries::new(Self::KEYS, clock.clone()), ReleasedSeats::new(Self::KEYS, clock.clone()));
        Self {
            joins: pair(Self::JOINS_PER_ACCOUNT, settings.network_joins),
            others: Limit::ALL.map(|limit| pair(settings.accounts.of(limit), settings.networks.of(limit))),
            delays: settings.delays.then(seconds),
            table,
        }
    }

    /// The limit, and what it knows this one by; `None` where there is none.
    fn of(&self, limit: Limit, asker: Asker<'_>) -> Option<(&Rate, u64)> {
        let pair = &self.others[limit as usize];
        let rate = match asker.whose() {
            LimitedBy::Network => pair.network.as_ref()?,
            _ => pair.account.as_ref()?,
        };
        Some((rate, self.table.key((limit as usize, asker))))
    }
}

#[async_trait]
impl RequestLimits for InstanceLimits {
    fn count(&self, limit: Limit, askers: &[Asker<'_>]) -> Result<(), Exceeded> {
        let exceeded = |rate: &Rate, asker: &Asker<'_>, retry_after| Exceeded {
            limit,
            by: asker.whose(),
            quota: rate.a_minute(),
            window: MINUTE,
            retry_after,
        };
        // A request that one of them refuses uses up nothing of the others.
        for asker in askers {
            let Some((rate, key)) = self.of(limit, *asker) else { continue };
            rate.check(key).map_err(|wait| exceeded(rate, asker, wait))?;
        }
        for asker in askers {
            let Some((rate, key)) = self.of(limit, *asker) else { continue };
            rate.count(key).map_err(|wait| exceeded(rate, asker, wait))?;
        }
        Ok(())
    }
}

#[async_trait]
impl LogInDelays for InstanceLimits {
    async fn begin(&self, email: &Email, network: Option<Network>) -> Result<(), Exceeded> {
        let Some((tries, _)) = &self.delays else { return Ok(()) };
        // Whoever has logged in from there before is not kept out by those who try it from everywhere.
        if tries.begin(email, network)? { Ok(()) } else { self.count(Limit::LogIn, &[Asker::Email(email)]) }
    }

    async fn end(&self, email: &Email, network: Option<Network>, end: TryEnd) {
        if let Some((tries, _)) = &self.delays {
            tries.end(email, network, end);
        }
    }
}

impl SeatCooldown for InstanceLimits {
    fn check(&self, user: UserId, performance: PerformanceId, seats: &[SeatNumber]) -> Result<(), Exceeded> {
        self.delays.as_ref().map_or(Ok(()), |(_, released)| released.check(user, performance, seats))
    }

    fn note_release(&self, user: UserId, performance: PerformanceId, seats: &[SeatNumber]) {
        if let Some((_, released)) = &self.delays {
            released.note(user, performance, seats);
        }
    }
}

#[async_trait]
impl JoinLimits for InstanceLimits {
    async fn ask(
        &self,
        user: UserId,
        network: Option<Network>,
    ) -> Result<Result<Vec<JoinQuota>, TooOften>, StoreError> {
        Ok(self.join(user, network))
    }
}

impl InstanceLimits {
    /// A question that one of them refuses uses up nothing of the other.
    fn join(&self, user: UserId, network: Option<Network>) -> Result<Vec<JoinQuota>, TooOften> {
        let account = (&self.joins.account, self.table.key((JOINS, user)), Limited::Account);
        let network = network.map(|network| (&self.joins.network, self.table.key((JOINS, network)), Limited::Network));
        let limits = || [Some(account), network].into_iter().flatten();
        let rates = || limits().filter_map(|(rate, key, whose)| Some((rate.as_ref()?, key, whose)));
        for (rate, key, whose) in rates() {
            rate.check(key).map_err(|wait| too_often(rate, whose, wait))?;
        }
        let count = |(rate, key, whose): (&Rate, u64, Limited)| {
            let left = rate.count(key).map_err(|wait| too_often(rate, whose, wait))?;
            Ok(JoinQuota { whose, a_minute: rate.a_minute(), left, next_in: rate.pause() })
        };
        rates().map(count).collect()
    }
}

fn too_often(rate: &Rate, whose: Limited, retry_after: Duration) -> TooOften {
    TooOften { whose, a_minute: rate.a_minute(), retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ManualClock, Quotas};
    use frontrow_domain::Instant;
    use uuid::Uuid;

    const SECOND: Duration = Duration::from_secs(1);
    const SECONDS_12: Duration = Duration::from_secs(12);

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    fn network(address: &str) -> Option<Network> {
        Network::of(address.parse().unwrap())
    }

    fn with(settings: &LimitSettings) -> (Arc<ManualClock>, InstanceLimits) {
        let clock = Arc::new(ManualClock::at(Instant::from_micros(0)));
        (clock.clone(), InstanceLimits::new(clock, settings))
    }

    fn limits(network_joins: u32) -> (Arc<ManualClock>, InstanceLimits) {
        with(&LimitSettings { network_joins, ..LimitSettings::default() })
    }

    async fn ask(of: &InstanceLimits, user: UserId, network: Option<Network>) -> Result<(), TooOften> {
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

    #[test]
    fn a_charge_that_the_network_has_no_room_for_uses_up_nothing_of_the_account() {
        let networks = Quotas::ANY.with(Limit::Charge, 2);
        let (clock, limits) = with(&LimitSettings { networks, ..LimitSettings::default() });
        let charge = |n| {
            let askers = [Asker::Account(user(n)), Asker::Network(network("192.0.2.1").unwrap())];
            limits.count(Limit::Charge, &askers).map_err(|exceeded| (exceeded.by, exceeded.retry_after))
        };
        assert_eq!((charge(1), charge(2)), (Ok(()), Ok(())));
        for _ in 0..100 {
            assert_eq!(charge(3), Err((LimitedBy::Network, 30 * SECOND)));
        }
        for _ in 0..10 {
            clock.advance(30 * SECOND);
            assert_eq!(charge(3), Ok(()));
        }
        assert_eq!(limits.count(Limit::Hold, &[Asker::Account(user(3))]), Ok(()), "another limit");
    }

    #[tokio::test]
    async fn one_account_is_tried_from_everywhere_only_so_often_but_its_owner_gets_in() {
        let (_, limits) = with(&LimitSettings::default());
        let kim: Email = "kim@example.com".parse().unwrap();
        let home = network("198.51.100.1");
        limits.begin(&kim, home).await.unwrap();
        LogInDelays::end(&limits, &kim, home, TryEnd::Right).await;
        let mut tried = 0;
        for n in 0..600_u32 {
            let from = network(&format!("10.0.{}.{}", n / 250, n % 250));
            for _ in 0..10 {
                tried += u32::from(limits.begin(&kim, from).await.is_ok());
            }
        }
        assert!(tried < LimitSettings::default().accounts.of(Limit::LogIn), "{tried}");
        assert_eq!(limits.begin(&kim, home).await, Ok(()));
    }

    #[tokio::test]
    async fn what_is_off_limits_nobody() {
        let (_, limits) = with(&LimitSettings::OFF);
        let kim: Email = "kim@example.com".parse().unwrap();
        for _ in 0..10_000 {
            assert_eq!(limits.count(Limit::Charge, &[Asker::Account(user(1))]), Ok(()));
            assert_eq!(limits.begin(&kim, None).await, Ok(()));
        }
    }
}
