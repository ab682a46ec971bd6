//! Many at the same queue at the same time.

use super::races::RACERS;
use crate::Failure;
use crate::context::TestContext;
use crate::room::{Room, patiently};
use frontrow_application::port::BookingError;
use frontrow_domain::Outcome;
use frontrow_domain::waiting_room::{Admitted, CheckInOutcome, QueueChange, QueueUpdate};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

const CAPACITY: u32 = 7;

fn ticking(room: &Arc<Room>, instance: usize, times: u32) -> impl Future<Output = Result<u64, Failure>> + use<> {
    let room = Arc::clone(room);
    async move {
        let mut most = 0;
        for _ in 0..times {
            room.try_tick(instance).await?;
            most = most.max(room.active().await?);
        }
        Ok(most)
    }
}

/// No tick leaves more than there was room for, and none is told of twice.
fn check_log(log: &[Admitted]) -> Result<(), Failure> {
    let mut ticks: BTreeMap<i64, (u32, u32)> = BTreeMap::new();
    for row in log {
        ensure!(row.active_after <= row.capacity, "{row:?}");
        let account = (row.active_after, row.capacity);
        ensure_eq!(*ticks.entry(row.tick).or_insert(account), account, "two accounts of tick {}", row.tick);
    }
    Ok(())
}

pub(super) async fn two_tickers_at_once_never_exceed_the_capacity(context: Arc<TestContext>) -> Result<(), Failure> {
    const ROUNDS: usize = 8;
    let room = Room::open(&context, RACERS, |settings| settings.capacity = CAPACITY).await?;
    room.all_come(0..RACERS).await?;
    for round in 1..=ROUNDS {
        for most in context.together((0..6).map(|n| ticking(&room, n, 3))).await? {
            ensure!(most <= u64::from(CAPACITY), "{most} were admitted at a time");
        }
        ensure_eq!(room.active().await?, u64::from(CAPACITY), "as many are admitted as may be");
        let log = room.log(100).await?;
        ensure_eq!(log.len(), CAPACITY as usize * round);
        let ranks: Vec<u64> = log.iter().map(|row| row.rank.get()).collect();
        ensure!(ranks.is_sorted(), "all were there from the beginning: {ranks:?}");
        check_log(&log)?;
        for row in &log[CAPACITY as usize * (round - 1)..] {
            context.execute(room.leave(usize::try_from(row.rank.get() - 1)?)).await?;
        }
        context.later(Duration::from_secs(1));
    }
    Ok(())
}

/// For ever, if nothing goes wrong.
async fn keep_ticking(room: Arc<Room>, instance: usize) -> Result<(), Failure> {
    loop {
        room.try_tick(instance).await?;
        let active = room.active().await?;
        ensure!(active <= u64::from(CAPACITY), "{active} were admitted at a time");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Comes, picks up, books or not, and leaves, or stays away.
async fn visit(room: Arc<Room>, n: usize) -> Result<bool, Failure> {
    let mut dice = room.context.dice(n as u64);
    while !matches!(room.come(n).await?, CheckInOutcome::Admitted(_)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    room.pick_up(n).await?;
    if dice.roll(2) == 0 {
        let seat = 1 + u32::try_from(n)?;
        let held = room.held(n, &[seat]).await?;
        match dice.roll(3) {
            0 => drop(room.context.execute(room.context.release(&held)?).await?),
            _ => drop(room.paid(&held).await?),
        }
    }
    // Everybody goes in the end: by paying all they may, or like this.
    let left = room.context.execute(room.leave(n)).await?;
    Ok(left == Outcome::Left(room.key(n)))
}

pub(super) async fn nothing_is_lost_while_people_book_and_queues_tick(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let room = Room::open(&context, RACERS, |settings| settings.capacity = CAPACITY).await?;
    let mut tickers = JoinSet::new();
    for instance in 0..2 {
        tickers.spawn(keep_ticking(Arc::clone(&room), instance));
    }
    tokio::select! {
        visits = context.together((0..RACERS).map(|n| visit(Arc::clone(&room), n))) => {
            ensure!(visits?.iter().all(|left| *left), "everybody leaves");
        }
        Some(ticker) = tickers.join_next() => ticker??,
    }
    // A tick that was cut short must come to its end before the audit.
    tickers.shutdown().await;
    room.tick().await?;
    ensure_eq!(room.active().await?, 0, "admissions that were leaked");
    let log = room.log(100).await?;
    check_log(&log)?;
    let people: BTreeSet<_> = log.iter().map(|row| row.key).collect();
    ensure_eq!((log.len(), people.len()), (RACERS, RACERS), "everybody was admitted once");
    ensure_eq!(room.queue().await?.admitted, RACERS as u64);
    Ok(())
}

pub(super) async fn no_change_of_a_queue_is_lost_between_its_ticks(context: Arc<TestContext>) -> Result<(), Failure> {
    const CHANGES: usize = 10;
    let room = Room::open(&context, 2, |_| {}).await?;
    let before = room.queue().await?.version.get();
    let ticks = (0..2).map(|instance| {
        let room = Arc::clone(&room);
        Box::pin(async move {
            let mut ticks = 0;
            for _ in 0..CHANGES {
                ticks += i64::from(room.try_tick(instance).await?.is_some());
            }
            Ok(ticks)
        }) as futures::future::BoxFuture<'static, Result<i64, Failure>>
    });
    let changes = (0..2).map(|instance| {
        let room = Arc::clone(&room);
        Box::pin(async move {
            for n in 0..CHANGES {
                let message = Some(format!("message {n}"));
                let update = QueueUpdate::Operator(QueueChange { message, ..QueueChange::default() });
                let store = &room.instance(instance).store;
                let updated = patiently(|| store.update_queue(room.sale.id, &update, None)).await?;
                ensure!(updated.is_some_and(|updated| updated.is_ok()), "the queue can be changed");
            }
            Ok(i64::try_from(CHANGES)?)
        }) as futures::future::BoxFuture<'static, Result<i64, Failure>>
    });
    let made: i64 = context.together(ticks.chain(changes).collect::<Vec<_>>()).await?.into_iter().sum();
    ensure_eq!(room.queue().await?.version.get(), before + made, "each goes up by one");
    Ok(())
}

pub(super) async fn who_is_admitted_and_leaves_at_once_is_admitted_or_not(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let room = Room::open(&context, RACERS, |settings| settings.capacity = 1).await?;
    for n in 0..20 {
        room.all_come([n]).await?;
        let racing = (0..3).map(|racer| {
            let room = Arc::clone(&room);
            async move {
                match racer {
                    0 => drop(room.context.execute(room.leave(n)).await?),
                    1 => match room.context.execute(room.bar(n, true)).await {
                        Ok(_) | Err(BookingError::Rejected(_)) => {}
                        Err(error) => return Err(error.into()),
                    },
                    _ => drop(room.try_tick(n).await?),
                }
                Ok(())
            }
        });
        context.together(racing).await?;
        let admission = room.admission(n).await?;
        ensure_eq!((admission, room.active().await?), (None, 0), "barred in any case");
        ensure_eq!(room.tick().await?, []);
    }
    Ok(())
}
