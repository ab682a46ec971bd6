//! What a waiting room needs from the world.

use super::StoreError;
use crate::{Page, PageRequest};
use async_trait::async_trait;
use frontrow_domain::waiting_room::{
    Admitted, Claim, Claimed, Group, Line, LineUpdate, NotNow, Pass, Place, QueueNumber, QueueToken, Stock,
};
use frontrow_domain::{Buyer, BuyerKey, Ended, Instant, Sale, SaleId, UserId};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use uuid::Uuid;

/// Who wants a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join {
    /// Who, in which sale.
    pub key: BuyerKey,
    /// In which of its lines.
    pub group: Group,
    /// The place that they have and that is worth nothing any more, if they have one: then they get a new one.
    pub worthless: Option<Place>,
    /// A place that they have proved to have, for a dispenser that has lost what it knew.
    pub proved: Option<Place>,
}

/// A place that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Which.
    pub place: Place,
    /// Whether they have it only now.
    pub is_new: bool,
}

/// Hands out the numbers of lines: from 1, each to one person, and never twice within an epoch.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait NumberDispenser: Send + Sync {
    /// The place that somebody has, or a new one at the end of the line. What was answered is kept as durably as the
    /// implementation says.
    async fn join(&self, join: Join) -> Result<Joined, StoreError>;

    /// By group, how many numbers were handed out. May be a moment behind where other instances hand them out, too.
    async fn issued(&self, sale: SaleId, groups: usize) -> Result<Vec<u64>, StoreError>;

    /// Who has the numbers above `after`, ascending; numbers that nobody has any more are left out.
    async fn places(
        &self,
        sale: SaleId,
        group: Group,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(QueueNumber, UserId)>, StoreError>;

    /// The line of the sale is over, and nobody joins it any more: what is kept to hand out its numbers may go, after a
    /// month in which it can still be read. Whoever says so again changes nothing.
    async fn forget(&self, sale: SaleId) -> Result<(), StoreError>;
}

/// Numbers that somebody else than the store of lines may hand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// In which epoch.
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
    /// The epoch of a line, and the ceilings that were leased so far; `None` if the sale has no line.
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
    /// By group, how many numbers were handed out.
    pub issued: Vec<u64>,
    /// What there is to sell.
    pub stock: Stock,
    /// Whether bookings have been turned away here a moment ago, because there was too much to do.
    pub turned_away: bool,
}

/// What a tick did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickReport {
    /// The line as it is now.
    pub line: Line,
    /// Who was admitted.
    pub admitted: Vec<BuyerKey>,
    /// How many slots have become free.
    pub ended: usize,
    /// Whether nobody is admitted, stands at the door, or could be called.
    pub quiet: bool,
}

/// Something that an operator has done, for who asks later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorAction {
    /// Its id.
    pub id: Uuid,
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Instant,
    /// To which sale.
    pub sale: SaleId,
    /// What, in a text for people: at most some thousand characters, most of them a message.
    pub what: String,
}

/// The figures of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineFigures {
    /// Stand at the door and are present.
    pub at_door: u64,
    /// Have a slot.
    pub active: u64,
    /// Were ever admitted.
    pub admitted: u64,
    /// How admissions ended.
    pub ended: EndedFigures,
}

/// How admissions ended: each buyer by how their last one did, and nobody who is admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndedFigures {
    /// See [`Ended::Paid`].
    pub paid: u64,
    /// See [`Ended::Left`].
    pub left: u64,
    /// See [`Ended::Barred`].
    pub barred: u64,
    /// See [`Ended::Expired`].
    pub expired: u64,
}

impl EndedFigures {
    /// Counts so many more that ended like this.
    pub fn add(&mut self, ended: Ended, count: u64) {
        let counted = match ended {
            Ended::Paid => &mut self.paid,
            Ended::Left => &mut self.left,
            Ended::Barred => &mut self.barred,
            Ended::Expired => &mut self.expired,
        };
        *counted += count;
    }
}

/// Where somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// Their row, if they ever came to the door.
    pub buyer: Option<Buyer>,
    /// Their place at the door.
    pub claim: Option<Claim>,
}

/// Keeps the lines, the doors and the admissions.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait LineStore: Send + Sync {
    /// Adds a line, if its sale has none.
    async fn open_line(&self, line: &Line) -> Result<(), StoreError>;

    /// The lines that are not over: closed, and nobody admitted any more.
    async fn lines(&self) -> Result<Vec<Line>, StoreError>;

    /// The line of a sale, over or not.
    async fn line(&self, sale: SaleId) -> Result<Option<Line>, StoreError>;

    /// Changes a line under its lock, and notes the operator's action with it, unless nothing is to be changed. `None` if the sale has no line.
    async fn update_line(
        &self,
        sale: SaleId,
        update: &LineUpdate,
        action: Option<OperatorAction>,
    ) -> Result<Option<Result<Line, NotNow>>, StoreError>;

    /// Notes an action that changed no line.
    async fn note(&self, action: &OperatorAction) -> Result<(), StoreError>;

    /// What operators have done to a sale's line, the newest first: by id, descending.
    async fn actions(&self, sale: SaleId, page: PageRequest<Uuid>) -> Result<Page<OperatorAction, Uuid>, StoreError>;

    /// One tick, whole. `None` if somebody else is at it, or there is no such line.
    async fn tick(&self, order: &TickOrder) -> Result<Option<TickReport>, StoreError>;

    /// Somebody who is called comes to the door, or is seen there again; touches no row but their own. `lapsed` says that
    /// their call has lapsed: then only who has come before may stand there.
    async fn claim(&self, claim: Claim, lapsed: bool) -> Result<Claimed, StoreError>;

    /// Where somebody is.
    async fn whereabouts(&self, key: BuyerKey) -> Result<Whereabouts, StoreError>;

    /// Those of these buyers who are admitted.
    async fn admitted(&self, keys: &[BuyerKey]) -> Result<Vec<Buyer>, StoreError>;

    /// The admission log, oldest first. A page may end within a tick; it goes on by tick, group and rank.
    async fn log(
        &self,
        sale: SaleId,
        page: PageRequest<(i64, u8, u64)>,
    ) -> Result<Page<Admitted, (i64, u8, u64)>, StoreError>;

    /// The figures of a line.
    async fn figures(&self, sale: SaleId, now: Instant) -> Result<LineFigures, StoreError>;
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

/// Says who may join a line: a verified account, one of some age, a member. Asked before a number is given.
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
    /// A place as a signed token.
    fn sign_token(&self, token: &QueueToken) -> String;

    /// What a queue token says.
    fn read_token(&self, text: &str) -> Result<QueueToken, TokenFlaw>;

    /// An admission as a signed pass.
    fn sign_pass(&self, pass: &Pass) -> String;

    /// What a pass says, if it has not expired.
    fn read_pass(&self, text: &str, now: Instant) -> Result<Pass, TokenFlaw>;
}

/// Public randomness that was named in advance.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Beacon: Send + Sync {
    /// The value of the round named by the drawing, in hexadecimal digits; `None` while it is not out.
    async fn value(&self, round: Option<String>) -> Result<Option<String>, StoreError>;
}
