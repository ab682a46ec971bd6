//! A world: everything that is there until the next reset.

use crate::cast::Cast;
use crate::chance::Chance;
use crate::clock::MockClock;
use crate::crowd::Crowd;
use crate::error::MockError;
use crate::playbill::Playbill;
use crate::programme::{HISTORY, Programme};
use crate::settings::MockSettings;
use crate::stories::Setting;
use crate::wiring::{Wiring, web_state, wire};
use actix_web::web::Data;
use frontrow_adapters::SharedWatch;
use frontrow_adapters::mail::RecentMails;
use frontrow_application::port::Clock;
use frontrow_application::waiting_room::{DueTick, Ticked};
use frontrow_application::{ActingOperator, Error, UseCases};
use frontrow_domain::Instant;
use frontrow_web::WebState;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::task::yield_now;

/// What there is, and what moves it.
pub struct World {
    /// Its time.
    pub clock: Arc<MockClock>,
    /// What handlers reach.
    pub state: Data<WebState>,
    /// What you can find in it.
    pub playbill: Playbill,
    /// What was mailed: nothing leaves the mock.
    pub mails: Arc<RecentMails>,
    use_cases: Arc<UseCases>,
    watch: Arc<SharedWatch>,
    /// Becomes true when another world takes its place.
    ended: watch::Sender<bool>,
    /// One thing happens after the other.
    turn: Mutex<Turn>,
}

/// What acts, and when it did.
struct Turn {
    swept: Option<Instant>,
    crowd: Option<Crowd>,
}

/// How often lapsed holds are marked, and so on: on the server, every few seconds.
const SWEEP: Duration = Duration::from_secs(1);
/// Into how many steps time that is skipped is divided at most. They last a second if that is enough: after a longer silence, a queue
/// counts a second all the same.
const MAX_STEPS: u32 = 3600;
/// Rounds of chores and ticks after which whatever is still to be done is left for the next beat.
const MAX_ROUNDS: u32 = 100;

impl World {
    /// The first world of that seed.
    pub async fn new(settings: &MockSettings, base: Arc<dyn Clock>) -> Result<Self, MockError> {
        let begins = base.now();
        let clock = Arc::new(MockClock::behind(base, HISTORY));
        let Wiring { ports, mails, watch, limits } = wire(settings, &clock);
        let use_cases = Arc::new(UseCases::new(&ports));
        let chance = Chance(settings.seed);
        let (programme, mut cast) = (Programme::new(chance, begins)?, Cast::new(chance)?);
        cast.arrive(&ports, &use_cases).await?;
        let by = ActingOperator::from_account(&cast.operator.user).map_err(Error::from)?;
        programme.put_on(&use_cases, by).await?;
        let setting = Setting { use_cases: &use_cases, programme: &programme, cast: &cast };
        let stories = setting.happen(&clock).await?;
        cast.kim.points = ports.wallets.balance(cast.kim.user.id).await.map_err(Error::from)?.amount();
        let crowd = match settings.crowd {
            0 => None,
            count => {
                use_cases.tick_queues.refresh().await?;
                Some(Crowd::gather(count, chance, &ports, &use_cases, &programme).await?)
            }
        };
        let world = Self {
            state: Data::new(web_state(&ports, &use_cases, &limits)),
            playbill: Playbill::new(settings.seed, programme, cast, stories),
            clock,
            mails,
            use_cases,
            watch,
            ended: watch::Sender::new(false),
            turn: Mutex::new(Turn { swept: None, crowd }),
        };
        world.settle().await?;
        Ok(world)
    }

    /// What is due now: queues are read and ticked, lapsed holds are marked.
    pub async fn beat(&self) -> Result<(), Error> {
        let mut turn = self.turn.lock().await;
        self.step(&mut turn).await
    }

    /// Puts the clock forward. When that is done, everything has happened that was due by then.
    pub async fn put_forward(&self, by: Duration) -> Result<(), Error> {
        {
            let mut turn = self.turn.lock().await;
            let ahead = self.clock.ahead();
            let steps = u32::try_from(by.as_secs()).unwrap_or(MAX_STEPS).clamp(1, MAX_STEPS);
            for step in 1..=steps {
                self.clock.put_ahead(ahead + by * step / steps);
                self.step(&mut turn).await?;
                // Stores in memory never wait: others would, for the whole time that is skipped.
                yield_now().await;
            }
        }
        self.settle().await
    }

    /// Another world takes its place: whoever still reads from this one is told.
    pub fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Says when it ends.
    pub fn ending(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }

    async fn step(&self, turn: &mut Turn) -> Result<(), Error> {
        self.use_cases.tick_queues.refresh().await?;
        let now = self.clock.now();
        if let Some(crowd) = &mut turn.crowd {
            crowd.act(&self.use_cases, now).await;
        }
        self.tick().await?;
        if turn.swept.is_none_or(|swept| SWEEP <= now.since(swept)) {
            turn.swept = Some(now);
            self.sweep().await?;
        }
        Ok(())
    }

    /// Everything that is due now has happened afterwards.
    async fn settle(&self) -> Result<(), Error> {
        let mut turn = self.turn.lock().await;
        for _ in 0..MAX_ROUNDS {
            self.use_cases.tick_queues.refresh().await?;
            let (ticked, swept) = (self.tick().await?, self.sweep().await?);
            if !ticked && !swept {
                break;
            }
        }
        turn.swept = Some(self.clock.now());
        self.use_cases.tick_queues.refresh().await?;
        Ok(())
    }

    /// Ticks every queue that is due; whether anybody was admitted.
    async fn tick(&self) -> Result<bool, Error> {
        let mut admitted = false;
        for due in self.use_cases.tick_queues.due(true) {
            let mut due: Option<DueTick> = Some(due);
            while let Some(now) = due {
                let Ticked { report, next } = now.run().await;
                if let Some(report) = report? {
                    admitted |= !report.admitted.is_empty();
                    self.watch.admitted_here(&report.admitted);
                }
                due = next;
            }
        }
        Ok(admitted)
    }

    /// Marks lapsed holds, asks for charges that are not settled, gives money back, sends mails, forgets what is old; whether
    /// there was anything to do.
    async fn sweep(&self) -> Result<bool, Error> {
        let UseCases { booking, return_money, send_mails, .. } = &*self.use_cases;
        let swept = booking.expire_holds.run().await?;
        let settled = booking.settle_charges.run().await?;
        let returned = return_money.run().await?;
        let mailed = match send_mails {
            Some(mails) => mails.run().await?.sent > 0,
            None => false,
        };
        booking.forget.run().await?;
        Ok(swept.more || settled.settled > 0 || returned.more || mailed)
    }
}
