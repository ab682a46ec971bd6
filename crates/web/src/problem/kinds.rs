//! All types of problems: one line each, in one file.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

macro_rules! kinds {
    ($($(#[doc = $advice:literal])+ $name:ident = $status:ident, $slug:literal, $title:literal $(, $example:expr)?;)+) => {
        /// A type of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[doc = $advice])+ $name,)+ }

        /// All types of problems.
        pub const ALL: &[Kind] = &[$(Kind::$name,)+];

        impl Kind {
            /// The status code.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The last part of its `type`.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// What it means.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What to do about it, or what else it tells; for the API's documentation.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$name => concat!($($advice),+).trim(),)+ }
            }

            /// What an example of it says besides, for the `OpenAPI` document: members of its document.
            pub(crate) fn example(self) -> Value {
                match self {
                    $($(Self::$name => $example,)?)+
                    _ => json!({}),
                }
            }
        }
    };
}

// A type: what to do about it, its name, its status, the last part of its URI, what it means, and what an example of it
// tells.
kinds! {
    /// It isn't valid HTTP, or it isn't JSON.
    Malformed = BAD_REQUEST, "malformed", "The request can't be read";
    /// Fields are missing, unknown or out of bounds; see `errors`.
    InvalidInput = UNPROCESSABLE_ENTITY, "invalid-input", "The request has fields that are not allowed",
        json!({"errors": [{"pointer": "/seats/0", "code": "unknown", "detail": "the performance has no seat Z-1-1", "params": {}}]});
    /// The header is needed.
    KeyMissing = BAD_REQUEST, "idempotency-key-missing", "The header Idempotency-Key is needed: 1 to 64 visible ASCII characters",
        json!({"errors": [{"pointer": "/headers/Idempotency-Key", "code": "header", "detail": "the header is needed", "params": {}}]});
    /// Use another key for another request.
    KeyReused = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The idempotency key was used for another request";
    /// Log in, or refresh.
    AccessToken = UNAUTHORIZED, "access-token", "A valid access token is needed";
    /// Try again, or sign up.
    Credentials = UNAUTHORIZED, "credentials", "The email address or the password is wrong";
    /// Log in again.
    SessionEnded = UNAUTHORIZED, "session-ended", "The session has ended: log in again";
    /// Ask an operator.
    NotAnOperator = FORBIDDEN, "not-an-operator", "Only operators may do this";
    /// Join the queue of one of `sales`, then check in; the pass goes into the header Frontrow-Pass.
    PassMissing = FORBIDDEN, "pass-missing", "A pass is needed: join the sale's queue, and check in when you are called",
        json!({"sales": ["019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13"]});
    /// Check in again, or join the queue of one of `sales`.
    PassForged = FORBIDDEN, "pass-forged", "This server did not issue the pass: check in again",
        json!({"sales": ["019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13"]});
    /// Renew it with `PUT /v1/sales/{id}/admission`; if that answers `admission-ended`, join the queue of one of `sales` again.
    PassExpired = FORBIDDEN, "pass-expired", "The pass has expired: renew the admission",
        json!({"sales": ["019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13"]});
    /// Show the pass of one of `sales`: they sell this performance.
    PassOfOtherSale = FORBIDDEN, "pass-of-other-sale", "The pass is of another sale: join the queue of this one",
        json!({"sales": ["019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13"]});
    /// Show your own, of one of `sales`.
    PassOfOther = FORBIDDEN, "pass-of-other", "The pass is somebody else's: join the queue yourself",
        json!({"sales": ["019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13"]});
    /// Join the queue, and check in when you're called.
    NotAdmitted = FORBIDDEN, "not-admitted", "You are not admitted: check in when you are called";
    /// You left, your payment ended it, or its time is over; join again to book more, while the queue takes people.
    AdmissionEnded = FORBIDDEN, "admission-ended", "The admission has ended: join the queue again";
    /// Ask whoever runs the sale.
    Barred = FORBIDDEN, "barred", "You are kept out of this sale: ask whoever runs it";
    /// `POST /v1/users/me/email-verification` sends a code; with `PUT`, it verifies the address.
    EmailUnverified = FORBIDDEN, "email-unverified", "The email address has to be verified first";
    /// See `detail`.
    NotEligible = FORBIDDEN, "not-eligible", "You may not join this queue: see why",
        json!({"detail": "the account is younger than a day"});
    /// Join the queue: if you have a queue entry, you get it again.
    QueueTokenForged = FORBIDDEN, "queue-token-forged", "This server did not issue the queue token: join the queue";
    /// Show your own, of this sale.
    QueueTokenForeign = FORBIDDEN, "queue-token-foreign", "The queue token is somebody else's, or of another sale: join this queue yourself";
    /// It doesn't exist, or it belongs to somebody else.
    NotFound = NOT_FOUND, "not-found", "Not found";
    /// See the header Allow.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "This address has no such method";
    /// Send it faster.
    BodyTimeout = REQUEST_TIMEOUT, "body-timeout", "The body took too long to arrive";
    /// Send less.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large",
        json!({"most": 65_536});
    /// Send JSON.
    MediaType = UNSUPPORTED_MEDIA_TYPE, "media-type", "The body has to be application/json";
    /// Choose others: `seats` are taken, `yours` among them by you; `alternatives` are the nearest blocks like it.
    SeatsTaken = CONFLICT, "seats-taken", "Seats are taken",
        json!({"detail": "A-1-3 can't be had", "seats": ["A-1-3"], "yours": [], "alternatives": [["A-1-4", "A-1-5"]]});
    /// Take fewer, or ask in several requests; see `left`.
    NotTogether = CONFLICT, "not-together", "Fewer adjacent seats are left",
        json!({"left": 3});
    /// Try again later: holds may lapse.
    SoldOut = CONFLICT, "sold-out", "Every seat of this kind is taken";
    /// Try again later; see `opens`.
    SaleNotOpen = CONFLICT, "sale-not-open", "The sale has not opened yet",
        json!({"opens": "2027-01-01T00:00:00Z"});
    /// See `closed`.
    SaleClosed = CONFLICT, "sale-closed", "The sale has closed",
        json!({"closed": "2027-05-01T09:00:00Z"});
    /// Several sales exist, and none is open.
    NoOpenSale = CONFLICT, "no-open-sale", "No sale of this performance is open";
    /// Name one as `sale_id`.
    SeveralOpenSales = CONFLICT, "several-open-sales", "Several sales of this performance are open: name one";
    /// It is postponed or cancelled.
    NotBookable = CONFLICT, "not-bookable", "The performance can't be booked";
    /// See `until`; what was paid, an operator can refund.
    PerformanceBegun = CONFLICT, "performance-begun", "The performance has begun: it can't be booked, paid or cancelled any more",
        json!({"until": "2027-05-01T10:00:00Z"});
    /// See `limit`, `used` and `asked`.
    LimitReached = CONFLICT, "limit-reached", "The sale allows fewer seats per person",
        json!({"limit": 4, "used": 3, "asked": 2});
    /// Hold again; see `held_until`.
    HoldLapsed = CONFLICT, "hold-lapsed", "The hold has lapsed",
        json!({"held_until": "2027-01-01T00:05:00Z"});
    /// Nothing more to pay.
    AlreadyPaid = CONFLICT, "already-paid", "The reservation is paid";
    /// See `state`.
    ReservationEnded = CONFLICT, "reservation-ended", "The reservation was given up or given back",
        json!({"state": "released"});
    /// Charge the wallet; see `balance` and `amount`.
    BalanceTooLow = CONFLICT, "balance-too-low", "The wallet has too few points",
        json!({"balance": 1000, "amount": 121_000});
    /// Spend some first.
    BalanceTooHigh = CONFLICT, "balance-too-high", "The wallet would have too many points";
    /// Release it instead.
    NotPaid = CONFLICT, "not-paid", "The reservation is not paid";
    /// `seats` were given back before; `left` can still be.
    SeatsReturned = CONFLICT, "seats-returned", "Seats of the reservation were given back before",
        json!({"detail": "A-1-3 can't be given back again", "seats": ["A-1-3"], "left": ["A-1-4"]});
    /// See `cancel_until`.
    TooLateToCancel = CONFLICT, "too-late-to-cancel", "The deadline for cancelling has passed",
        json!({"cancel_until": "2027-04-24T00:00:00Z"});
    /// Log in.
    EmailTaken = CONFLICT, "email-taken", "The email address has an account";
    /// Ask for another one, if it isn't just mistyped: after five tries, and after 15 minutes, a code is worth nothing.
    CodeWrong = CONFLICT, "code-wrong", "The code is wrong, used up or too old";
    /// Ask whoever runs the installation.
    NoMailer = CONFLICT, "no-mailer", "No mails are sent here";
    /// Write a new version.
    SeatMapFrozen = CONFLICT, "seat-map-frozen", "A published performance uses this version of the seat map";
    /// Everything else may change.
    PerformancePublic = CONFLICT, "performance-public", "The performance is public: its concert, venue and seats stay";
    /// A cancellation is final.
    PerformanceStatus = CONFLICT, "performance-status", "The performance can't change to that status";
    /// You can add performances, and change the queue instead.
    SalePublic = CONFLICT, "sale-public", "The sale is public: its performances and its waiting room stay";
    /// Publish them first.
    PerformanceNotPublic = CONFLICT, "performance-not-public", "The sale's performances have to be published first";
    /// Read it with `GET …/settings` (a seat map at its own address), and send its `ETag` as `If-Match`.
    IfMatchMissing = PRECONDITION_REQUIRED, "if-match-missing", "It is there already: the header If-Match is needed to change it";
    /// Read it again, and decide again.
    ChangedSinceRead = PRECONDITION_FAILED, "changed-since-read", "It is not as it was when it was read";
    /// Read it again.
    ChangedMeanwhile = CONFLICT, "changed-meanwhile", "Somebody else changed it at the same moment";
    /// Try again later; see `opens`.
    LobbyNotOpen = CONFLICT, "lobby-not-open", "The lobby has not opened yet: come back when it does",
        json!({"opens": "2026-12-31T23:00:00Z"});
    /// Nobody can join a queue that is draining, and nobody is admitted from one that is closed. Keep the queue token: if seats come back to a queue that had closed by itself, it goes on.
    QueueClosed = CONFLICT, "queue-closed", "The queue is closed";
    /// See `people_ahead`, `wait` and `ask_again_seconds`.
    NotYourTurn = CONFLICT, "not-your-turn", "It is not your turn yet: ask again later",
        json!({
            "people_ahead": 1200,
            "wait": {"least_seconds": 96, "most_seconds": 180},
            "ask_again_seconds": 20,
        });
    /// Join again, at the end. A queue that takes nobody any more answers `queue-closed` instead.
    EntryLapsed = GONE, "queue-entry-lapsed", "You were called and did not check in in time: join the queue again";
    /// Join again, at the end. A queue that takes nobody any more answers `queue-closed` instead.
    EntryUsed = GONE, "queue-entry-used", "The queue entry has been used: join the queue again";
    /// Numbers were lost, and you have joined without this token since. Join again: you get the entry that you have.
    EntryReplaced = CONFLICT, "queue-entry-replaced", "You have another queue entry: show its token";
    /// See `from` and `to`.
    QueuePhase = CONFLICT, "queue-phase", "The queue can't go from its phase to that one",
        json!({"from": "lobby", "to": "paused"});
    /// Repeat it with `?confirm=true` if you mean it.
    OpenBesides = CONFLICT, "open-besides", "A performance would be on sale with and without a waiting room at once: confirm it";
    /// Keep the admission, and try again later; what you hold can be paid.
    HoldsStopped = CONFLICT, "holds-stopped", "New holds are stopped for the moment: try again shortly";
    /// See the headers Retry-After and `RateLimit`: they say when to try again, and whose limit it is.
    TooManyRequests = TOO_MANY_REQUESTS, "too-many-requests", "Too many requests of this kind: try again when it is time",
        json!({"detail": "charge per account: 10 in 60 seconds"});
    /// See `ask_again_seconds`, and the headers Retry-After and `RateLimit`. You keep your queue entry meanwhile.
    TooManyJoins = TOO_MANY_REQUESTS, "too-many-joins", "Too many tries to join a queue: try again when it is time",
        json!({"detail": "an account may join 5 times a minute", "ask_again_seconds": 12});
    /// See the headers Retry-After and `RateLimit`: wait for the answers to some of what you have asked for.
    TooManyWaiting = TOO_MANY_REQUESTS, "too-many-waiting", "Too many requests of yours are waiting: try again shortly";
    /// See the header Retry-After.
    Busy = SERVICE_UNAVAILABLE, "busy", "Too busy: try again shortly";
    /// See the header Retry-After: the server recovers by itself.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The database or another service is unavailable: try again later";
    /// See the header Retry-After: reads go on, and writes do when there is room again.
    StorageFull = SERVICE_UNAVAILABLE, "storage-full", "The storage is full: try again later";
    /// Repeat it with the same key: it's carried out at most once.
    UnknownOutcome = SERVICE_UNAVAILABLE, "unknown-outcome", "It may or may not have happened: repeat it with the same key";
    /// The log has more under `fault`.
    Fault = INTERNAL_SERVER_ERROR, "fault", "Something went wrong on the server",
        json!({"fault": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10"});
}

/// Types that are refused together. A route names those that it refuses with; a new type in one of them is documented at
/// all of its routes.
impl Kind {
    /// What every operation of the API may answer with: it needs the database, and may find it broken.
    pub(crate) const COMMON: &[Self] = &[Self::Busy, Self::Unavailable, Self::StorageFull, Self::Fault];
    /// What is in the way of reading a body.
    pub(crate) const BODY: &[Self] = &[Self::Malformed, Self::BodyTimeout, Self::BodyTooLarge, Self::MediaType];
    /// What can be wrong with an idempotency key.
    pub(crate) const KEY: &[Self] = &[Self::KeyMissing, Self::KeyReused, Self::TooManyWaiting];
    /// What can be wrong with an idempotency key that need not be there.
    pub(crate) const OPTIONAL_KEY: &[Self] = &[Self::KeyMissing, Self::KeyReused];
    /// What can be wrong with a pass.
    pub(crate) const PASS: &[Self] =
        &[Self::PassMissing, Self::PassForged, Self::PassExpired, Self::PassOfOtherSale, Self::PassOfOther];
    /// The seats can't be had.
    pub(crate) const SEATS: &[Self] = &[Self::SeatsTaken, Self::NotTogether, Self::SoldOut];
    /// No sale sells them now.
    pub(crate) const SALE: &[Self] =
        &[Self::SaleNotOpen, Self::SaleClosed, Self::NoOpenSale, Self::SeveralOpenSales, Self::HoldsStopped];
    /// The performance can't be booked, or not by this person any more.
    pub(crate) const BOOKING: &[Self] = &[Self::NotBookable, Self::PerformanceBegun, Self::LimitReached];
    /// The waiting room doesn't let this person book.
    pub(crate) const ADMISSION: &[Self] = &[Self::NotAdmitted, Self::AdmissionEnded, Self::Barred];
    /// It can't be paid or given up any more.
    pub(crate) const NOT_HELD: &[Self] = &[Self::AlreadyPaid, Self::ReservationEnded];
    /// It can't be given back.
    pub(crate) const NOT_GIVEN_BACK: &[Self] =
        &[Self::NotPaid, Self::ReservationEnded, Self::SeatsReturned, Self::BalanceTooHigh];
    /// The queue takes nobody in at the moment.
    pub(crate) const JOINING: &[Self] =
        &[Self::LobbyNotOpen, Self::QueueClosed, Self::EmailUnverified, Self::NotEligible, Self::TooManyJoins];
    /// The queue entry doesn't lead in.
    pub(crate) const CHECK_IN: &[Self] = &[
        Self::QueueTokenForged,
        Self::QueueTokenForeign,
        Self::NotYourTurn,
        Self::EntryLapsed,
        Self::EntryUsed,
        Self::EntryReplaced,
        Self::QueueClosed,
    ];
    /// It is not as whoever replaces it believes.
    pub(crate) const SAVING: &[Self] = &[Self::IfMatchMissing, Self::ChangedSinceRead, Self::ChangedMeanwhile];
    /// The performance can't become what an operator wants it to.
    pub(crate) const PERFORMANCE: &[Self] = &[Self::PerformanceStatus, Self::ChangedMeanwhile];
}

impl Kind {
    /// The `type` of the problem documents: a reference relative to whatever address was asked, which leads to its page.
    pub fn uri(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// What says no more than the status code does: the first type in the list that has it. So of several types with one
    /// status, such as [`Kind::Malformed`] among the 400s, the general one stands first.
    pub fn of_status(status: StatusCode) -> Self {
        let by_class = if status.is_server_error() { Self::Fault } else { Self::Malformed };
        ALL.iter().copied().find(|kind| kind.status() == status).unwrap_or(by_class)
    }
}
