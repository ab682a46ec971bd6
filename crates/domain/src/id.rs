//! Identifiers. Each kind is a type of its own, so that a sale's id can't stand where a performance's is meant.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID; which version it has is the business of whoever makes it.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

ids! {
    /// A [`Venue`](crate::Venue).
    VenueId;
    /// A [`Concert`](crate::Concert).
    ConcertId;
    /// A [`Performance`](crate::Performance).
    PerformanceId;
    /// A [`Sale`](crate::Sale).
    SaleId;
    /// A [`User`](crate::User).
    UserId;
    /// A log-in: the family of refresh tokens that descend from it.
    SessionId;
    /// A [`Reservation`](crate::Reservation).
    ReservationId;
    /// A [`Payment`](crate::Payment).
    PaymentId;
    /// A [`Transfer`](crate::Transfer).
    TransferId;
}
