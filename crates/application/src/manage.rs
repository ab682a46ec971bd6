//! Putting on sale, for operators. Everything has an id of the client's, so that a repetition is harmless; and nobody
//! replaces what they have not read.

mod concerts;
mod performances;
mod sales;
mod venues;

pub use concerts::ManageConcerts;
pub use performances::ManagePerformances;
pub use sales::ManageSales;
pub use venues::ManageVenues;

use crate::port::{Revision, Stored};
use crate::{Conflict, Error};

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

/// Whether something that is put has to be saved; not if it is as it was put already. What is there is replaced by whoever
/// has read it as it is; what is new, by whoever has read nothing.
fn has_to_be_saved<T: PartialEq>(
    stored: Option<&Stored<T>>,
    put: &T,
    read: Option<Revision>,
) -> Result<bool, Conflict> {
    match (stored, read) {
        (Some(stored), _) if stored.value == *put => Ok(false),
        (Some(_), None) => Err(Conflict::RevisionMissing),
        (Some(stored), Some(read)) if stored.revision != read => Err(Conflict::RevisionOld),
        (None, Some(_)) => Err(Conflict::RevisionOld),
        (Some(_), Some(_)) | (None, None) => Ok(true),
    }
}

/// What an operator asked for, drafts among it.
fn found<T>(stored: Option<Stored<T>>, missing: crate::Missing) -> Result<Stored<T>, Error> {
    stored.ok_or(Error::NotFound(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_replaces_something_has_read_it_as_it_is() {
        let stored = Stored { value: "as it is", revision: Revision(3) };
        let said = |stored, put, read: Option<i64>| has_to_be_saved(stored, &put, read.map(Revision));
        assert_eq!(said(None, "new", None), Ok(true));
        assert_eq!(said(None, "gone", Some(3)), Err(Conflict::RevisionOld));
        assert_eq!(said(Some(&stored), "other", None), Err(Conflict::RevisionMissing));
        assert_eq!(said(Some(&stored), "other", Some(3)), Ok(true));
        assert_eq!(said(Some(&stored), "other", Some(2)), Err(Conflict::RevisionOld));
        // A repetition is harmless, whatever it says it has read.
        for read in [None, Some(2), Some(3)] {
            assert_eq!(said(Some(&stored), "as it is", read), Ok(false));
        }
    }
}
