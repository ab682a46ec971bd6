//! Rows of the catalogue: whole, guarded, in the programme.

use crate::setup::{concert, id, performance, sale, seat_map, setup, venue};
use frontrow_application::port::{
    ConcertRepository, OnSaleReader, PerformanceRepository, ProgrammeReader, Revision, SaleRepository, StoreError,
    Stored, StoredSeatMap, VenueRepository,
};
use frontrow_domain::*;

#[tokio::test]
async fn everything_comes_back_as_it_was() {
    let setup = setup().await;
    setup.draft().await;
    let catalogue = &setup.catalogue;
    catalogue.save_sale(&sale(), None).await.unwrap();

    let revision = Revision(1);
    assert_eq!(catalogue.venue(venue().id).await, Ok(Some(Stored { value: venue(), revision })));
    let map = StoredSeatMap { map: seat_map(), revision, frozen: false };
    assert_eq!(catalogue.seat_map(venue().id, 1).await, Ok(Some(map)));
    assert_eq!(catalogue.concert(concert(1).id).await, Ok(Some(Stored { value: concert(1), revision })));
    let stored = Stored { value: performance(), revision };
    assert_eq!(catalogue.performance(performance().id).await, Ok(Some(stored)));
    assert_eq!(catalogue.sale(sale().id).await, Ok(Some(Stored { value: sale(), revision })));
}

#[tokio::test]
async fn what_nobody_has_saved_is_nothing() {
    let setup = setup().await;
    let catalogue = &setup.catalogue;
    assert_eq!(catalogue.venue(venue().id).await, Ok(None));
    assert_eq!(catalogue.seat_map(venue().id, 1).await, Ok(None));
    assert_eq!(catalogue.concert(concert(1).id).await, Ok(None));
    assert_eq!(catalogue.performance(performance().id).await, Ok(None));
    assert_eq!(catalogue.sale(sale().id).await, Ok(None));
}

#[tokio::test]
async fn every_status_comes_back_as_it_was() {
    use PerformanceStatus::{Cancelled, Draft, Postponed, Published};
    let setup = setup().await;
    setup.draft().await;
    for (read, status) in (1..).zip([Draft, Published, Postponed, Cancelled]) {
        let value = Performance { status, ..performance() };
        setup.catalogue.save_performance(&value, Some(Revision(read))).await.unwrap();
        let stored = Stored { value, revision: Revision(read + 1) };
        assert_eq!(setup.catalogue.performance(performance().id).await, Ok(Some(stored)));
    }
}

#[tokio::test]
async fn of_two_saves_from_one_read_one_is_stale() {
    let setup = setup().await;
    setup.draft().await;
    let catalogue = &setup.catalogue;
    catalogue.save_sale(&sale(), None).await.unwrap();
    let read = Some(Revision(1));
    macro_rules! race {
        ($save:ident, $value:expr, $read:expr) => {{
            let value = $value;
            let (one, other) = tokio::join!(catalogue.$save(&value, $read), catalogue.$save(&value, $read));
            let mut results = [one, other];
            results.sort_by_key(Result::is_err);
            assert_eq!(results, [Ok(()), Err(StoreError::Stale)], stringify!($save));
        }};
    }
    race!(save_venue, venue(), read);
    race!(save_seat_map, seat_map(), read);
    race!(save_concert, concert(1), read);
    race!(save_performance, performance(), read);
    race!(save_sale, sale(), read);

    race!(save_venue, Venue { id: VenueId::new(id(2)), ..venue() }, None);
    race!(save_seat_map, SeatMap { version: 2, ..seat_map() }, None);
    race!(save_concert, concert(2), None);
    race!(save_performance, Performance { id: PerformanceId::new(id(11)), ..performance() }, None);
    race!(save_sale, Sale { id: SaleId::new(id(21)), ..sale() }, None);
}

#[tokio::test]
async fn a_sale_that_is_stale_keeps_its_performances() {
    let setup = setup().await;
    setup.catalogue.save_sale(&sale(), None).await.unwrap();
    let other: Sale = Sale { performances: [PerformanceId::new(id(11)), performance().id].into(), ..sale() };
    assert_eq!(setup.catalogue.save_sale(&other, Some(Revision(2))).await, Err(StoreError::Stale));
    assert_eq!(setup.catalogue.sale(sale().id).await.unwrap().unwrap().value, sale());
    setup.catalogue.save_sale(&other, Some(Revision(1))).await.unwrap();
    assert_eq!(setup.catalogue.sale(sale().id).await.unwrap().unwrap().value, other);
}

#[tokio::test]
async fn a_frozen_seat_map_stays_as_it_is() {
    let setup = setup().await;
    setup.on_sale().await;
    assert_eq!(setup.catalogue.save_seat_map(&seat_map(), Some(Revision(1))).await, Err(StoreError::Stale));
    assert!(setup.catalogue.seat_map(venue().id, 1).await.unwrap().unwrap().frozen);
}

#[tokio::test]
async fn the_programme_has_all_concerts_and_their_public_performances() {
    let setup = setup().await;
    setup.catalogue.save_venue(&venue(), None).await.unwrap();
    for n in 1..=6 {
        setup.catalogue.save_concert(&concert(n), None).await.unwrap();
        // The fourth has a draft only, the fifth has nothing.
        let status = if n == 4 { PerformanceStatus::Draft } else { PerformanceStatus::Postponed };
        let value = Performance { id: PerformanceId::new(id(n)), concert: concert(n).id, status, ..performance() };
        if n != 5 {
            setup.catalogue.save_performance(&value, None).await.unwrap();
        }
    }
    let programme = setup.catalogue.programme().await.unwrap();
    let listed = programme.concerts.iter().map(|listed| ((*listed.concert).clone(), listed.performances.len()));
    assert_eq!(
        listed.collect::<Vec<_>>(),
        [(1, 1), (2, 1), (3, 1), (4, 0), (5, 0), (6, 1)].map(|(n, of)| (concert(n), of))
    );
}

#[tokio::test]
async fn a_concerts_public_performances_come_in_order() {
    let setup = setup().await;
    let ids: Vec<PerformanceId> = (1..=5).map(|n| PerformanceId::new(id(n))).collect();
    for (index, id) in ids.iter().enumerate() {
        let status = if index == 1 { PerformanceStatus::Draft } else { PerformanceStatus::Published };
        let concert = if index == 2 { concert(2).id } else { concert(1).id };
        let value = Performance { id: *id, concert, status, ..performance() };
        setup.catalogue.save_performance(&value, None).await.unwrap();
    }
    let found = setup.catalogue.performances_of(concert(1).id).await.unwrap();
    assert_eq!(found.as_deref(), Some(&vec![ids[0], ids[3], ids[4]]));
    assert_eq!(setup.catalogue.performances_of(concert(9).id).await, Ok(None), "no such concert");
}
