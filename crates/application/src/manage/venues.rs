//! Venues and their seat maps.

use super::{Saved, found, has_to_be_saved};
use crate::port::{Revision, Stored, StoredSeatMap, TimeZones, VenueRepository};
use crate::{ActingOperator, Conflict, Error, Missing};
use frontrow_domain::{Invalid, SeatMap, Venue, VenueId, Violation};
use std::sync::Arc;

/// Puts venues and seat maps.
pub struct ManageVenues {
    /// Keeps them.
    pub venues: Arc<dyn VenueRepository>,
    /// Knows which time zones there are.
    pub time_zones: Arc<dyn TimeZones>,
}

impl ManageVenues {
    /// The venue as it was put.
    pub async fn read(&self, _by: ActingOperator, id: VenueId) -> Result<Stored<Venue>, Error> {
        found(self.venues.venue(id).await?, Missing::Venue)
    }

    /// The seat map as it was put.
    pub async fn read_seat_map(
        &self,
        _by: ActingOperator,
        venue: VenueId,
        version: u32,
    ) -> Result<StoredSeatMap, Error> {
        self.venues.seat_map(venue, version).await?.ok_or(Error::NotFound(Missing::SeatMap))
    }

    /// Adds a venue, or replaces the one that was read at that revision; its time zone is kept by its canonical name.
    pub async fn put(&self, _by: ActingOperator, venue: &Venue, read: Option<Revision>) -> Result<Saved, Error> {
        venue.check()?;
        let time_zone = self.time_zones.canonical(&venue.time_zone).ok_or_else(no_time_zone)?;
        let venue = &Venue { time_zone, ..venue.clone().normalized() };
        let stored = self.venues.venue(venue.id).await?;
        if has_to_be_saved(stored.as_ref(), venue, read)? {
            self.venues.save_venue(venue, read).await?;
        }
        Ok(Saved::over(stored.as_ref()))
    }

    /// Adds a version of a seat map, or replaces the one that was read at that revision, unless a published performance uses
    /// it. Names are kept in NFC.
    pub async fn put_seat_map(
        &self,
        _by: ActingOperator,
        map: &SeatMap,
        read: Option<Revision>,
    ) -> Result<Saved, Error> {
        map.layout()?;
        let map = &map.clone().normalized();
        self.venues.venue(map.venue).await?.ok_or(Error::NotFound(Missing::Venue))?;
        let found = self.venues.seat_map(map.venue, map.version).await?;
        if found.as_ref().is_some_and(|stored| stored.frozen && stored.map != *map) {
            return Err(Conflict::SeatMapFrozen.into());
        }
        let stored = found.map(|found| Stored { value: found.map, revision: found.revision });
        if has_to_be_saved(stored.as_ref(), map, read)? {
            self.venues.save_seat_map(map, read).await?;
        }
        Ok(Saved::over(stored.as_ref()))
    }
}

fn no_time_zone() -> Error {
    let detail = "an IANA time zone of a place, such as Asia/Seoul, or UTC".into();
    Invalid(vec![Violation { pointer: "/time_zone".into(), code: "time_zone", detail }]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockTimeZones, MockVenueRepository};
    use crate::testing::{on_sale, operator, seat_map};

    fn manage(frozen: bool) -> ManageVenues {
        let mut venues = MockVenueRepository::new();
        venues.expect_venue().returning(|_| Ok(Some(Stored { value: on_sale().venue, revision: Revision(1) })));
        let stored = StoredSeatMap { map: seat_map(), revision: Revision(3), frozen };
        venues.expect_seat_map().returning(move |_, _| Ok(Some(stored.clone())));
        venues.expect_save_venue().withf(|venue, _| venue.time_zone == "Asia/Seoul").returning(|_, _| Ok(()));
        venues.expect_save_seat_map().withf(|_, read| *read == Some(Revision(3))).returning(|_, _| Ok(()));
        let mut time_zones = MockTimeZones::new();
        time_zones.expect_canonical().returning(|name| (name == "asia/seoul").then(|| "Asia/Seoul".into()));
        ManageVenues { venues: Arc::new(venues), time_zones: Arc::new(time_zones) }
    }

    #[tokio::test]
    async fn a_venue_is_in_a_time_zone_that_there_is_and_has_its_canonical_name() {
        let on_mars = Venue { time_zone: "Mars/Olympus".into(), ..on_sale().venue };
        let refused = manage(false).put(operator(9), &on_mars, None).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        assert_eq!((flaws[0].pointer.as_str(), flaws[0].code), ("/time_zone", "time_zone"));
        let in_seoul = Venue { time_zone: "asia/seoul".into(), name: "Other".into(), ..on_sale().venue };
        assert_eq!(manage(false).put(operator(9), &in_seoul, Some(Revision(1))).await, Ok(Saved::Replaced));
    }

    #[tokio::test]
    async fn a_frozen_map_can_be_put_again_but_not_changed() {
        let mut changed = seat_map();
        changed.sections[0].name = "B".into();
        let put = async |frozen, map: &SeatMap, read| manage(frozen).put_seat_map(operator(9), map, read).await;
        let read = Some(Revision(3));
        assert_eq!(put(true, &seat_map(), None).await, Ok(Saved::Replaced));
        assert_eq!(put(true, &changed, read).await, Err(Conflict::SeatMapFrozen.into()));
        assert_eq!(put(false, &changed, read).await, Ok(Saved::Replaced));
        assert_eq!(put(false, &changed, None).await, Err(Conflict::RevisionMissing.into()));
    }
}
