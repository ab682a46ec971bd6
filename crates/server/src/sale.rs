//! Working a sale's waiting room from the command line, on the database itself: for when the API is not at hand.

use crate::cli::{SaleAction, SetLine, Worked};
use crate::commands::Refused;
use crate::house::open_existing_database;
use crate::operator;
use crate::settings::Settings;
use anyhow::{Context, Result};
use frontrow_adapters::sql::{SqlAccounts, SqlLines};
use frontrow_adapters::{SystemClock, UuidV7Source};
use frontrow_application::PageRequest;
use frontrow_application::port::{
    AccountRepository, Clock, EndedFigures, IdSource, LineFigures, LineStore, OperatorAction,
};
use frontrow_domain::waiting_room::{Forecast, Group, GroupLine, Line, LineChange, LineUpdate, Phase};
use frontrow_domain::{SaleId, UserId};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{Write, stdout};
use std::sync::Arc;
use uuid::Uuid;

/// Does what the command line says.
pub async fn work(action: SaleAction, settings: &Settings) -> Result<()> {
    crate::logs::start(settings)?;
    let database = open_existing_database(settings).await?;
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(UuidV7Source));
    let lines = Arc::new(SqlLines::open(&database, clock.clone(), ids.clone()).await?);
    let desk = Desk { accounts: SqlAccounts::new(database.clone()), lines: lines.clone(), clock, ids };
    let done = desk.work(action, &mut stdout()).await;
    lines.drain().await;
    database.close().await;
    done
}

/// What a command works with.
struct Desk {
    accounts: SqlAccounts,
    lines: Arc<SqlLines>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Desk {
    async fn work(&self, action: SaleAction, out: &mut dyn Write) -> Result<()> {
        let (worked, change) = match action {
            SaleAction::Status { sale } => return self.status(SaleId::new(sale), out).await,
            SaleAction::Log { sale } => return self.log(SaleId::new(sale), out).await,
            SaleAction::Open(worked) => (worked, to(Phase::Open)),
            SaleAction::Pause(worked) => (worked, to(Phase::Paused)),
            SaleAction::Drain(worked) => (worked, to(Phase::Draining)),
            SaleAction::Close(worked) => (worked, to(Phase::Closed)),
            SaleAction::Set(set) => changes(set),
        };
        self.change(&worked, LineChange { message: worked.message.clone(), ..change }, out).await
    }

    async fn change(&self, worked: &Worked, change: LineChange, out: &mut dyn Write) -> Result<()> {
        let (sale, by) = (SaleId::new(worked.sale), operator::named(&self.accounts, &worked.by).await?);
        let line = self.line(sale).await?;
        change.check(line.groups.len()).map_err(|flaws| Refused(flaws.to_string()))?;
        let action = OperatorAction { id: self.ids.id(), by, at: self.clock.now(), sale, what: change.to_string() };
        let updated = self.lines.update_line(sale, &LineUpdate::Operator(change), Some(action)).await?;
        let line = updated.context("the sale has no line any more")?.map_err(|flaw| Refused(flaw.to_string()))?;
        Ok(writeln!(out, "{}", summary(&line))?)
    }

    async fn status(&self, sale: SaleId, out: &mut dyn Write) -> Result<()> {
        let line = self.line(sale).await?;
        let figures = self.lines.figures(sale, self.clock.now()).await?;
        writeln!(out, "{}", summary(&line))?;
        let LineFigures { at_door, active, admitted, ended } = figures;
        let waiting: u64 = line.groups.iter().map(GroupLine::waiting).sum();
        let (a_minute, share) = (line.admitted_a_minute(), Forecast::of(&line, Group::FIRST).share);
        writeln!(out, "waiting {waiting}, at the door {at_door}, admitted now {active}, admitted in all {admitted}")?;
        writeln!(out, "admitted in the last minute {a_minute}, came of a thousand called {share}")?;
        let EndedFigures { paid, left, barred, expired } = ended;
        writeln!(out, "ended: paid {paid}, left {left}, barred {barred}, expired {expired}")?;
        if let Some(off) = line.estimates.off() {
            writeln!(out, "waits were off by {off} thousandths of what people were told")?;
        }
        for (number, group) in line.groups.iter().enumerate() {
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
        self.line(sale).await?;
        let (mut names, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.lines.actions(sale, PageRequest { limit: PageRequest::<Uuid>::MOST, after }).await?;
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

    async fn line(&self, sale: SaleId) -> Result<Line> {
        let line = self.lines.line(sale).await?;
        Ok(line.ok_or_else(|| Refused(format!("sale {sale} has no waiting room, or is not published")))?)
    }
}

fn to(phase: Phase) -> LineChange {
    LineChange { phase: Some(phase), ..LineChange::default() }
}

fn changes(set: SetLine) -> (Worked, LineChange) {
    let SetLine { worked, capacity, rate, burst, weights, stop_holds } = set;
    (worked, LineChange { capacity, rate, burst, weights, holds_stopped: stop_holds, ..LineChange::default() })
}

fn summary(line: &Line) -> String {
    let holds = if line.holds_stopped { ", new holds stopped" } else { "" };
    let message = line.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("{}{holds}, capacity {}, {} a minute{message}", line.phase.as_str(), line.capacity, line.rate)
}
