//! A box office of a team's own: Frontrow's use cases on the in-memory store, without its server, accounts or waiting
//! rooms. `docs/library.md` explains it step by step.

use frontrow_adapters::{
    Ed25519TicketSigner, IanaTimeZones, InstanceLimits, LimitSettings, Memory, SandboxGateway, SystemClock, TokenKey,
    UuidV7Source, sha256,
};
use frontrow_application::port::{Clock, IdSource};
use frontrow_application::{
    ActingOperator, BookingPorts, BookingUseCases, ChargeWalletRequest, Chore, HoldRequest, ManageConcerts,
    ManagePerformances, ManageSales, ManageVenues, RequestKey, ReservationRequest, SeatChoice, Upkeep,
};
use frontrow_domain::{
    Concert, ConcertId, Performance, PerformanceId, Points, PriceList, PriceType, Sale, SaleId, SeatMap, SeatRow,
    Section, Tier, UserId, Venue, VenueId,
};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One store for everything, and the small adapters that Frontrow brings along.
fn ports(memory: &Arc<Memory>) -> BookingPorts {
    let clock = Arc::new(SystemClock);
    let cooldown = Arc::new(InstanceLimits::new(clock.clone(), &LimitSettings::default()));
    BookingPorts {
        store: memory.clone(),
        idempotency_records: memory.clone(),
        on_sale: memory.clone(),
        seat_snapshots: memory.clone(),
        browsed_seats: memory.clone(),
        reservations: memory.clone(),
        wallets: memory.clone(),
        housekeeping: memory.clone(),
        chores: memory.clone(),
        cooldown,
        tickets: Arc::new(Ed25519TicketSigner::new(&TokenKey { id: "a".into(), secret: [7; 32] }, &[])), // your own secret
        gateway: Arc::new(SandboxGateway::new()), // your own `PaymentGateway`
        clock,
        ids: Arc::new(UuidV7Source),
    }
}

/// A hall of ten seats, one concert, one sale that is open.
async fn put_on_sale(memory: &Arc<Memory>) -> Result<PerformanceId> {
    let (by, now, id) = (ActingOperator::at_the_console(), SystemClock.now(), || UuidV7Source.id());
    let venues = ManageVenues { venues: memory.clone(), time_zones: Arc::new(IanaTimeZones) };
    let venue = Venue::new(VenueId::new(id()), "Small Hall", "Asia/Seoul");
    venues.put(by, &venue, None).await?;
    let row = SeatRow { name: "1".into(), seats: 10, tier: "R".into(), ..SeatRow::default() };
    let section = Section::seated("A", vec![row]);
    venues.put_seat_map(by, &SeatMap::new(venue.id, 1, vec![section]), None).await?;

    let concert = Concert::new(ConcertId::new(id()), "First Light", "The Larks");
    ManageConcerts { concerts: memory.clone() }.put(by, &concert, None).await?;

    let prices = PriceList {
        tiers: vec![Tier { code: "R".into(), name: "Royal".into(), list_price: Points::new(120_000)? }],
        types: vec![PriceType { code: "adult".into(), name: "Adult".into(), discount_percent: 0 }],
        fee: Points::ZERO,
        tax_basis_points: 0,
    };
    let starts_at = now + Duration::from_hours(48);
    let performance = Performance::draft(PerformanceId::new(id()), concert.id, venue.id, 1, starts_at, prices);
    let performances = ManagePerformances {
        performances: memory.clone(),
        venues: memory.clone(),
        concerts: memory.clone(),
        clock: Arc::new(SystemClock),
    };
    performances.put(by, &performance, None).await?;
    performances.publish(by, performance.id).await?;

    let sales = ManageSales {
        sales: memory.clone(),
        performances: memory.clone(),
        on_sale: memory.clone(),
        waiting_rooms: false,
        ids: Arc::new(UuidV7Source),
        clock: Arc::new(SystemClock),
    };
    let closes = now + Duration::from_hours(24);
    let sale = Sale {
        id: SaleId::new(id()),
        name: "General sale".into(),
        performances: [performance.id].into(),
        opens: now,
        closes,
        pay_until: closes + Sale::DEFAULT_HOLD,
        cancel_until: closes,
        limit_per_person: Sale::DEFAULT_LIMIT_PER_PERSON,
        hold_duration: Sale::DEFAULT_HOLD,
        waiting_room: None,
        published: false,
    };
    sales.put(by, &sale, None, false).await?;
    sales.publish(by, sale.id, false).await?;
    Ok(performance.id)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let memory = Arc::new(Memory::default());
    let office = BookingUseCases::new(&ports(&memory));
    let performance = put_on_sale(&memory).await?;
    let user = UserId::new(UuidV7Source.id()); // from your own accounts

    // Hold a seat. The key makes a repetition harmless: it is answered with the same reservation.
    let request = RequestKey::new(user, "tap-1", "hold", b"A-1-7", sha256)?;
    let seats = vec![SeatChoice { label: "A-1-7".parse()?, price_type: None }];
    let hold = HoldRequest { performance, sale: None, seats, request };
    let (reservation, _) = office.hold.run(hold.clone()).await?;
    assert_eq!(office.hold.run(hold.clone()).await?.0, reservation);
    // The same key for another seat is refused.
    let request = RequestKey::new(user, "tap-1", "hold", b"A-1-8", sha256)?;
    let seats = vec![SeatChoice { label: "A-1-8".parse()?, price_type: None }];
    assert!(office.hold.run(HoldRequest { seats, request, ..hold }).await.is_err());

    // Charge the wallet through the gateway, then pay with points.
    let amount = reservation.amount;
    let request = RequestKey::new(user, "tap-2", "charge", amount.to_string().as_bytes(), sha256)?;
    let payment_token = SandboxGateway::ACCEPT.to_owned();
    office.charge.run(ChargeWalletRequest { amount, payment_token, request }).await?;
    let request = RequestKey::new(user, "tap-3", "pay", reservation.id.to_string().as_bytes(), sha256)?;
    let paid = office.pay.run(ReservationRequest { reservation: reservation.id, request }).await?;
    let tickets = office.reservations.print(&paid.tickets, &paid.on_sale);
    assert_eq!(tickets.len(), 1);

    // What has to be done again and again: a timer for each chore, on whatever runtime you have.
    let upkeep = Upkeep::of_bookings(&office, Duration::from_secs(5));
    for chore in upkeep.chores() {
        while upkeep.run(chore).await?.is_some_and(|round| round.again) {}
        let pause = upkeep.every(chore); // then wait that long, and run it again
        assert!(pause > Duration::ZERO);
    }
    assert!(upkeep.run(Chore::ExpireHolds).await?.is_none(), "the next round is not due yet");
    Ok(())
}

#[test]
fn a_box_office_sells_a_seat() {
    main().unwrap();
}

#[test]
fn the_page_about_the_library_shows_this_example() {
    let page = include_str!("../docs/library.md");
    let lines: Vec<&str> = include_str!("box_office.rs").lines().map(str::trim).collect();
    let shown = page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next());
    let shown: Vec<&str> = shown.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(shown.len() > 20);
    for line in shown {
        assert!(lines.contains(&line), "docs/library.md shows what examples/box_office.rs has not: {line}");
    }
}
