//! What one person does, decided by lot beforehand.

use crate::crowd::QueueClient;
use crate::driver::client::Reply;
use crate::outcome::{Ending, Outcome};
use crate::show::TIER;
use crate::tally::Tally;
use anyhow::{Context, Result, bail};
use hyper::{Method, StatusCode};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long one check-in request waits.
const CHECKED_IN: Duration = Duration::from_secs(10);
/// Whoever looks away for longer does not count as present.
const AWAY: Duration = Duration::from_secs(16);
/// How often somebody tries to find seats that may come back.
const TRIES: u32 = 4;

/// What all people share.
pub struct Shared {
    pub tally: Arc<Tally>,
    pub opens: Instant,
    pub waiting_requests: Semaphore,
    /// Whether the queue is over.
    pub ended: watch::Receiver<bool>,
}

/// What one person will do.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// After the beginning.
    arrives: Duration,
    coming: Coming,
    seats: u32,
    /// Before each decision.
    thinks: Duration,
    mind: Mind,
}

/// What somebody does when they are called.
#[derive(Clone, Copy, Debug)]
enum Coming {
    AtOnce,
    Late(Duration),
    /// Comes, looks away for too long, and comes again.
    Twice,
    Never,
}

/// What somebody does with the seats that they hold.
#[derive(Clone, Copy, Debug)]
enum Mind {
    Pays,
    LetsGo,
    Vanishes,
}

impl Script {
    /// Two of three come before the opening, the others soon after it.
    pub fn write(chance: &mut ChaCha8Rng, opens: Duration) -> Self {
        let opens = u64::try_from(opens.as_millis()).unwrap_or(0);
        let after = if chance.random_ratio(2, 3) { 0..opens.max(1) } else { opens..opens + 10_000 };
        Self {
            arrives: Duration::from_millis(chance.random_range(after)),
            coming: match chance.random_range(0..100) {
                0..80 => Coming::AtOnce,
                80..87 => Coming::Late(Duration::from_millis(chance.random_range(2000..12_000))),
                87..92 => Coming::Twice,
                _ => Coming::Never,
            },
            seats: chance.random_range(1..=2),
            thinks: Duration::from_millis(chance.random_range(300..2000)),
            mind: match chance.random_range(0..100) {
                0..75 => Mind::Pays,
                75..90 => Mind::LetsGo,
                _ => Mind::Vanishes,
            },
        }
    }

    /// Acts it.
    pub async fn act(self, mut client: QueueClient, shared: Arc<Shared>, begun: Instant) -> Result<Outcome> {
        sleep_until(begun + self.arrives).await;
        let joined = shared.told("join", client.join().await?);
        let since = Instant::now().max(shared.opens);
        let waited = || Instant::now().saturating_duration_since(since);
        if is_over(&joined) {
            return Ok(Outcome { ending: Ending::CameTooLate, waited: Duration::ZERO, admitted: false });
        }
        let joined = Reply { body: joined.expect(StatusCode::CREATED)?, status: StatusCode::CREATED };
        let turned_away = match shared.wait_in_queue(&client, joined).await? {
            Some(ending) => Some(ending),
            None => self.come(&mut client, &shared).await?,
        };
        let waited = waited();
        Ok(match turned_away {
            Some(ending) => Outcome { ending, waited, admitted: false },
            None => Outcome { ending: self.book(&client, &shared).await?, waited, admitted: true },
        })
    }

    /// Checks in, in their own time, and is admitted, or is told that it is too late.
    async fn come(&self, client: &mut QueueClient, shared: &Shared) -> Result<Option<Ending>> {
        let called = Tally::count(&shared.tally.called, 1);
        match self.coming {
            Coming::AtOnce => {}
            Coming::Never => {
                shared.rest(Duration::MAX).await;
                return Ok(Some(Ending::NeverCame));
            }
            Coming::Late(by) => shared.rest(by).await,
            Coming::Twice => {
                let reply = shared.told("admission", client.check_in(Duration::ZERO).await?);
                if reply.status == StatusCode::ACCEPTED {
                    shared.rest(AWAY).await;
                }
            }
        }
        drop(called);
        let _present = Tally::count(&shared.tally.present, 1);
        shared.stay_checked_in(client).await
    }

    async fn book(&self, client: &QueueClient, shared: &Shared) -> Result<Ending> {
        let _admitted = Tally::count(&shared.tally.admitted, 1);
        let seats = format!("/v1/performances/{}/availability", client.performance);
        let seen = shared.told("availability", client.ask(Method::GET, &seats, None, None, None).await?);
        seen.expect(StatusCode::OK)?;
        sleep(self.thinks).await;
        let Some((reservation, seats)) = self.hold(client, shared).await? else {
            shared.told("leave", client.leave().await?);
            return Ok(Ending::FoundNothing);
        };
        let held = Tally::count(&shared.tally.seats_held, i64::from(seats));
        sleep(self.thinks).await;
        match self.mind {
            Mind::Pays => {
                let paid = shared.told("payment", client.pay(&reservation, "pay").await?);
                paid.expect(StatusCode::CREATED)?;
                drop(held);
                shared.tally.seats_paid.fetch_add(i64::from(seats), Ordering::Relaxed);
                Ok(Ending::Bought { seats })
            }
            Mind::LetsGo => {
                let path = format!("/v1/reservations/{reservation}");
                shared.told("release", client.ask(Method::DELETE, &path, None, None, None).await?);
                shared.told("leave", client.leave().await?);
                Ok(Ending::GaveUp)
            }
            Mind::Vanishes => {
                let path = format!("/v1/sales/{}/admission", client.sale);
                let closing = Some(json!({"closing": true}));
                shared.told("close the page", client.ask(Method::PUT, &path, None, closing, None).await?);
                Ok(Ending::Vanished)
            }
        }
    }

    /// Takes what there is, if need be a seat less.
    async fn hold(&self, client: &QueueClient, shared: &Shared) -> Result<Option<(String, u32)>> {
        let mut seats = self.seats;
        for n in 0..TRIES {
            let reply = client.hold_best(seats, TIER, &format!("hold-{n}")).await?;
            let reply = shared.told("hold", reply);
            match (reply.status, kind(&reply)) {
                (StatusCode::CREATED, _) => {
                    let id = reply.body["id"].as_str().context("no id")?;
                    return Ok(Some((id.to_owned(), seats)));
                }
                (_, "not-together") => seats = 1,
                (_, "sold-out") => sleep(self.thinks).await,
                _ => bail!("hold: {} {}", reply.status, reply.body),
            }
        }
        Ok(None)
    }
}

impl Shared {
    /// Looks when they were told to, until they are called.
    async fn wait_in_queue(&self, client: &QueueClient, mut told: Reply) -> Result<Option<Ending>> {
        let _waiting = Tally::count(&self.tally.waiting, 1);
        loop {
            if is_over(&told) {
                return Ok(Some(Ending::SoldOutInTheQueue));
            }
            match told.body["status"].as_str() {
                Some("called") => return Ok(None),
                Some("lobby" | "waiting") => {}
                _ => bail!("a queue entry is {} {}", told.status, told.body),
            }
            let again = told.body["ask_again_seconds"].as_u64().context("no time to ask again")?;
            self.rest(Duration::from_secs(again)).await;
            told = self.told("queue entry", client.look().await?);
        }
    }

    async fn stay_checked_in(&self, client: &mut QueueClient) -> Result<Option<Ending>> {
        loop {
            let permit = self.waiting_requests.try_acquire();
            let wait = if permit.is_ok() { CHECKED_IN } else { Duration::ZERO };
            let reply = self.told("admission", client.check_in(wait).await?);
            if is_over(&reply) {
                return Ok(Some(Ending::SoldOutCheckedIn));
            }
            match reply.status {
                StatusCode::CREATED => return Ok(None),
                StatusCode::ACCEPTED if wait.is_zero() => {
                    let again = reply.body["ask_again_seconds"].as_u64().context("no time to ask again")?;
                    self.rest(Duration::from_secs(again)).await;
                }
                StatusCode::ACCEPTED => {}
                _ => bail!("checking in: {} {}", reply.status, reply.body),
            }
        }
    }

    /// Until then, or until the queue is over.
    async fn rest(&self, time: Duration) {
        let mut ended = self.ended.clone();
        // Both are as good.
        let _ = timeout(time, ended.wait_for(|ended| *ended)).await;
    }

    fn told(&self, asked: &'static str, reply: Reply) -> Reply {
        let kind = kind(&reply);
        let answer = if kind.is_empty() { reply.status.as_u16().to_string() } else { kind.to_owned() };
        self.tally.tell(asked, answer);
        reply
    }
}

/// The last part of a problem's type; nothing if all went well.
fn kind(reply: &Reply) -> &str {
    let problem = reply.body["type"].as_str().unwrap_or_default();
    problem.rsplit('/').next().unwrap_or_default()
}

/// A queue that was forgotten is not there any more.
fn is_over(reply: &Reply) -> bool {
    reply.status == StatusCode::NOT_FOUND || kind(reply) == "queue-closed" || reply.body["phase"] == "closed"
}
