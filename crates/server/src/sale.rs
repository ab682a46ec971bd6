//! Running a sale's waiting room from the command line, on the database itself: for when the API is not at hand.

use crate::cli::{SaleAction, SetQueue, Worked};
use crate::database::open_existing_database;
use crate::operator;
use crate::refused::Refused;
use crate::settings::Settings;
use anyhow::Result;
use frontrow_adapters::sql::{SqlAccounts, SqlHousekeeping, SqlQueues};
use frontrow_adapters::{SystemClock, UuidV7Source};
use frontrow_application::port::{AccountRepository, EndedFigures, QueueFigures};
use frontrow_application::waiting_room::{OperateQueue, QueueReport};
use frontrow_application::{ActingOperator, Conflict, Error, Missing, PageRequest};
use frontrow_domain::waiting_room::{Forecast, Group, GroupQueue, Phase, Queue, QueueChange};
use frontrow_domain::{SaleId, UserId};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{Write, stdout};
use std::sync::Arc;

/// Carries out a command of `frontrow sale`.
pub async fn work(action: SaleAction, settings: &Settings) -> Result<()> {
    crate::logs::start(settings)?;
    let database = open_existing_database(settings).await?;
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(UuidV7Source));
    let queues = Arc::new(SqlQueues::open(&database, clock.clone(), ids.clone()).await?);
    // The figures that are shown need no dispenser but the database's own.
    let operate = OperateQueue { store: queues.clone(), dispenser: queues.clone(), ids, clock };
    let (accounts, housekeeping) = (SqlAccounts::new(database.clone()), SqlHousekeeping::new(database.clone()));
    let commands = SaleCommands { accounts, housekeeping, operate };
    let done = commands.work(action, &mut stdout()).await;
    queues.drain().await;
    database.close().await;
    done
}

/// Carries out the commands of `frontrow sale`.
struct SaleCommands {
    accounts: SqlAccounts,
    housekeeping: SqlHousekeeping,
    operate: OperateQueue,
}

impl SaleCommands {
    async fn work(&self, action: SaleAction, out: &mut dyn Write) -> Result<()> {
        let (worked, change) = match action {
            SaleAction::Status { sale } => return self.status(SaleId::new(sale), out).await,
            SaleAction::Log { sale } => return self.log(SaleId::new(sale), out).await,
            SaleAction::ResetClock { sale, by } => return self.reset_clock(SaleId::new(sale), &by, out).await,
            SaleAction::Open(worked) => (worked, to(Phase::Open)),
            SaleAction::Pause(worked) => (worked, to(Phase::Paused)),
            SaleAction::Drain(worked) => (worked, to(Phase::Draining)),
            SaleAction::Close(worked) => (worked, to(Phase::Closed)),
            SaleAction::Set(set) => changes(set),
        };
        self.change(&worked, QueueChange { message: worked.message.clone(), ..change }, out).await
    }

    async fn change(&self, worked: &Worked, change: QueueChange, out: &mut dyn Write) -> Result<()> {
        let (sale, by) = (SaleId::new(worked.sale), operator::named(&self.accounts, &worked.by).await?);
        let queue = self.operate.change(by, sale, &change).await.map_err(|error| refused(error, sale))?;
        Ok(writeln!(out, "{}", summary(&queue))?)
    }

    async fn reset_clock(&self, sale: SaleId, by: &str, out: &mut dyn Write) -> Result<()> {
        let by = operator::named(&self.accounts, by).await?;
        // This machine's clock may be the wrong one.
        let now = self.housekeeping.time().await.map_err(Error::from)?;
        let before = self.operate.reset_clock(by, sale, now).await.map_err(|error| refused(error, sale))?;
        let ahead = before.last_tick.since(now);
        if ahead.is_zero() {
            return Ok(writeln!(out, "the queue is not in the future: nothing to do")?);
        }
        Ok(writeln!(out, "the queue was {} s in the future, and goes on from now", ahead.as_secs())?)
    }

    async fn status(&self, sale: SaleId, out: &mut dyn Write) -> Result<()> {
        let report = self.operate.report(ActingOperator::at_the_console(), sale).await;
        let QueueReport { queue, figures, .. } = report.map_err(|error| refused(error, sale))?;
        writeln!(out, "{}", summary(&queue))?;
        let QueueFigures { present, active, admitted, ended } = figures;
        let waiting: u64 = queue.groups.iter().map(GroupQueue::waiting).sum();
        let (a_minute, share) = (queue.admitted_a_minute(), Forecast::of(&queue, Group::FIRST).share);
        writeln!(out, "waiting {waiting}, checked in {present}, admitted now {active}, admitted in all {admitted}")?;
        writeln!(out, "admitted in the last minute {a_minute}, came of a thousand called {share}")?;
        let EndedFigures { paid, left, barred, expired } = ended;
        writeln!(out, "ended: paid {paid}, left {left}, barred {barred}, expired {expired}")?;
        if let Some(off) = queue.estimates.off() {
            writeln!(out, "waits were off by {off} thousandths of what people were told")?;
        }
        for (number, group) in queue.groups.iter().enumerate() {
            writeln!(
                out,
                "group {number}: weight {}, joined {}, waiting {}, called {}, lapsed {}",
                group.weight,
                group.issued,
                group.waiting(),
                group.called,
                group.lapsed
            )?;
        }
        Ok(())
    }

    async fn log(&self, sale: SaleId, out: &mut dyn Write) -> Result<()> {
        let by = ActingOperator::at_the_console();
        let (mut names, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.operate.actions(by, sale, PageRequest::longest(after)).await;
            let page = page.map_err(|error| refused(error, sale))?;
            for action in page.items {
                let name = match names.entry(action.by) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => unknown.insert(self.name(action.by).await?),
                };
                let at = Timestamp::from_microsecond(action.at.micros())?;
                writeln!(out, "{at:.3} {name}: {}", action.what)?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn name(&self, user: UserId) -> Result<String> {
        let found = self.accounts.user(user).await?;
        Ok(found.map_or(user.to_string(), |user| user.email.as_str().to_owned()))
    }
}

/// Tells refusals from failures.
fn refused(error: Error, sale: SaleId) -> anyhow::Error {
    let why = match error {
        Error::NotFound(Missing::Queue) => format!("sale {sale} has no waiting room, or is not published"),
        Error::Invalid(flaws) => flaws.to_string(),
        Error::Conflict(Conflict::QueuePhase(flaw)) => flaw.to_string(),
        error => return error.into(),
    };
    Refused(why).into()
}

fn to(phase: Phase) -> QueueChange {
    QueueChange { phase: Some(phase), ..QueueChange::default() }
}

fn changes(set: SetQueue) -> (Worked, QueueChange) {
    let SetQueue { worked, capacity, rate, burst, weights, stop_holds } = set;
    (worked, QueueChange { capacity, rate, burst, weights, holds_stopped: stop_holds, ..QueueChange::default() })
}

fn summary(queue: &Queue) -> String {
    let holds = if queue.holds_stopped { ", new holds stopped" } else { "" };
    let message = queue.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("{}{holds}, capacity {}, {} a minute{message}", queue.phase.as_str(), queue.capacity, queue.rate)
}
