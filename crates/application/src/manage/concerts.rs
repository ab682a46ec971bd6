//! Concerts.

use super::Saved;
use crate::port::ConcertRepository;
use crate::{ActingOperator, Error};
use frontrow_domain::Concert;
use std::sync::Arc;

/// Puts concerts.
pub struct ManageConcerts {
    /// Keeps them.
    pub concerts: Arc<dyn ConcertRepository>,
}

impl ManageConcerts {
    /// Adds or replaces a concert.
    pub async fn put(&self, _by: ActingOperator, concert: &Concert) -> Result<Saved, Error> {
        concert.check()?;
        let concert = &concert.clone().normalized();
        let read = self.concerts.concert(concert.id).await?;
        self.concerts.save_concert(concert, read.as_ref().map(|stored| stored.revision)).await?;
        Ok(Saved::over(read.as_ref()))
    }
}
