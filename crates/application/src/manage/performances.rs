//! Performances: put, published, postponed, cancelled.

use super::{Saved, found, has_to_be_saved};
use crate::port::{ConcertRepository, PerformanceRepository, Revision, Stored, StoredSeatMap, VenueRepository};
use crate::{ActingOperator, Conflict, Error, Missing};
use frontrow_domain::{Performance, PerformanceId, PerformanceStatus};
use std::sync::Arc;

/// Puts performances, and says whether they take place.
pub struct ManagePerformances {
    /// Keeps them.
    pub performances: Arc<dyn PerformanceRepository>,
    /// Finds their venues and seat maps.
    pub venues: Arc<dyn VenueRepository>,
    /// Finds the concerts that are played.
    pub concerts: Arc<dyn ConcertRepository>,
}

impl ManagePerformances {
    /// The performance as it was put, and its status.
    pub async fn read(&self, _by: ActingOperator, id: PerformanceId) -> Result<Stored<Performance>, Error> {
        found(self.performances.performance(id).await?, Missing::Performance)
    }

    /// Adds a performance, or replaces the one that was read at that revision. Its status stays what it is (a new one is a
    /// draft); once public, so do its concert, venue and seats.
    pub async fn put(
        &self,
        _by: ActingOperator,
        performance: &Performance,
        read: Option<Revision>,
    ) -> Result<Saved, Error> {
        self.concerts.concert(performance.concert).await?.ok_or(Error::NotFound(Missing::Concert))?;
        self.venues.venue(performance.venue).await?.ok_or(Error::NotFound(Missing::Venue))?;
        self.checked_map(performance).await?;
        let stored = self.performances.performance(performance.id).await?;
        let status = stored.as_ref().map_or(PerformanceStatus::Draft, |stored| stored.value.status);
        let performance = Performance { status, ..performance.clone().normalized() };
        let has_to_be_saved = has_to_be_saved(stored.as_ref(), &performance, read)?;
        if stored.as_ref().is_some_and(|stored| !stored.value.keeps_what_was_promised(&performance)) {
            return Err(Conflict::PerformancePublic.into());
        }
        if has_to_be_saved {
            self.performances.save_performance(&performance, read).await?;
        }
        Ok(Saved::over(stored.as_ref()))
    }

    /// Publishes a draft, whose seats are made and whose seat map is frozen; or a postponed one again.
    pub async fn publish(&self, by: ActingOperator, id: PerformanceId) -> Result<Performance, Error> {
        let Stored { value, revision } = self.read(by, id).await?;
        if value.status != PerformanceStatus::Draft {
            return self.become_status(by, id, PerformanceStatus::Published).await;
        }
        let map = self.checked_map(&value).await?;
        let layout = map.map.layout()?;
        let blocked = layout.positions().filter(|(_, position)| position.blocked).map(|(number, _)| number).collect();
        let published = Performance { status: PerformanceStatus::Published, ..value };
        let count = layout.seat_count();
        self.performances.publish(&published, revision, map.revision, count, &blocked).await?;
        Ok(published)
    }

    /// Says that it takes place later, or not at all: nothing new is held.
    pub async fn become_status(
        &self,
        by: ActingOperator,
        id: PerformanceId,
        status: PerformanceStatus,
    ) -> Result<Performance, Error> {
        let Stored { value, revision } = self.read(by, id).await?;
        if !value.status.may_become(status) {
            return Err(Conflict::PerformanceStatus.into());
        }
        if value.status == status {
            return Ok(value);
        }
        let changed = Performance { status, ..value };
        self.performances.save_performance(&changed, Some(revision)).await?;
        Ok(changed)
    }

    async fn checked_map(&self, performance: &Performance) -> Result<StoredSeatMap, Error> {
        let map = self.venues.seat_map(performance.venue, performance.seat_map_version).await?;
        let map = map.ok_or(Error::NotFound(Missing::SeatMap))?;
        performance.check(&map.map.layout()?)?;
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockConcertRepository, MockPerformanceRepository, MockVenueRepository};
    use crate::testing::{operator, performance, seat_map};
    use PerformanceStatus::{Cancelled, Draft, Postponed, Published};

    fn manage(status: PerformanceStatus, frozen: bool) -> (MockPerformanceRepository, MockVenueRepository) {
        let (mut performances, mut venues) = (MockPerformanceRepository::new(), MockVenueRepository::new());
        let value = Performance { status, ..performance() };
        let stored = Stored { value, revision: Revision(5) };
        performances.expect_performance().returning(move |_| Ok(Some(stored.clone())));
        let map = StoredSeatMap { map: seat_map(), revision: Revision(2), frozen };
        venues.expect_seat_map().returning(move |_, _| Ok(Some(map.clone())));
        (performances, venues)
    }

    fn with(performances: MockPerformanceRepository, venues: MockVenueRepository) -> ManagePerformances {
        ManagePerformances {
            performances: Arc::new(performances),
            venues: Arc::new(venues),
            concerts: Arc::new(MockConcertRepository::new()),
        }
    }

    #[tokio::test]
    async fn publishing_a_draft_makes_its_seats_at_the_revisions_that_were_read() {
        let (mut performances, venues) = manage(Draft, false);
        performances
            .expect_publish()
            .withf(|p, read, map, count, blocked| {
                p.status == Published && (*read, *map, *count) == (Revision(5), Revision(2), 10) && blocked.is_empty()
            })
            .times(1)
            .returning(|_, _, _, _, _| Ok(()));
        assert_eq!(with(performances, venues).publish(operator(9), performance().id).await.unwrap().status, Published);
    }

    #[tokio::test]
    async fn publishing_again_makes_no_seats() {
        let (performances, venues) = manage(Published, true);
        assert_eq!(with(performances, venues).publish(operator(9), performance().id).await.unwrap().status, Published);
        let (mut performances, venues) = manage(Postponed, true);
        performances.expect_save_performance().times(1).returning(|_, _| Ok(()));
        assert_eq!(with(performances, venues).publish(operator(9), performance().id).await.unwrap().status, Published);
    }

    #[tokio::test]
    async fn a_cancellation_is_final() {
        let (performances, venues) = manage(Cancelled, true);
        let refused = with(performances, venues).publish(operator(9), performance().id).await;
        assert_eq!(refused, Err(Conflict::PerformanceStatus.into()));
    }
}
