//! Which error has which type and status code: all of them, in one file.

use super::{FieldError, Problem, whole_seconds};
use crate::dto::Timestamp;
use actix_web::http::StatusCode;
use frontrow_application::port::TooOften;
use frontrow_application::{Conflict, Denied, Error};
use frontrow_domain::waiting_room::NotNow;
use frontrow_domain::{Instant, Invalid, NotBookable, Rejection};
use std::time::Duration;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $slug:literal, $title:literal;)+) => {
        /// A type of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $name,)+ }

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
        }
    };
}

kinds! {
    /// Not HTTP as we speak it, or not JSON.
    Malformed = BAD_REQUEST, "malformed", "The request can't be read";
    /// Fields are missing, unknown or out of bounds; see `errors`.
    InvalidInput = UNPROCESSABLE_ENTITY, "invalid-input", "The request has fields that are not allowed";
    /// The header is needed.
    KeyMissing = BAD_REQUEST, "idempotency-key-missing", "The header Idempotency-Key is needed: 1 to 64 visible ASCII characters";
    /// Use another key for another request.
    KeyReused = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The idempotency key was used for another request";
    /// Log in, or refresh.
    AccessToken = UNAUTHORIZED, "access-token", "A valid access token is needed";
    /// Try again, or sign up.
    Credentials = UNAUTHORIZED, "credentials", "The email address or the password is wrong";
    /// Log in again.
    SessionEnded = UNAUTHORIZED, "session-ended", "The refresh token is worth nothing any more: log in again";
    /// Ask an operator.
    NotAnOperator = FORBIDDEN, "not-an-operator", "Only operators may do this";
    /// `POST /v1/sales/{id}/queue-tokens`, then `POST /v1/sales/{id}/admission`; the pass goes into the header Frontrow-Pass.
    PassMissing = FORBIDDEN, "pass-missing", "A pass is needed: join the sale's line, and claim an admission when you are called";
    /// Claim it again, or join the line.
    PassForged = FORBIDDEN, "pass-forged", "The pass was not given out here: claim the admission again";
    /// `PUT /v1/sales/{id}/admission`.
    PassExpired = FORBIDDEN, "pass-expired", "The pass has expired: renew the admission";
    /// Show the pass of a sale that sells this performance.
    PassOfOtherSale = FORBIDDEN, "pass-of-other-sale", "The pass is of another sale: join the line of this one";
    /// Show your own.
    PassOfOther = FORBIDDEN, "pass-of-other", "The pass is somebody else's: join the line yourself";
    /// Join the line, and come to the door when you are called.
    NotAdmitted = FORBIDDEN, "not-admitted", "You are not admitted: claim an admission when you are called";
    /// It was given back, paid off or has run out; join again for more.
    AdmissionEnded = FORBIDDEN, "admission-ended", "The admission has ended: join the line again";
    /// Ask whoever runs the sale.
    Barred = FORBIDDEN, "barred", "You are kept out of this sale: ask whoever runs it";
    /// See `detail`.
    NotEligible = FORBIDDEN, "not-eligible", "You may not join this line: see why";
    /// Join the line: whoever has a place gets it again.
    QueueTokenForged = FORBIDDEN, "queue-token-forged", "The queue token was not given out here: join the line";
    /// Show your own, of this sale.
    QueueTokenForeign = FORBIDDEN, "queue-token-foreign", "The queue token is somebody else's, or of another sale: join this line yourself";
    /// It does not exist, or it is somebody else's.
    NotFound = NOT_FOUND, "not-found", "There is no such thing";
    /// See the header Allow.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "This address has no such method";
    /// Send it faster.
    BodyTimeout = REQUEST_TIMEOUT, "body-timeout", "The body took too long to arrive";
    /// Send less.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large";
    /// Send JSON.
    MediaType = UNSUPPORTED_MEDIA_TYPE, "media-type", "The body has to be application/json";
    /// Choose others; see `seats`.
    SeatsTaken = CONFLICT, "seats-taken", "Seats are taken";
    /// Take fewer, or ask in several requests; see `left`.
    NotTogether = CONFLICT, "not-together", "Not so many seats are left beside each other";
    /// Come back: holds lapse.
    SoldOut = CONFLICT, "sold-out", "Every seat of this kind is taken";
    /// Come back; see `opens`.
    SaleNotOpen = CONFLICT, "sale-not-open", "The sale has not opened yet";
    /// See `closed`.
    SaleClosed = CONFLICT, "sale-closed", "The sale has closed";
    /// None is open, and there are several.
    NoOpenSale = CONFLICT, "no-open-sale", "No sale of this performance is open";
    /// Name one as `sale_id`.
    SeveralOpenSales = CONFLICT, "several-open-sales", "Several sales of this performance are open: name one";
    /// It is postponed or cancelled.
    NotBookable = CONFLICT, "not-bookable", "The performance can't be booked";
    /// See `until`; what was paid, an operator can refund.
    PerformanceBegun = CONFLICT, "performance-begun", "The performance has begun: it can't be booked, paid or cancelled any more";
    /// See `limit`, `used` and `asked`.
    LimitReached = CONFLICT, "limit-reached", "The sale allows fewer seats per person";
    /// Hold again; see `held_until`.
    HoldLapsed = CONFLICT, "hold-lapsed", "The hold has lapsed";
    /// Nothing more to pay.
    AlreadyPaid = CONFLICT, "already-paid", "The reservation is paid";
    /// See `state`.
    ReservationEnded = CONFLICT, "reservation-ended", "The reservation was given up or given back";
    /// Charge the wallet; see `balance` and `amount`.
    BalanceTooLow = CONFLICT, "balance-too-low", "The wallet has too few points";
    /// Spend some first.
    BalanceTooHigh = CONFLICT, "balance-too-high", "The wallet would have too many points";
    /// Release it instead.
    NotPaid = CONFLICT, "not-paid", "The reservation is not paid";
    /// See `cancel_until`.
    TooLateToCancel = CONFLICT, "too-late-to-cancel", "The deadline for cancelling has passed";
    /// Log in.
    EmailTaken = CONFLICT, "email-taken", "The email address has an account";
    /// Write a new version.
    SeatMapFrozen = CONFLICT, "seat-map-frozen", "A published performance uses this version of the seat map";
    /// Only its date and prices may change.
    PerformancePublic = CONFLICT, "performance-public", "The performance is public: its concert, venue and seats stay";
    /// A cancellation is final.
    PerformanceStatus = CONFLICT, "performance-status", "The performance can't go from where it stands to there";
    /// Performances can be added, and the line can be changed instead.
    SalePublic = CONFLICT, "sale-public", "The sale is public: its performances and its waiting room stay";
    /// Publish them first.
    PerformanceNotPublic = CONFLICT, "performance-not-public", "The sale's performances have to be published first";
    /// Read it again.
    ChangedMeanwhile = CONFLICT, "changed-meanwhile", "Somebody else changed it at the same moment";
    /// Come back; see `opens`.
    LobbyNotOpen = CONFLICT, "lobby-not-open", "The lobby has not opened yet: come back when it does";
    /// Nobody can join one that drains, and nobody is admitted to one that is closed.
    LineClosed = CONFLICT, "line-closed", "The line is closed: look for another sale";
    /// See `people_ahead`, `wait` and `ask_again_seconds`.
    NotYourTurn = CONFLICT, "not-your-turn", "It is not your turn yet: ask again later";
    /// Join again, at the end.
    PlaceLapsed = GONE, "place-lapsed", "You were called and did not come: join the line again";
    /// Join again, at the end.
    PlaceUsed = GONE, "place-used", "The place has been used: join the line again";
    /// See `from` and `to`.
    LinePhase = CONFLICT, "line-phase", "The line can't go from where it stands to there";
    /// Repeat it with `?confirm=true` if that is meant.
    OpenBesides = CONFLICT, "open-besides", "A performance would be on sale with and without a waiting room at once: confirm it";
    /// Keep the admission, and come back; what is held can be paid.
    HoldsStopped = CONFLICT, "holds-stopped", "New holds are stopped for the moment: try again a little later";
    /// See `ask_again_seconds`, and the header Retry-After. A place that one has is kept meanwhile.
    TooManyJoins = TOO_MANY_REQUESTS, "too-many-joins", "Too many tries to join a line: try again when it is time";
    /// See the header Retry-After.
    Busy = SERVICE_UNAVAILABLE, "busy", "Too much to do: try again a little later";
    /// See the header Retry-After: the server goes on by itself.
    Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The database, or another service that this needs, is away: try again later";
    /// See the header Retry-After: reads go on, and writes do when there is room again.
    StorageFull = SERVICE_UNAVAILABLE, "storage-full", "There is no room left to store anything: try again later";
    /// It will have happened once.
    UnknownOutcome = SERVICE_UNAVAILABLE, "unknown-outcome", "It may or may not have happened: repeat it with the same key";
    /// The log has more under `fault`.
    Fault = INTERNAL_SERVER_ERROR, "fault", "Something is broken on our side";
}

impl Kind {
    /// The `type` of the problem documents.
    pub fn uri(self) -> String {
        format!("urn:frontrow:problem:{}", self.slug())
    }

    /// What says no more than the status code does.
    pub fn of_status(status: StatusCode) -> Self {
        let by_class = if status.is_server_error() { Self::Fault } else { Self::Malformed };
        ALL.iter().copied().find(|kind| kind.status() == status).unwrap_or(by_class)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected(rejection) => rejection.into(),
            Error::SeatsTaken(seats) => {
                let seats: Vec<String> = seats.iter().map(ToString::to_string).collect();
                Self::new(Kind::SeatsTaken).because(format!("{} can't be had", seats.join(", "))).with("seats", seats)
            }
            Error::NotTogether { left } => Self::new(Kind::NotTogether).with("left", left),
            Error::Invalid(invalid) => invalid.into(),
            Error::NotFound(missing) => Self::new(Kind::NotFound).because(format!("no such {}", missing.as_str())),
            Error::Conflict(conflict) => conflict.into(),
            Error::Denied(Denied::NotEligible(why)) => Self::new(Kind::NotEligible).because(why),
            Error::Denied(denied) => Self::new(denied.into()),
            Error::TooOften(too_often) => too_often.into(),
            Error::Busy { retry_after } => Self { retry_after: Some(retry_after), ..Self::new(Kind::Busy) },
            Error::Unavailable { retry_after } => {
                Self { retry_after: Some(retry_after), ..Self::new(Kind::Unavailable) }
            }
            Error::StorageFull { retry_after } => {
                Self { retry_after: Some(retry_after), ..Self::new(Kind::StorageFull) }
            }
            Error::Unknown => Self { retry_after: Some(Duration::from_secs(1)), ..Self::new(Kind::UnknownOutcome) },
            Error::Fault(id) => Self::new(Kind::Fault).with("fault", id.to_string()),
        }
    }
}

impl From<TooOften> for Problem {
    fn from(too_often: TooOften) -> Self {
        let wait = too_often.retry_after;
        let problem = Self::new(Kind::TooManyJoins).because(too_often.to_string());
        Self { retry_after: Some(wait), ..problem.with("ask_again_seconds", whole_seconds(wait)) }
    }
}

impl From<Invalid> for Problem {
    fn from(Invalid(flaws): Invalid) -> Self {
        Self::invalid(flaws.into_iter().map(|flaw| FieldError::new(flaw.pointer, flaw.code, flaw.detail)).collect())
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let detail = rejection.to_string();
        let problem = match rejection {
            Rejection::KeyReused => Self::new(Kind::KeyReused),
            Rejection::SaleNotOpen { opens } => Self::new(Kind::SaleNotOpen).with("opens", time(opens)),
            Rejection::SaleClosed { closed } => Self::new(Kind::SaleClosed).with("closed", time(closed)),
            Rejection::LimitReached { limit, used, asked } => {
                Self::new(Kind::LimitReached).with("limit", limit).with("used", used).with("asked", asked)
            }
            // The use case has named the seats already; numbers mean nothing to clients.
            Rejection::SeatsTaken(_) | Rejection::SeatsUnknown(_) => Self::new(Kind::SeatsTaken),
            Rejection::ReservationUnknown | Rejection::PaymentUnknown => Self::new(Kind::NotFound),
            Rejection::AlreadyPaid => Self::new(Kind::AlreadyPaid),
            Rejection::ReservationEnded(state) => Self::new(Kind::ReservationEnded).with("state", state.as_str()),
            Rejection::HoldLapsed { held_until } => Self::new(Kind::HoldLapsed).with("held_until", time(held_until)),
            Rejection::BalanceTooLow { balance, amount } => {
                Self::new(Kind::BalanceTooLow).with("balance", balance.amount()).with("amount", amount.amount())
            }
            Rejection::BalanceTooHigh => Self::new(Kind::BalanceTooHigh),
            // The use case has named the field already.
            Rejection::ChargeOutOfRange => Self::new(Kind::InvalidInput),
            Rejection::NotPaid => Self::new(Kind::NotPaid),
            Rejection::TooLateToCancel { cancel_until } => {
                Self::new(Kind::TooLateToCancel).with("cancel_until", time(cancel_until))
            }
            Rejection::NotBookable(NotBookable::Begun { until }) => {
                Self::new(Kind::PerformanceBegun).with("until", time(until))
            }
            Rejection::NotBookable(_) => Self::new(Kind::NotBookable),
            Rejection::NotAdmitted => Self::new(Kind::NotAdmitted),
            Rejection::AdmissionEnded => Self::new(Kind::AdmissionEnded),
            Rejection::Barred => Self::new(Kind::Barred),
        };
        problem.because(detail)
    }
}

fn time(at: Instant) -> String {
    Timestamp::from(at).to_string()
}

impl From<Conflict> for Problem {
    fn from(conflict: Conflict) -> Self {
        let problem = Self::new(conflict.into());
        match conflict {
            Conflict::LobbyNotOpen { opens } => problem.with("opens", time(opens)),
            Conflict::LinePhase(NotNow { from, to }) => {
                problem.because(conflict.to_string()).with("from", from.as_str()).with("to", to.as_str())
            }
            _ => problem,
        }
    }
}

impl From<Conflict> for Kind {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::EmailTaken => Self::EmailTaken,
            Conflict::SeatMapFrozen => Self::SeatMapFrozen,
            Conflict::PerformancePublic => Self::PerformancePublic,
            Conflict::PerformanceStatus => Self::PerformanceStatus,
            Conflict::SalePublic => Self::SalePublic,
            Conflict::PerformanceNotPublic => Self::PerformanceNotPublic,
            Conflict::NoOpenSale => Self::NoOpenSale,
            Conflict::SeveralOpenSales => Self::SeveralOpenSales,
            Conflict::SoldOut => Self::SoldOut,
            Conflict::NotBookable => Self::NotBookable,
            Conflict::ChangedMeanwhile => Self::ChangedMeanwhile,
            Conflict::LobbyNotOpen { .. } => Self::LobbyNotOpen,
            Conflict::LineClosed => Self::LineClosed,
            Conflict::PlaceLapsed => Self::PlaceLapsed,
            Conflict::PlaceUsed => Self::PlaceUsed,
            Conflict::LinePhase(_) => Self::LinePhase,
            Conflict::OpenBesides => Self::OpenBesides,
            Conflict::HoldsStopped => Self::HoldsStopped,
        }
    }
}

impl From<Denied> for Kind {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Credentials => Self::Credentials,
            Denied::SessionEnded => Self::SessionEnded,
            Denied::AccessToken => Self::AccessToken,
            Denied::NotAnOperator => Self::NotAnOperator,
            Denied::NotEligible(_) => Self::NotEligible,
            Denied::QueueTokenForged => Self::QueueTokenForged,
            Denied::QueueTokenForeign => Self::QueueTokenForeign,
            Denied::PassMissing => Self::PassMissing,
            Denied::PassForged => Self::PassForged,
            Denied::PassExpired => Self::PassExpired,
            Denied::PassOfOtherSale => Self::PassOfOtherSale,
            Denied::PassOfOther => Self::PassOfOther,
        }
    }
}
