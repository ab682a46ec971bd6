//! Which error of a use case is which problem.

use super::{FieldError, Kind, Problem};
use crate::dto::Timestamp;
use crate::rate_limit::{RateLimit, whole_seconds};
use frontrow_application::port::{Exceeded, TooOften};
use frontrow_application::{AlreadyReturned, Conflict, Denied, Error, Outage, PassFlaw, PassRefused, TakenSeats};
use frontrow_domain::waiting_room::NotNow;
use frontrow_domain::{Instant, Invalid, NotBookable, Rejection, SeatLabel};
use std::time::Duration;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected(rejection) => rejection.into(),
            Error::SeatsTaken(taken) => (*taken).into(),
            Error::AlreadyReturned(returned) => (*returned).into(),
            Error::NotTogether { left } => Self::new(Kind::NotTogether).with("left", left),
            Error::Invalid(invalid) => invalid.into(),
            Error::NotFound(missing) => Self::new(Kind::NotFound).because(format!("no such {}", missing.as_str())),
            Error::Conflict(conflict) => conflict.into(),
            Error::Denied(Denied::NotEligible(why)) => Self::new(Kind::NotEligible).because(why),
            Error::Denied(denied) => Self::new(denied.into()),
            Error::TooOften(too_often) => too_often.into(),
            Error::Exceeded(exceeded) => exceeded.into(),
            Error::Outage(outage) => outage.into(),
            Error::PassRefused(refused) => refused.into(),
            Error::TooManyWaiting { most, retry_after } => Self {
                retry_after: Some(retry_after),
                rate_limit: Some(RateLimit::of_commands(most, retry_after).into()),
                ..Self::new(Kind::TooManyWaiting)
            },
            Error::Unknown => Self { retry_after: Some(Duration::from_secs(1)), ..Self::new(Kind::UnknownOutcome) },
            Error::Fault(id) => Self::new(Kind::Fault).with("fault", id.to_string()),
            _ => Self::new(Kind::Fault),
        }
    }
}

fn texts(labels: &[SeatLabel]) -> Vec<String> {
    labels.iter().map(ToString::to_string).collect()
}

impl From<AlreadyReturned> for Problem {
    fn from(returned: AlreadyReturned) -> Self {
        let (seats, left) = (texts(&returned.seats), texts(&returned.left));
        let detail = format!("{} can't be given back again", seats.join(", "));
        Self::new(Kind::SeatsReturned).because(detail).with("seats", seats).with("left", left)
    }
}

impl From<TakenSeats> for Problem {
    fn from(taken: TakenSeats) -> Self {
        let seats = texts(&taken.seats);
        let alternatives: Vec<Vec<String>> = taken.alternatives.iter().map(|block| texts(block)).collect();
        Self::new(Kind::SeatsTaken)
            .because(format!("{} can't be had", seats.join(", ")))
            .with("seats", seats)
            .with("yours", texts(&taken.yours))
            .with("alternatives", alternatives)
    }
}

impl From<Outage> for Problem {
    fn from(outage: Outage) -> Self {
        let kind = match outage {
            Outage::Busy { .. } => Kind::Busy,
            Outage::Unavailable { .. } => Kind::Unavailable,
            Outage::StorageFull { .. } => Kind::StorageFull,
        };
        Self { retry_after: Some(outage.retry_after()), ..Self::new(kind) }
    }
}

impl From<TooOften> for Problem {
    fn from(too_often: TooOften) -> Self {
        let wait = too_often.retry_after;
        let problem = Self::new(Kind::TooManyJoins).because(too_often.to_string());
        let rate_limit = Some(RateLimit::from(&too_often).into());
        Self { retry_after: Some(wait), rate_limit, ..problem.with("ask_again_seconds", whole_seconds(wait)) }
    }
}

impl From<Exceeded> for Problem {
    fn from(exceeded: Exceeded) -> Self {
        let (limit, by) = (exceeded.limit.as_str(), exceeded.by.as_str());
        metrics::counter!("frontrow_limited_total", "limit" => limit, "by" => by).increment(1);
        let rate_limit = Some(RateLimit::from(&exceeded).into());
        let problem = Self::new(Kind::TooManyRequests).because(exceeded.to_string());
        Self { retry_after: Some(exceeded.retry_after), rate_limit, ..problem }
    }
}

impl From<PassRefused> for Problem {
    fn from(PassRefused { flaw, sales }: PassRefused) -> Self {
        let sales: Vec<String> = sales.iter().map(|sale| sale.uuid().to_string()).collect();
        Self::new(flaw.into()).with("sales", sales)
    }
}

impl From<PassFlaw> for Kind {
    fn from(flaw: PassFlaw) -> Self {
        match flaw {
            PassFlaw::Missing => Self::PassMissing,
            PassFlaw::Forged => Self::PassForged,
            PassFlaw::Expired => Self::PassExpired,
            PassFlaw::OfOtherSale => Self::PassOfOtherSale,
            PassFlaw::OfOther => Self::PassOfOther,
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
            Rejection::SeatsTaken { .. } | Rejection::SeatsUnknown(_) => Self::new(Kind::SeatsTaken),
            Rejection::SeatsReturned { .. } => Self::new(Kind::SeatsReturned),
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
            // Only `Begun` comes this way; the use cases make a `Conflict` of the others.
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
            Conflict::QueuePhase(NotNow { from, to }) => {
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
            Conflict::NoMailer => Self::NoMailer,
            Conflict::CodeWrong => Self::CodeWrong,
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
            Conflict::RevisionMissing => Self::IfMatchMissing,
            Conflict::RevisionOld => Self::ChangedSinceRead,
            Conflict::LobbyNotOpen { .. } => Self::LobbyNotOpen,
            Conflict::QueueClosed => Self::QueueClosed,
            Conflict::EntryLapsed => Self::EntryLapsed,
            Conflict::EntryUsed => Self::EntryUsed,
            Conflict::EntryReplaced => Self::EntryReplaced,
            Conflict::QueuePhase(_) => Self::QueuePhase,
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
            Denied::EmailUnverified => Self::EmailUnverified,
            Denied::NotEligible(_) => Self::NotEligible,
            Denied::QueueTokenForged => Self::QueueTokenForged,
            Denied::QueueTokenForeign => Self::QueueTokenForeign,
        }
    }
}
