//! Everything that a request could have changed, as the stores see it.

use crate::theatre::{CONCERT, OTHER_SALE, PERFORMANCE, SALE, Theatre, VENUE};
use frontrow_application::PageRequest;
use frontrow_application::port::{
    AccountRepository, ConcertRepository, IdempotencyRecordReader, NumberDispenser, Outbox, PerformanceRepository,
    QueueStore, ReservationReader, SaleRepository, SeatReader, VenueRepository, WalletReader,
};
use frontrow_domain::{BuyerKey, CommandKey, ConcertId, Instant, PerformanceId, SaleId, UserId, VenueId};
use uuid::Uuid;

fn id(text: &str) -> Uuid {
    text.parse().unwrap()
}

pub async fn seen(theatre: &Theatre) -> Vec<String> {
    let mut seen = catalogue(theatre).await;
    for name in ["kim", "lee", "operator"] {
        let email = format!("{name}@example.com").parse().unwrap();
        let known = theatre.memory.by_email(&email).await.unwrap();
        seen.push(format!("{:?}", known.as_ref().map(|credentials| &credentials.user)));
        if let Some(credentials) = known {
            seen.extend(person(theatre, credentials.user.id).await);
        }
    }
    seen
}

async fn catalogue(theatre: &Theatre) -> Vec<String> {
    let memory = &theatre.memory;
    let (venue, performance) = (VenueId::new(id(VENUE)), PerformanceId::new(id(PERFORMANCE)));
    let mut seen = vec![
        format!("{:?}", memory.venue(venue).await),
        format!("{:?}", memory.concert(ConcertId::new(id(CONCERT))).await),
        format!("{:?}", memory.performance(performance).await),
        format!("{:?}", memory.not_free(performance).await),
        format!("{:?}", memory.unsettled(Instant::from_micros(i64::MIN), Instant::from_micros(i64::MAX), 100).await),
    ];
    for version in 1..=3 {
        seen.push(format!("{:?}", memory.seat_map(venue, version).await));
    }
    for sale in [SALE, OTHER_SALE] {
        let sale = SaleId::new(id(sale));
        seen.push(format!("{:?}", memory.sale(sale).await));
        seen.push(format!("{:?}", memory.queue(sale).await));
        seen.push(format!("{:?}", memory.issued(sale, 4).await));
    }
    seen.push(format!("{:?}", memory.operator_actions()));
    seen.push(format!("{:?}", memory.due(Instant::from_micros(i64::MAX), 100).await));
    seen
}

async fn person(theatre: &Theatre, user: UserId) -> Vec<String> {
    let memory = &theatre.memory;
    let reservations = memory.reservations_of(user, PageRequest::new(100, None).unwrap()).await.unwrap();
    let mut seen = vec![
        format!("{reservations:?}"),
        format!("{:?}", memory.account(user).await.map(|account| account.map(|account| account.email_verified))),
        format!("{:?}", memory.balance(user).await),
        format!("{:?}", WalletReader::entries(&**memory, user, PageRequest::new(100, None).unwrap()).await),
        format!("{:?}", memory.idempotency_record(&CommandKey::new(user, "good-1").unwrap()).await),
        format!("{:?}", memory.whereabouts(BuyerKey { sale: SaleId::new(id(SALE)), user }).await),
    ];
    for reservation in reservations.items {
        seen.push(format!("{:?}", memory.tickets(reservation.id).await));
    }
    seen
}
