//! What types of problems tell besides, as the document describes it: a schema for each type that tells something.

use super::{FieldError, Kind};
use crate::dto::{PhaseDto, ReservationStatusDto, Timestamp, WaitDto};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// What one type of problem tells besides.
pub(super) struct Extension {
    pub kind: Kind,
    /// An object with the members that it has besides.
    pub schema: RefOr<Schema>,
    /// Those that the members refer to, by name.
    pub referred: Vec<(String, RefOr<Schema>)>,
}

macro_rules! extensions {
    ($($name:ident { $($(#[$attribute:meta])+ $member:ident: $of:ty,)+ })+) => {
        $(
            #[derive(ToSchema)]
            #[expect(dead_code, reason = "what describes a problem is never made")]
            struct $name { $($(#[$attribute])+ $member: $of,)+ }
        )+

        /// Every type that tells something besides.
        pub(super) fn extensions() -> Vec<Extension> {
            vec![$({
                let mut referred = Vec::new();
                $name::schemas(&mut referred);
                Extension { kind: Kind::$name, schema: $name::schema(), referred }
            },)+]
        }
    };
}

extensions! {
    InvalidInput {
        /// What is wrong with which field; as many as were found at once.
        errors: Vec<FieldError>,
    }
    KeyMissing {
        /// What is wrong with the header.
        errors: Vec<FieldError>,
    }
    PassMissing {
        /// Ids of the sales that sell this, each with a queue to join.
        sales: Vec<Uuid>,
    }
    PassForged {
        /// Ids of the sales that sell this, each with a queue to join.
        sales: Vec<Uuid>,
    }
    PassExpired {
        /// Ids of the sales that sell this, each with a queue to join.
        sales: Vec<Uuid>,
    }
    PassOfOtherSale {
        /// Ids of the sales that sell this, each with a queue to join.
        sales: Vec<Uuid>,
    }
    PassOfOther {
        /// Ids of the sales that sell this, each with a queue to join.
        sales: Vec<Uuid>,
    }
    BodyTooLarge {
        /// How many bytes a body may have.
        most: u64,
    }
    SeatsTaken {
        /// Labels of the seats that are taken.
        seats: Vec<String>,
        /// Those of them that the caller holds or has bought.
        yours: Vec<String>,
        /// The nearest blocks like it that are available: the labels of each.
        alternatives: Vec<Vec<String>>,
    }
    NotTogether {
        /// How many single seats are available.
        left: u64,
    }
    SaleNotOpen {
        /// When the sale opens, in UTC.
        opens: Timestamp,
    }
    SaleClosed {
        /// When the sale closed, in UTC.
        closed: Timestamp,
    }
    PerformanceBegun {
        /// Up to when it could be booked, in UTC.
        until: Timestamp,
    }
    LimitReached {
        /// How many seats one person may have in the sale.
        limit: u64,
        /// How many of them the caller has already.
        used: u64,
        /// How many were asked for.
        asked: u64,
    }
    HoldLapsed {
        /// When the hold lapsed, in UTC.
        held_until: Timestamp,
    }
    ReservationEnded {
        /// Where the reservation stands.
        state: ReservationStatusDto,
    }
    BalanceTooLow {
        /// How many points the wallet has.
        balance: i64,
        /// How many are needed.
        amount: i64,
    }
    SeatsReturned {
        /// Labels of the seats that were given back before.
        seats: Vec<String>,
        /// Labels of the seats that the reservation still has.
        left: Vec<String>,
    }
    TooLateToCancel {
        /// Up to when it could be cancelled, in UTC.
        cancel_until: Timestamp,
    }
    LobbyNotOpen {
        /// When people can join, in UTC.
        opens: Timestamp,
    }
    NotYourTurn {
        /// How many people will be called before; `null` while nobody knows.
        #[schema(required = true)]
        people_ahead: Option<u64>,
        /// How long it will take; `null` while nobody knows.
        #[schema(required = true)]
        wait: Option<WaitDto>,
        /// In how many seconds to ask again.
        ask_again_seconds: u64,
    }
    QueuePhase {
        /// The phase that the queue is in.
        from: PhaseDto,
        /// The phase that it can't go to.
        to: PhaseDto,
    }
    TooManyJoins {
        /// In how many seconds to ask again.
        ask_again_seconds: u64,
    }
    Fault {
        /// Id of the entry in the server's log, for whoever runs it.
        #[schema(required = false)]
        fault: Uuid,
    }
}
