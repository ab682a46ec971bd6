//! Check-ins: somebody who was called checks in, or is seen again. Each touches only the rows of its own buyer.

use super::context::{QueueContext, note_seconds};
use crate::queue::Queued;
use crate::sql::connection::Failure;
use crate::sql::rows::{buyer, check_in, is_placeholder};
use crate::sql::store::write::rows;
use crate::sql::worker::{Work, WorkerConnection};
use frontrow_application::port::StoreError;
use frontrow_domain::waiting_room::{CheckIn, CheckInOutcome};
use frontrow_domain::{Buyer, BuyerKey};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A check-in, and whether its call has lapsed.
type Asked = (CheckIn, bool);

impl Queued for Asked {}

/// Stores check-ins.
pub(super) struct CheckIns(pub Arc<QueueContext>);

impl Work for CheckIns {
    type Request = Asked;
    type Answer = CheckInOutcome;
    type Error = StoreError;

    fn name(_: &Asked) -> &'static str {
        "check_in"
    }

    fn note_seconds(name: &'static str, seconds: f64) {
        note_seconds(name, seconds);
    }

    fn error(_: &Asked, error: StoreError) -> StoreError {
        error
    }

    async fn transact(
        &self,
        connection: &WorkerConnection,
        asked: &[Asked],
    ) -> Result<Vec<Option<CheckInOutcome>>, Failure> {
        let transaction = connection.begin().await?;
        let outcomes = check_in(&self.0, &*transaction, asked).await;
        let outcomes = outcomes.map(|outcomes| outcomes.into_iter().map(Some).collect());
        connection.end(transaction, outcomes).await
    }
}

async fn check_in(
    works: &QueueContext,
    connection: &impl ConnectionTrait,
    asked: &[Asked],
) -> Result<Vec<CheckInOutcome>, Failure> {
    let mut known = Known::read(works, connection, asked).await?;
    let outcomes = asked.iter().map(|(check_in, lapsed)| known.apply(check_in, *lapsed)).collect();
    known.write(works, connection).await?;
    Ok(outcomes)
}

/// The rows of everybody who checks in with one batch.
struct Known {
    /// `None` stands for a placeholder row.
    buyers: BTreeMap<BuyerKey, Option<Buyer>>,
    check_ins: BTreeMap<BuyerKey, CheckIn>,
    changed: BTreeSet<BuyerKey>,
}

impl Known {
    /// Without locks: a row that a tick changes meanwhile is found as it will be by the next check-in. Check-ins come last: a
    /// tick takes a check-in away together with admitting its buyer, and must not have it put back as it was.
    async fn read(works: &QueueContext, connection: &impl ConnectionTrait, asked: &[Asked]) -> Result<Self, Failure> {
        let statements = works.statements();
        let keys: BTreeSet<BuyerKey> = asked.iter().map(|(check_in, _)| check_in.key).collect();
        let keys = || keys.iter().map(buyer::key);
        let mut known = Self { buyers: BTreeMap::new(), check_ins: BTreeMap::new(), changed: BTreeSet::new() };
        for row in statements.read::<buyer::Entity>(connection, keys()).await? {
            let is_placeholder = is_placeholder(&row);
            let buyer: Buyer = row.try_into()?;
            known.buyers.insert(buyer.key, (!is_placeholder).then_some(buyer));
        }
        for row in statements.read::<check_in::Entity>(connection, keys()).await? {
            let check_in: CheckIn = row.try_into()?;
            known.check_ins.insert(check_in.key, check_in);
        }
        Ok(known)
    }

    fn apply(&mut self, check_in: &CheckIn, lapsed: bool) -> CheckInOutcome {
        let buyer = self.buyers.get(&check_in.key).and_then(Option::as_ref);
        if let Some(known) = CheckInOutcome::by(buyer, check_in.group, check_in.number, check_in.seen_at) {
            return known;
        }
        let Some(stands) = check_in.after(self.check_ins.get(&check_in.key), buyer, lapsed) else {
            return CheckInOutcome::Lapsed;
        };
        self.check_ins.insert(check_in.key, stands);
        self.changed.insert(check_in.key);
        CheckInOutcome::Present
    }

    /// The buyers' rows first, so that ticks find them; each kind by ascending key.
    async fn write(&self, works: &QueueContext, connection: &impl ConnectionTrait) -> Result<(), Failure> {
        let statements = works.statements();
        if statements.texts.makes_placeholders() {
            let missing = self.changed.iter().filter(|key| !self.buyers.contains_key(*key)).map(buyer::key);
            statements.insert_placeholders::<buyer::Entity>(connection, missing).await?;
        }
        let changed = self.changed.iter().filter_map(|key| self.check_ins.get(key));
        statements.put::<check_in::ActiveModel>(connection, rows(changed)?).await
    }
}
