//! Performances: put, published, postponed, cancelled.

use super::{Saved, found, has_to_be_saved};
use crate::port::{Clock, ConcertRepository, PerformanceRepository, Revision, Stored, StoredSeatMap, VenueRepository};
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
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl ManagePerformances {
    /// The performance as it was put, and its status.
    pub async fn read(&self, _by: ActingOperator, id: PerformanceId) -> Result<Stored<Performance>, Error> {
        found(self.performances.performance(id).await?, Missing::Performance)
    }

    /// Adds a performance, or replaces the one that was read at that revision. Its status stays what it is (a new one is a
    /// draft); once public, so do its concert, venue and seats. It can't be put on a date that has passed; one that has begun
    /// can be edited, and stays on its date.
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
        if stored.as_ref().is_none_or(|stored| stored.value.starts_at != performance.starts_at) {
            performance.check_begins_after(self.clock.now())?;
        }
        if has_to_be_saved {
            self.performances.save_performance(&performance, read).await?;
        }
        Ok(Saved::over(stored.as_ref()))
    }

    /// Publishes a draft, whose seats are made and whose seat map is frozen; or a postponed one again. Nothing is published
    /// of which nothing could be sold any more.
    pub async fn publish(&self, by: ActingOperator, id: PerformanceId) -> Result<Performance, Error> {
        let Stored { value, revision } = self.read(by, id).await?;
        if value.status != PerformanceStatus::Published && value.status.may_become(PerformanceStatus::Published) {
            value.check_sold_after(self.clock.now())?;
        }
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
    use crate::testing::{at, clock, operator, performance, seat_map};
    use PerformanceStatus::{Cancelled, Draft, Postponed, Published};

    const READ: Option<Revision> = Some(Revision(5));

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
            clock: clock(0),
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

    /// A hall and a concert, and the performance at that moment.
    fn at_hour(status: PerformanceStatus, now: i64) -> ManagePerformances {
        let (mut performances, mut venues) = manage(status, true);
        performances.expect_save_performance().returning(|_, _| Ok(()));
        performances.expect_publish().returning(|_, _, _, _, _| Ok(()));
        let venue = Stored { value: frontrow_domain::testing::venue().build(), revision: Revision(1) };
        venues.expect_venue().returning(move |_| Ok(Some(venue.clone())));
        let mut concerts = MockConcertRepository::new();
        let concert = Stored { value: frontrow_domain::testing::concert().build(), revision: Revision(1) };
        concerts.expect_concert().returning(move |_| Ok(Some(concert.clone())));
        ManagePerformances { concerts: Arc::new(concerts), clock: clock(now), ..with(performances, venues) }
    }

    fn starts() -> i64 {
        performance().starts_at.micros() / 1_000_000
    }

    fn pointer<T: std::fmt::Debug>(refused: Result<T, Error>) -> String {
        let Err(Error::Invalid(frontrow_domain::Invalid(flaws))) = refused else { panic!("{refused:?}") };
        flaws[0].pointer.clone()
    }

    #[tokio::test]
    async fn nothing_is_put_on_a_date_that_has_passed() {
        let moved = |seconds| Performance { starts_at: at(seconds), ..performance() };
        for status in [Draft, Published, Postponed] {
            let here = at_hour(status, 100);
            assert_eq!(pointer(here.put(operator(9), &moved(100), READ).await), "/starts_at", "{status:?}");
            assert_eq!(here.put(operator(9), &moved(101), READ).await, Ok(Saved::Replaced));
            let begun = at_hour(status, starts() + 1);
            assert_eq!(begun.put(operator(9), &performance(), READ).await, Ok(Saved::Replaced), "it stays on its date");
            assert_eq!(pointer(begun.put(operator(9), &moved(starts() + 1), READ).await), "/starts_at");
            assert_eq!(begun.put(operator(9), &moved(starts() + 2), READ).await, Ok(Saved::Replaced));
        }
    }

    #[tokio::test]
    async fn what_nobody_could_buy_any_more_is_not_published() {
        for status in [Draft, Postponed] {
            let refused = at_hour(status, starts()).publish(operator(9), performance().id).await;
            assert_eq!(pointer(refused), "/starts_at");
            assert!(at_hour(status, starts() - 1).publish(operator(9), performance().id).await.is_ok());
        }
        assert!(at_hour(Published, starts()).publish(operator(9), performance().id).await.is_ok(), "it is public");
    }

    #[tokio::test]
    async fn a_cancellation_is_final() {
        let (performances, venues) = manage(Cancelled, true);
        let refused = with(performances, venues).publish(operator(9), performance().id).await;
        assert_eq!(refused, Err(Conflict::PerformanceStatus.into()));
    }
}
