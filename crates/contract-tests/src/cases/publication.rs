//! A performance becomes public.

use crate::context::TestContext;
use crate::programme::{publish, revisions};
use crate::{CataloguePorts, Failure, Programme};
use frontrow_application::port::StoreError;
use frontrow_domain::{Performance, PerformanceId, PerformanceStatus, SeatMap, SeatNumber, SeatState, VenueId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A draft at the programme's venue.
async fn draft(context: &TestContext, catalogue: &CataloguePorts) -> Result<Performance, Failure> {
    let id = PerformanceId::new(context.id());
    let status = PerformanceStatus::Draft;
    let draft = Performance { id, status, ..context.programme.performances[0].clone() };
    catalogue.performances.save_performance(&draft, None).await?;
    Ok(draft)
}

pub(super) async fn a_performance_is_published_whole_and_once(context: Arc<TestContext>) -> Result<(), Failure> {
    let catalogue = context.catalogue()?;
    let draft = draft(&context, catalogue).await?;
    let public = Performance { status: PerformanceStatus::Published, ..draft };
    let (read, map) = revisions(catalogue, &public).await?;
    let blocked: BTreeSet<SeatNumber> = [3, 200].into_iter().filter_map(SeatNumber::new).collect();
    let racing = (0..8).map(|_| {
        let (performances, public, blocked) = (Arc::clone(&catalogue.performances), public.clone(), blocked.clone());
        async move { Ok(performances.publish(&public, read, map, Programme::SEATS, &blocked).await) }
    });
    let mut published = 0;
    for answer in context.together(racing).await? {
        match answer {
            Ok(()) => published += 1,
            Err(error) => ensure_eq!(error, StoreError::Stale),
        }
    }
    ensure_eq!(published, 1, "publications");

    let stored = catalogue.performances.performance(public.id).await?;
    ensure_eq!(stored.map(|stored| stored.value), Some(public.clone()));
    let seats = context.fixture.booking.seats.not_free(public.id).await?;
    ensure!(seats.iter().all(|seat| seat.state == SeatState::Blocked), "{seats:?}");
    ensure_eq!(seats.iter().map(|seat| seat.key.number).collect::<BTreeSet<_>>(), blocked);
    Ok(())
}

pub(super) async fn a_changed_seat_map_stops_a_publication(context: Arc<TestContext>) -> Result<(), Failure> {
    let catalogue = context.catalogue()?;
    let map = SeatMap { version: 2, ..context.programme.map.clone() };
    catalogue.venues.save_seat_map(&map, None).await?;
    let draft = Performance { seat_map_version: 2, ..draft(&context, catalogue).await? };
    let (read, old) = revisions(catalogue, &draft).await?;
    let fewer = SeatMap { sections: map.sections[..1].to_vec(), ..map };
    catalogue.venues.save_seat_map(&fewer, Some(old)).await?;

    let public = Performance { status: PerformanceStatus::Published, ..draft };
    let refused = catalogue.performances.publish(&public, read, old, Programme::SEATS, &BTreeSet::new()).await;
    ensure_eq!(refused, Err(StoreError::Stale));
    let stored = catalogue.performances.performance(public.id).await?;
    let status = stored.map(|stored| (stored.value.status, stored.revision));
    ensure_eq!(status, Some((PerformanceStatus::Draft, read)), "nothing is left of it");
    ensure_eq!(context.fixture.booking.seats.not_free(public.id).await?, Vec::new());
    let map = catalogue.venues.seat_map(public.venue, 2).await?;
    ensure_eq!(map.map(|map| map.frozen), Some(false));
    Ok(())
}

pub(super) async fn a_seat_map_of_a_public_performance_never_changes(context: Arc<TestContext>) -> Result<(), Failure> {
    let catalogue = context.catalogue()?;
    let venue = VenueId::new(context.id());
    let map = SeatMap { venue, ..context.programme.map.clone() };
    catalogue.venues.save_seat_map(&map, None).await?;
    let before = catalogue.venues.seat_map(venue, 1).await?.ok_or_else(|| Failure::new("it was saved"))?;
    let id = PerformanceId::new(context.id());
    let performance = Performance { id, venue, ..context.programme.performances[0].clone() };
    publish(catalogue, &performance, Programme::SEATS, &BTreeSet::new()).await?;

    let frozen = catalogue.venues.seat_map(venue, 1).await?.ok_or_else(|| Failure::new("it was saved"))?;
    ensure!(frozen.frozen, "a public performance uses it");
    let changed = SeatMap { sections: Vec::new(), ..map.clone() };
    for read in [before.revision, frozen.revision] {
        ensure_eq!(catalogue.venues.save_seat_map(&changed, Some(read)).await, Err(StoreError::Stale));
    }
    let second = Performance { id: PerformanceId::new(context.id()), ..performance };
    publish(catalogue, &second, Programme::SEATS, &BTreeSet::new()).await?;
    let now = catalogue.venues.seat_map(venue, 1).await?;
    ensure_eq!(now.map(|stored| (stored.map, stored.frozen)), Some((map, true)));
    Ok(())
}
