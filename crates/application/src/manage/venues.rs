//! Venues and their seat maps.

use super::Saved;
use crate::port::VenueRepository;
use crate::{Conflict, Error, Missing};
use frontrow_domain::{SeatMap, Venue};
use std::sync::Arc;

/// Puts venues and seat maps.
pub struct ManageVenues {
    /// Keeps them.
    pub venues: Arc<dyn VenueRepository>,
}

impl ManageVenues {
    /// Adds or replaces a venue.
    pub async fn put(&self, venue: &Venue) -> Result<Saved, Error> {
        venue.check()?;
        let read = self.venues.venue(venue.id).await?;
        self.venues.save_venue(venue, read.as_ref().map(|stored| stored.revision)).await?;
        Ok(Saved::over(read.as_ref()))
    }

    /// Adds or replaces a version of a seat map, unless a published performance uses it.
    pub async fn put_seat_map(&self, map: &SeatMap) -> Result<Saved, Error> {
        map.layout()?;
        self.venues.venue(map.venue).await?.ok_or(Error::NotFound(Missing::Venue))?;
        let read = self.venues.seat_map(map.venue, map.version).await?;
        match &read {
            Some(stored) if stored.frozen && stored.map == *map => return Ok(Saved::Replaced),
            Some(stored) if stored.frozen => return Err(Conflict::SeatMapFrozen.into()),
            _ => self.venues.save_seat_map(map, read.as_ref().map(|stored| stored.revision)).await?,
        }
        Ok(Saved::over(read.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockVenueRepository, Revision, Stored, StoredSeatMap};
    use crate::testing::{on_sale, seat_map};

    fn manage(frozen: bool) -> ManageVenues {
        let mut venues = MockVenueRepository::new();
        venues.expect_venue().returning(|_| Ok(Some(Stored { value: on_sale().venue, revision: Revision(1) })));
        let stored = StoredSeatMap { map: seat_map(), revision: Revision(3), frozen };
        venues.expect_seat_map().returning(move |_, _| Ok(Some(stored.clone())));
        venues.expect_save_seat_map().withf(|_, read| *read == Some(Revision(3))).returning(|_, _| Ok(()));
        ManageVenues { venues: Arc::new(venues) }
    }

    #[tokio::test]
    async fn a_frozen_map_can_be_put_again_but_not_changed() {
        let mut changed = seat_map();
        changed.sections[0].name = "B".into();
        assert_eq!(manage(true).put_seat_map(&seat_map()).await, Ok(Saved::Replaced));
        assert_eq!(manage(true).put_seat_map(&changed).await, Err(Conflict::SeatMapFrozen.into()));
        assert_eq!(manage(false).put_seat_map(&changed).await, Ok(Saved::Replaced));
    }
}
