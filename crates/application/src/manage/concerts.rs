//! Concerts.

use super::{Saved, found, has_to_be_saved};
use crate::port::{ConcertRepository, Revision, Stored};
use crate::{ActingOperator, Error, Missing};
use frontrow_domain::{Concert, ConcertId};
use std::sync::Arc;

/// Puts concerts.
pub struct ManageConcerts {
    /// Keeps them.
    pub concerts: Arc<dyn ConcertRepository>,
}

impl ManageConcerts {
    /// The concert as it was put.
    pub async fn read(&self, _by: ActingOperator, id: ConcertId) -> Result<Stored<Concert>, Error> {
        found(self.concerts.concert(id).await?, Missing::Concert)
    }

    /// Adds a concert, or replaces the one that was read at that revision.
    pub async fn put(&self, _by: ActingOperator, concert: &Concert, read: Option<Revision>) -> Result<Saved, Error> {
        concert.check()?;
        let concert = &concert.clone().normalized();
        let stored = self.concerts.concert(concert.id).await?;
        if has_to_be_saved(stored.as_ref(), concert, read)? {
            self.concerts.save_concert(concert, read).await?;
        }
        Ok(Saved::over(stored.as_ref()))
    }
}
