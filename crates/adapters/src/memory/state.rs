//! All rows.

use frontrow_application::Chore;
use frontrow_application::port::{ChoreLease, Credentials, OperatorAction, Programme, PromisedMail, Stored};
use frontrow_domain::waiting_room::{Group, QueueNumber};
use frontrow_domain::{
    BookingState, CodePurpose, Concert, ConcertId, Email, InMemoryQueues, Installation, Instant, Layout, MailCode,
    Performance, PerformanceId, RefreshToken, Sale, SaleId, SeatMap, Session, SessionId, UserId, Venue, VenueId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Default)]
pub(super) struct State {
    pub bookings: BookingState,
    pub rooms: InMemoryQueues,
    pub numbers: Numbers,
    pub operated: Operated,
    pub catalogue: Catalogue,
    pub accounts: Accounts,
    pub mails: Mails,
    pub installation: Option<Installation>,
    pub chores: Chores,
}

/// Whose turn each chore is, and how far it has come.
#[derive(Default)]
pub(super) struct Chores {
    pub leases: BTreeMap<Chore, ChoreLease>,
    pub watermarks: BTreeMap<Chore, Instant>,
}

#[derive(Default)]
pub(super) struct Accounts {
    pub users: BTreeMap<UserId, Credentials>,
    pub by_email: BTreeMap<Email, UserId>,
    /// By their hash.
    pub tokens: BTreeMap<[u8; 32], RefreshToken>,
    /// When each account was made.
    pub created: BTreeMap<UserId, Instant>,
    /// When an address was shown to be its owner's.
    pub verified: BTreeMap<UserId, Instant>,
    pub sessions: BTreeMap<SessionId, KeptSession>,
}

impl Accounts {
    /// The first time counts.
    pub fn verify(&mut self, user: UserId, at: Instant) {
        if self.users.contains_key(&user) {
            self.verified.entry(user).or_insert(at);
        }
    }
}

/// A session, and when it was ended, if it was.
pub(super) struct KeptSession {
    pub session: Session,
    pub ended: Option<Instant>,
}

/// Mails that are promised, and the newest codes that were sent.
#[derive(Default)]
pub(super) struct Mails {
    pub outbox: BTreeMap<Uuid, PromisedMail>,
    pub codes: BTreeMap<(UserId, CodePurpose), MailCode>,
}

impl Mails {
    /// `false` if it was used or replaced since it was tried.
    pub fn use_up(&mut self, code: &MailCode) -> bool {
        let key = (code.user, code.purpose);
        let is_good = self.codes.get(&key).is_some_and(|kept| kept.hash == code.hash);
        if is_good {
            self.codes.remove(&key);
        }
        is_good
    }
}

pub(super) type Table<K, V> = BTreeMap<K, Stored<V>>;

#[derive(Default)]
pub(super) struct Catalogue {
    pub venues: Table<VenueId, Venue>,
    pub seat_maps: Table<(VenueId, u32), SeatMap>,
    pub frozen: BTreeSet<(VenueId, u32)>,
    /// Cancelled performances whose buyers have not all been given back what they paid.
    pub owing: BTreeSet<PerformanceId>,
    pub layouts: BTreeMap<(VenueId, u32), Arc<Layout>>,
    pub concerts: Table<ConcertId, Concert>,
    pub performances: Table<PerformanceId, Performance>,
    pub sales: Table<SaleId, Sale>,
    /// What was made of all this; `None` once something has been saved.
    pub known: Option<Arc<Programme>>,
}

/// What is known of numbers besides the queue entries themselves.
#[derive(Default)]
pub(super) struct Numbers {
    pub by_number: BTreeMap<(SaleId, Group, QueueNumber), UserId>,
    /// By sale and group: the numbers that were leased last.
    pub leased: BTreeMap<(SaleId, Group), Block>,
    /// Sales whose queues have been over for so long that nobody is told of them.
    pub forgotten: BTreeSet<SaleId>,
}

/// The numbers above one, up to another.
#[derive(Clone, Copy, Default)]
pub(super) struct Block {
    pub above: u64,
    pub ceiling: u64,
}

/// What operators have done, the oldest first.
#[derive(Default)]
pub(super) struct Operated(pub Vec<OperatorAction>);
