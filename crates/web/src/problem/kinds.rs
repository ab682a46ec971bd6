//! Which error has which type and status code: all of them, in one file.

use super::{FieldError, Problem};
use crate::dto::Timestamp;
use actix_web::http::StatusCode;
use frontrow_application::{Conflict, Denied, Error};
use frontrow_domain::{Instant, Invalid, Rejection};
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
    /// Performances can be added.
    SalePublic = CONFLICT, "sale-public", "The sale is public: its performances stay";
    /// Publish them first.
    PerformanceNotPublic = CONFLICT, "performance-not-public", "The sale's performances have to be published first";
    /// Read it again.
    ChangedMeanwhile = CONFLICT, "changed-meanwhile", "Somebody else changed it at the same moment";
    /// See the header Retry-After.
    Busy = SERVICE_UNAVAILABLE, "busy", "Too much to do: try again a little later";
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
            Error::Conflict(conflict) => Self::new(conflict.into()),
            Error::Denied(denied) => Self::new(denied.into()),
            Error::Busy { retry_after } => Self { retry_after: Some(retry_after), ..Self::new(Kind::Busy) },
            Error::Unknown => Self { retry_after: Some(Duration::from_secs(1)), ..Self::new(Kind::UnknownOutcome) },
            Error::Fault(id) => Self::new(Kind::Fault).with("fault", id.to_string()),
        }
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
            Rejection::NotPaid => Self::new(Kind::NotPaid),
            Rejection::TooLateToCancel { cancel_until } => {
                Self::new(Kind::TooLateToCancel).with("cancel_until", time(cancel_until))
            }
        };
        problem.because(detail)
    }
}

fn time(at: Instant) -> String {
    Timestamp::from(at).to_string()
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
        }
    }
}
