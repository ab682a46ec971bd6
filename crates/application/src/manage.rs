//! Putting on sale, for operators. Everything has an id of the client's, so that a repetition is harmless.

mod concerts;
mod performances;
mod sales;
mod venues;

pub use concerts::ManageConcerts;
pub use performances::ManagePerformances;
pub use sales::ManageSales;
pub use venues::ManageVenues;

/// What became of something that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is new.
    Created,
    /// It was there, and is as it was put now.
    Replaced,
}

impl Saved {
    fn over<T>(read: Option<&T>) -> Self {
        if read.is_some() { Self::Replaced } else { Self::Created }
    }
}
