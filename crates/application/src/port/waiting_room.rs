//! What a waiting room needs from the world.

use super::StoreError;
use crate::{Page, PageRequest};
use async_trait::async_trait;
use frontrow_domain::waiting_room::{
    Admitted, CheckIn, CheckInOutcome, Group, NotNow, Pass, Queue, QueueEntry, QueueNumber, QueueToken, QueueUpdate,
    Stock,
};
use frontrow_domain::{AdmissionEnd, Buyer, BuyerKey, Instant, Sale, SaleId, UserId};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use uuid::Uuid;

/// Who wants a queue entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join {
    /// The user, in which sale.
    pub key: BuyerKey,
    /// The group that they join.
    pub group: Group,
    /// Their entry if it is used up or lapsed: then they get a new one. `None` if they have none.
    pub worthless: Option<QueueEntry>,
    /// A queue entry that they have proved to have, for a dispenser that has lost what it knew.
    pub proved: Option<QueueEntry>,
}

/// A queue entry that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The queue entry.
    pub entry: QueueEntry,
    /// Whether they have it only now.
    pub is_new: bool,
}

/// Hands out the numbers of queues: from 1, each to one person, and never twice within an epoch.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait NumberDispenser: Send + Sync {
    /// The queue entry that somebody has, or a new one at the end of the queue. What was answered is kept as durably as the
    /// implementation says.
    async fn join(&self, join: Join) -> Result<Joined, StoreError>;

    /// The queue entry of somebody who proves to have had this one before numbers were lost: it, unless they have got another
    /// one since. Never a new one.
    async fn entry_of(&self, key: BuyerKey, proved: QueueEntry) -> Result<QueueEntry, StoreError> {
        let join = Join { key, group: proved.group, worthless: None, proved: Some(proved) };
        Ok(self.join(join).await?.entry)
    }

    /// By group, how many numbers were handed out. May be a moment behind where other instances hand them out, too.
    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError>;

    /// Who has the numbers above `after`, ascending; numbers that nobody has any more are left out.
    async fn entries(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError>;

    /// The queue of the sale is over, and nobody joins it any more: what is kept to hand out its numbers may go, after a
    /// month in which it can still be read. Whoever says so again changes nothing.
    async fn forget(&self, sale: SaleId) -> Result<(), StoreError>;
}

/// Numbers that somebody else than the store of queues may hand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The epoch that the numbers belong to.
    pub epoch: u32,
    /// By group: the numbers above this one.
    pub above: Vec<u64>,
    /// By group: the last one.
    pub ceiling: Vec<u64>,
}

/// Leases blocks of numbers to a dispenser that may lose what it knows, so that after any loss new numbers begin above all
/// that were handed out.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait NumberLeases: Send + Sync {
    /// The epoch of a queue, and the ceilings that were leased so far; `None` if the sale has no queue.
    async fn lease(&self, sale: SaleId) -> Result<Option<Lease>, StoreError>;

    /// Raises the ceiling of a group to `above + block`, unless it is there already; says what it is. `None` if the epoch
    /// is over.
    async fn extend(
        &self,
        sale: SaleId,
        epoch: u32,
        group: Group,
        above: u64,
        block: u64,
    ) -> Result<Option<u64>, StoreError>;

    /// Begins the next epoch after one whose dispenser has lost what it knew: above all that was leased, with a block for
    /// each group. `None` if somebody else has begun one since.
    async fn next_epoch(&self, sale: SaleId, lost: u32, block: u64) -> Result<Option<Lease>, StoreError>;
}

/// A tick that is due.
#[derive(Clone, Debug)]
pub struct TickOrder {
    /// The sale, with its waiting room.
    pub sale: Arc<Sale>,
    /// How long an admission lasts at most.
    pub session: Duration,
    /// By group, how many numbers were handed out; empty if nobody knows at the moment.
    pub issued: Vec<u64>,
    /// What there is to sell.
    pub stock: Stock,
    /// Whether bookings have been turned away here a moment ago, because there was too much to do.
    pub turned_away: bool,
}

/// What a tick did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickReport {
    /// The queue as it is now.
    pub queue: Queue,
    /// The people who were admitted.
    pub admitted: Vec<BuyerKey>,
    /// How many admissions have ended.
    pub ended: usize,
    /// Whether nobody is admitted or checked in, or could be called.
    pub quiet: bool,
}

/// Something that an operator has done, for whoever asks later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorAction {
    /// Id of the action.
    pub id: Uuid,
    /// The operator.
    pub by: UserId,
    /// The instant of the change that it records.
    pub at: Instant,
    /// The sale whose queue was changed.
    pub sale: SaleId,
    /// What was done, in a text for people: at most some thousand characters, most of them a message.
    pub what: String,
}

/// The figures of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// People who are checked in and present.
    pub present: u64,
    /// People who are admitted.
    pub active: u64,
    /// People who were ever admitted.
    pub admitted: u64,
    /// How admissions ended.
    pub ended: EndedFigures,
}

/// How admissions ended: each buyer by how their last one did, and nobody who is admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndedFigures {
    /// See [`AdmissionEnd::Paid`].
    pub paid: u64,
    /// See [`AdmissionEnd::Left`].
    pub left: u64,
    /// See [`AdmissionEnd::Barred`].
    pub barred: u64,
    /// See [`AdmissionEnd::Expired`].
    pub expired: u64,
}

impl EndedFigures {
    /// Counts so many more that ended like this.
    pub fn add(&mut self, ended: AdmissionEnd, count: u64) {
        let counted = match ended {
            AdmissionEnd::Paid => &mut self.paid,
            AdmissionEnd::Left => &mut self.left,
            AdmissionEnd::Barred => &mut self.barred,
            AdmissionEnd::Expired => &mut self.expired,
        };
        *counted += count;
    }
}

/// What is stored about one person in one sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BuyerPresence {
    /// Their row in this sale, if there is one.
    pub buyer: Option<Buyer>,
    /// Their check-in, if they are checked in.
    pub check_in: Option<CheckIn>,
}

/// Stores queues, check-ins and admissions.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait QueueStore: Send + Sync {
    /// Adds a queue, if its sale has none.
    async fn open_queue(&self, queue: &Queue) -> Result<(), StoreError>;

    /// The queues that are not over: closed, and nobody admitted any more.
    async fn queues(&self) -> Result<Vec<Queue>, StoreError>;

    /// The queues that are over and not forgotten.
    async fn over_queues(&self) -> Result<Vec<Queue>, StoreError>;

    /// Forgets a queue that has been over for so long that [`Queue::is_forgotten`] says so: who stood in it, and that it is
    /// over. Done in steps of bounded size; whether this was the last one. What the audit needs stays.
    async fn forget_queue(&self, sale: SaleId, now: Instant) -> Result<bool, StoreError>;

    /// The queue of a sale, over or not, forgotten or not.
    async fn queue(&self, sale: SaleId) -> Result<Option<Queue>, StoreError>;

    /// Changes a queue under its lock, and notes the operator's action with it, unless nothing is to be changed. `None` if
    /// the sale has no queue.
    async fn update_queue(
        &self,
        sale: SaleId,
        update: &QueueUpdate,
        action: Option<OperatorAction>,
    ) -> Result<Option<Result<Queue, NotNow>>, StoreError>;

    /// Notes an action that changed no queue.
    async fn note(&self, action: &OperatorAction) -> Result<(), StoreError>;

    /// What operators have done to a sale's queue, the newest first: by id, descending.
    async fn actions(&self, sale: SaleId, page: PageRequest<Uuid>) -> Result<Page<OperatorAction, Uuid>, StoreError>;

    /// One tick, whole. `None` if somebody else is at it, or there is no such queue.
    async fn tick(&self, order: &TickOrder) -> Result<Option<TickReport>, StoreError>;

    /// Somebody who is called checks in, or is seen again; touches no row but their own. `lapsed` says that
    /// their call has lapsed: then only somebody who had checked in before may check in again.
    async fn check_in(&self, check_in: CheckIn, lapsed: bool) -> Result<CheckInOutcome, StoreError>;

    /// What is stored about one person in one sale.
    async fn whereabouts(&self, key: BuyerKey) -> Result<BuyerPresence, StoreError>;

    /// Those of these buyers who are admitted.
    async fn admitted(&self, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError>;

    /// The admission log, oldest first. A page may end within a tick; it goes on by tick, group and rank.
    async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, StoreError>;

    /// The figures of a queue.
    async fn figures(&self, sale: SaleId, now: Instant) -> Result<QueueFigures, StoreError>;
}

/// Waits for admissions, for many at once.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait AdmissionWatch: Send + Sync {
    /// The buyer as soon as they are admitted, or `None` when so much time has passed.
    async fn admitted(&self, key: BuyerKey, within: Duration) -> Option<Buyer>;
}

/// Why somebody may not join.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NotEligible(pub String);

/// Says who may join a queue: a verified account, one of some age, a member. Asked before a number is given.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Eligibility: Send + Sync {
    /// Whether they may.
    async fn check(&self, user: UserId, sale: &Sale, group: Group) -> Result<Result<(), NotEligible>, StoreError>;
}

/// Why a token is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenFlaw {
    /// It was not signed here, or for something else.
    #[error("not signed here for this purpose")]
    Forged,
    /// It was, and its time is over.
    #[error("expired")]
    Expired,
}

/// Signs queue tokens and passes, and reads what it has signed.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait QueueSigner: Send + Sync {
    /// A queue entry as a signed token.
    fn sign_token(&self, token: &QueueToken) -> String;

    /// What a queue token says.
    fn read_token(&self, text: &str) -> Result<QueueToken, TokenFlaw>;

    /// An admission as a signed pass.
    fn sign_pass(&self, pass: &Pass) -> String;

    /// What a pass says, if it has not expired.
    fn read_pass(&self, text: &str, now: Instant) -> Result<Pass, TokenFlaw>;
}
