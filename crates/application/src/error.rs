//! Why a use case did not do what it was asked to.

use crate::port::{BookingError, Exceeded, HashingBusy, StoreError, TooOften};
use crate::{FaultId, Outage};
use frontrow_domain::waiting_room::NotNow;
use frontrow_domain::{Instant, Invalid, NotBookable, Payment, Rejection, SaleId, SeatLabel, Violation};
use std::time::Duration;
use thiserror::Error;

/// Why a use case did not do what it was asked to. Unless it is [`Error::Unknown`], nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule of booking refuses it.
    #[error(transparent)]
    Rejected(Rejection),
    /// Seats can't be had.
    #[error("seats are not available")]
    SeatsTaken(Box<TakenSeats>),
    /// Seats were given back before.
    #[error("seats were given back before")]
    AlreadyReturned(Box<AlreadyReturned>),
    /// There are seats, but not so many beside each other.
    #[error("not so many seats are left beside each other")]
    NotTogether {
        /// Seats that could be had one by one.
        left: u32,
    },
    /// These seats, or this type of price, are not in the performance.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such thing, or it is somebody else's.
    #[error("no such {}", .0.as_str())]
    NotFound(Missing),
    /// The current state forbids it.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// Whoever asks has not shown that they may.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The waiting room asks for a pass, and the one that is shown, if any, won't do.
    #[error("{}", .0.flaw)]
    PassRefused(PassRefused),
    /// Whoever asks has asked too often.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// Whoever asks has asked too often for something else.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// Whoever asks has as many commands waiting as one may have.
    #[error("too many requests of yours are waiting")]
    TooManyWaiting {
        /// So many may wait.
        most: usize,
        /// When to try again.
        retry_after: Duration,
    },
    /// Nothing can be done for the moment; nothing has changed.
    #[error(transparent)]
    Outage(#[from] Outage),
    /// It may or may not have happened: repeat it with the same key, and it will have happened once.
    #[error("the outcome is not known")]
    Unknown,
    /// A defect, here or in a database; the log has more under this id.
    #[error("fault {0}")]
    Fault(FaultId),
}

/// The seats that can't be had, and what could be had instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenSeats {
    /// Those that were asked for and can't be had.
    pub seats: Vec<SeatLabel>,
    /// Those among them that the buyer holds or owns already, in the same sale.
    pub yours: Vec<SeatLabel>,
    /// The nearest blocks of as many seats of the same tier, as they were a moment ago; at most
    /// [`TakenSeats::MAX_ALTERNATIVES`].
    pub alternatives: Vec<Vec<SeatLabel>>,
}

impl TakenSeats {
    /// Blocks that are named at most: 3.
    pub const MAX_ALTERNATIVES: usize = 3;
}

/// Seats of a reservation that can't be given back, because they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlreadyReturned {
    /// Those that were to be given back again.
    pub seats: Vec<SeatLabel>,
    /// Those that the reservation still has.
    pub left: Vec<SeatLabel>,
}

/// What was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A venue.
    Venue,
    /// A version of a seat map.
    SeatMap,
    /// A concert.
    Concert,
    /// A performance.
    Performance,
    /// A sale.
    Sale,
    /// A reservation.
    Reservation,
    /// A wallet charge.
    Charge,
    /// A user.
    User,
    /// A log-in.
    Session,
    /// A sale's queue: it has no waiting room, or is over.
    Queue,
}

impl Missing {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Venue => "venue",
            Self::SeatMap => "seat map",
            Self::Concert => "concert",
            Self::Performance => "performance",
            Self::Sale => "sale",
            Self::Reservation => "reservation",
            Self::Charge => "charge",
            Self::User => "user",
            Self::Session => "session",
            Self::Queue => "queue",
        }
    }
}

/// The current state forbids it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Conflict {
    /// Somebody has an account with this email address.
    #[error("the email address has an account")]
    EmailTaken,
    /// Nobody can be sent a mail here.
    #[error("no mails are sent here")]
    NoMailer,
    /// The code from the mail is wrong, used up or too old; which one is not said.
    #[error("the code is wrong, used up or too old")]
    CodeWrong,
    /// A published performance uses this version of the seat map.
    #[error("the seat map is frozen: write a new version")]
    SeatMapFrozen,
    /// The performance is public; its concert, venue and seats stay.
    #[error("the performance is public: its concert, venue and seats stay")]
    PerformancePublic,
    /// The performance can't go from where it stands to there.
    #[error("the performance can't go from where it stands to there")]
    PerformanceStatus,
    /// The sale is public; performances can be added to it, not taken away.
    #[error("the sale is public: performances can be added, not taken away")]
    SalePublic,
    /// Performances have to be published before a sale that sells them.
    #[error("publish the sale's performances first")]
    PerformanceNotPublic,
    /// No sale of the performance is open.
    #[error("no sale of this performance is open")]
    NoOpenSale,
    /// Several sales of the performance are open: the request has to name one.
    #[error("several sales of this performance are open: name one")]
    SeveralOpenSales,
    /// Every seat that was asked for is taken.
    #[error("every seat of this kind is taken")]
    SoldOut,
    /// The performance is postponed or cancelled. (What is already held for a postponed performance can still be paid.)
    #[error("the performance can't be booked")]
    NotBookable,
    /// It is there already: whoever replaces it says which revision of it they have read.
    #[error("it is there already: say which revision you have read")]
    RevisionMissing,
    /// It is not as it was when it was read.
    #[error("it has changed since it was read")]
    RevisionOld,
    /// Somebody else changed it at the same moment.
    #[error("somebody else changed it at the same moment")]
    ChangedMeanwhile,
    /// The lobby opens later.
    #[error("the lobby opens later")]
    LobbyNotOpen {
        /// When it does.
        opens: Instant,
    },
    /// Nobody can join the queue any more.
    #[error("nobody can join the queue any more")]
    QueueClosed,
    /// The call has lapsed: join again, at the end.
    #[error("the call has lapsed: join again")]
    EntryLapsed,
    /// The queue entry has been used: join again, at the end.
    #[error("the queue entry has been used: join again")]
    EntryUsed,
    /// They have got another queue entry since.
    #[error("the queue entry has been replaced by another one")]
    EntryReplaced,
    /// The queue can't go from where it stands to there.
    #[error(transparent)]
    QueuePhase(NotNow),
    /// A performance would be sold with and without a waiting room at the same time.
    #[error("a performance is on sale at the same time in a sale without a waiting room, or with one: confirm it")]
    OpenBesides,
    /// New holds are stopped for the moment.
    #[error("new holds are stopped for the moment")]
    HoldsStopped,
}

/// Whoever asks has not shown that they may.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Denied {
    /// The email address or the password is wrong; which one is not said.
    #[error("the email address or the password is wrong")]
    Credentials,
    /// The refresh token is unknown, used up or expired.
    #[error("log in again")]
    SessionEnded,
    /// The access token is missing, forged or expired.
    #[error("a valid access token is needed")]
    AccessToken,
    /// Only operators may.
    #[error("only operators may do this")]
    NotAnOperator,
    /// They have not verified their e-mail address.
    #[error("the email address has to be verified first")]
    EmailUnverified,
    /// They may not join this queue.
    #[error("{0}")]
    NotEligible(String),
    /// The queue token was not signed here: join the queue.
    #[error("the queue token was not given out here")]
    QueueTokenForged,
    /// The queue token is somebody else's, or of another sale.
    #[error("the queue token is somebody else's, or of another sale")]
    QueueTokenForeign,
}

/// What is wrong with a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PassFlaw {
    /// A pass is needed: join the queue.
    #[error("a pass is needed")]
    Missing,
    /// The pass was not signed here.
    #[error("the pass was not given out here")]
    Forged,
    /// The pass has to be renewed.
    #[error("the pass has expired: renew it")]
    Expired,
    /// The pass is of another sale.
    #[error("the pass is of another sale")]
    OfOtherSale,
    /// The pass is somebody else's.
    #[error("the pass is somebody else's")]
    OfOther,
}

/// The waiting room asks for another pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassRefused {
    /// Why the one that was shown won't do.
    pub flaw: PassFlaw,
    /// The sales whose queues can be joined for one that will.
    pub sales: Vec<SaleId>,
}

impl From<NotBookable> for Error {
    fn from(why: NotBookable) -> Self {
        Rejection::from(why).into()
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NotBookable(NotBookable::Draft | NotBookable::Postponed | NotBookable::Cancelled) => {
                Conflict::NotBookable.into()
            }
            Rejection::ReservationUnknown => Self::NotFound(Missing::Reservation),
            Rejection::PaymentUnknown => Self::NotFound(Missing::Charge),
            Rejection::ChargeOutOfRange => {
                let detail = format!("{} to {}", Payment::MIN_CHARGE, Payment::MAX_CHARGE);
                Self::Invalid(Invalid(vec![Violation { pointer: "/amount".into(), code: "range", detail }]))
            }
            other => Self::Rejected(other),
        }
    }
}

impl From<BookingError> for Error {
    fn from(error: BookingError) -> Self {
        match error {
            BookingError::Rejected(rejection) => rejection.into(),
            BookingError::Outage(outage) => outage.into(),
            BookingError::TooMany { most, retry_after } => Self::TooManyWaiting { most, retry_after },
            // Whoever plans hears of it and plans again; whoever does not is told to come back.
            BookingError::Replan => Outage::Busy { retry_after: Duration::from_secs(1) }.into(),
            BookingError::Unknown(_) => Self::Unknown,
            BookingError::Fault(id) => Self::Fault(id),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Conflict(Conflict::ChangedMeanwhile),
            StoreError::Outage(outage) => outage.into(),
            StoreError::Unknown => Self::Unknown,
            StoreError::Fault(id) => Self::Fault(id),
        }
    }
}

impl From<HashingBusy> for Error {
    fn from(_: HashingBusy) -> Self {
        Outage::Busy { retry_after: Duration::from_secs(1) }.into()
    }
}
