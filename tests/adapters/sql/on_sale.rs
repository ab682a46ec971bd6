//! What is on sale, a second old at most.

use crate::setup::{sale, seat_map, setup, venue};
use frontrow_adapters::sql::SqlCatalogue;
use frontrow_application::port::{
    OnSale, OnSaleReader, PerformanceRepository, Revision, SaleRepository, VenueRepository,
};
use frontrow_domain::*;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

#[tokio::test]
async fn a_public_performance_comes_with_all_there_is_to_know() {
    let setup = setup().await;
    let performance = setup.on_sale().await;
    let n = |n| SaleId::new(Uuid::from_u128(n));
    let earlier = Sale { id: n(21), opens: sale().opens - Duration::from_mins(1), ..sale() };
    let unpublished = Sale { id: n(22), published: false, ..sale() };
    let of_another = Sale { id: n(23), performances: [PerformanceId::new(Uuid::from_u128(11))].into(), ..sale() };
    for sale in [&earlier, &unpublished, &of_another] {
        setup.catalogue.save_sale(sale, None).await.unwrap();
    }
    let expected = OnSale {
        performance: performance.clone(),
        venue: venue(),
        layout: Arc::new(seat_map().layout().unwrap()),
        sales: vec![earlier, sale()],
    };
    assert_eq!(setup.catalogue.on_sale(performance.id).await, Ok(Some(Arc::new(expected))));
}

#[tokio::test]
async fn a_draft_is_nobodys_business() {
    let setup = setup().await;
    let draft = setup.draft().await;
    assert_eq!(setup.catalogue.on_sale(draft.id).await, Ok(None));
    assert_eq!(setup.catalogue.on_sale(PerformanceId::new(Uuid::nil())).await, Ok(None));
}

#[tokio::test]
async fn what_is_saved_here_is_seen_at_once_and_elsewhere_after_a_second() {
    let setup = setup().await;
    let performance = setup.on_sale().await;
    let elsewhere = SqlCatalogue::new(setup.database.clone(), setup.clock.clone());
    let before = elsewhere.on_sale(performance.id).await.unwrap().unwrap();
    setup.catalogue.on_sale(performance.id).await.unwrap();

    let later = Performance { starts_at: performance.starts_at + Duration::from_hours(1), ..performance };
    setup.catalogue.save_performance(&later, Some(Revision(2))).await.unwrap();
    let renamed = Venue { name: "Olympic Hall 2".into(), ..venue() };
    setup.catalogue.save_venue(&renamed, Some(Revision(1))).await.unwrap();
    let closed = Sale { published: false, ..sale() };
    setup.catalogue.save_sale(&closed, Some(Revision(1))).await.unwrap();

    let is_new = |on_sale: Arc<OnSale>| {
        assert_eq!((&on_sale.performance, &on_sale.venue, on_sale.sales.len()), (&later, &renamed, 0));
    };
    is_new(setup.catalogue.on_sale(later.id).await.unwrap().unwrap());
    setup.clock.forward(Duration::from_micros(999_999));
    assert_eq!(elsewhere.on_sale(later.id).await, Ok(Some(before)));
    setup.clock.forward(Duration::from_micros(1));
    is_new(elsewhere.on_sale(later.id).await.unwrap().unwrap());
}

#[tokio::test]
async fn what_is_not_on_sale_is_looked_for_once_a_second() {
    let setup = setup().await;
    let draft = setup.draft().await;
    let [here, elsewhere] = [0, 1].map(|_| SqlCatalogue::new(setup.database.clone(), setup.clock.clone()));
    assert_eq!(here.on_sale(draft.id).await, Ok(None));
    assert_eq!(elsewhere.on_sale(draft.id).await, Ok(None));

    let public = Performance { status: PerformanceStatus::Published, ..draft };
    let seats = seat_map().layout().unwrap().seat_count();
    here.publish(&public, Revision(1), Revision(1), seats, &[].into()).await.unwrap();
    assert!(here.on_sale(public.id).await.unwrap().is_some(), "what is saved here is seen at once");
    setup.clock.forward(Duration::from_micros(999_999));
    assert_eq!(elsewhere.on_sale(public.id).await, Ok(None));
    setup.clock.forward(Duration::from_micros(1));
    assert!(elsewhere.on_sale(public.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_layout_is_read_once() {
    let setup = setup().await;
    let performance = setup.on_sale().await;
    let first = setup.catalogue.on_sale(performance.id).await.unwrap().unwrap();
    setup.tamper("UPDATE seat_map SET sections = '[]'").await;
    setup.tamper("UPDATE venue SET name = 'Another'").await;
    setup.clock.forward(Duration::from_secs(1));
    let second = setup.catalogue.on_sale(performance.id).await.unwrap().unwrap();
    assert_eq!(second.venue.name, "Another", "it has been read again");
    assert!(Arc::ptr_eq(&first.layout, &second.layout));
}

#[tokio::test]
async fn what_is_read_again_and_has_not_changed_is_the_same() {
    let setup = setup().await;
    let performance = setup.on_sale().await;
    let first = setup.catalogue.on_sale(performance.id).await.unwrap().unwrap();
    setup.clock.forward(Duration::from_secs(1));
    let second = setup.catalogue.on_sale(performance.id).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_keep_what_is_old() {
    let setup = setup().await;
    let performance = setup.on_sale().await;
    setup.clock.forward(Duration::from_hours(1));
    setup.catalogue.on_sale(performance.id).await.unwrap().unwrap();
    setup.tamper("UPDATE venue SET name = 'Another'").await;
    setup.clock.set(crate::setup::NOW);
    let second = setup.catalogue.on_sale(performance.id).await.unwrap().unwrap();
    assert_eq!(second.venue.name, "Another");
}
