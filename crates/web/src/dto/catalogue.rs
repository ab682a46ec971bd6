//! Concerts, performances and prices, as buyers see them.

use super::{Money, PageQuery, Timestamp, WaitingRoomDto};
use crate::extract::flag;
use crate::problem::Problem;
use frontrow_application::PerformanceView;
use frontrow_domain::{Concert, Instant, PriceList, PriceType, PublicStatus, Sale, SeatNumber, Tier, Venue};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A concert.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "title": "First Light", "artist": "The Larks"}))]
pub struct ConcertDto {
    /// Its own for good.
    pub id: Uuid,
    /// For people.
    pub title: String,
    /// For people.
    pub artist: String,
}

impl From<Concert> for ConcertDto {
    fn from(concert: Concert) -> Self {
        Self { id: concert.id.uuid(), title: concert.title, artist: concert.artist }
    }
}

/// Which performances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PerformanceQuery {
    /// Only those that can still be booked: `true` or `false`.
    #[param(value_type = Option<bool>)]
    pub bookable: Option<String>,
    /// Items at most: 1 to 100, 20 if left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(max_length = 64)]
    pub cursor: Option<String>,
}

impl PerformanceQuery {
    /// Whether only those are wanted that can be booked.
    pub fn bookable(&self) -> Result<bool, Problem> {
        flag("bookable", self.bookable.as_deref())
    }

    /// The page.
    pub fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit.clone(), cursor: self.cursor.clone() }
    }
}

/// A performance as buyers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "concert_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11",
    "venue": {"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12", "name": "Small Hall", "time_zone": "Asia/Seoul"},
    "starts_at": "2027-05-01T10:00:00Z", "sold_until": "2027-05-01T10:00:00Z", "time_zone": "Asia/Seoul", "status": "on_sale", "seat_count": 50, "available": 48,
    "seat_map_version": 1, "sales": [{"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13", "name": "General sale",
    "opens": "2027-01-01T00:00:00Z", "closes": "2027-05-01T09:00:00Z", "limit_per_person": 4, "hold_seconds": 300,
    "waiting_room": {"lobby_opens": "2026-12-31T23:00:00Z", "draw": false, "strict": false,
    "groups": [{"name": "General", "needs_code": false}]}}], "upcoming_sales": []}))]
pub struct PerformanceDto {
    /// Its own for good.
    pub id: Uuid,
    /// What is played.
    pub concert_id: Uuid,
    /// Where.
    pub venue: VenueDto,
    /// When, in UTC.
    pub starts_at: String,
    /// The first instant at which it can't be held or paid any more, in UTC: when it begins, unless an operator lets it be
    /// sold for longer.
    pub sold_until: String,
    /// The venue's IANA time zone.
    pub time_zone: String,
    /// `upcoming`, `on_sale`, `sold_out`, `closed`, `postponed` or `cancelled`.
    #[schema(value_type = String)]
    pub status: PublicStatus,
    /// How many seats there are.
    pub seat_count: u32,
    /// How many can be had.
    pub available: u32,
    /// Of its seats' layout.
    pub seat_map_version: u32,
    /// Its sales that are open.
    pub sales: Vec<SaleDto>,
    /// Its sales that will open; the lobby of a waiting room may be open already.
    pub upcoming_sales: Vec<SaleDto>,
}

/// Where.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VenueDto {
    /// Its own for good.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
}

/// A sale that is open, or will be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SaleDto {
    /// What a hold names where several are open.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// In UTC.
    pub opens: String,
    /// In UTC.
    pub closes: String,
    /// Seats per person.
    pub limit_per_person: u32,
    /// How long a hold lasts.
    pub hold_seconds: u64,
    /// The line in front of it: join it with `POST /v1/sales/{id}/queue-tokens`; `null` where there is none.
    #[schema(required = true)]
    pub waiting_room: Option<WaitingRoomDto>,
}

impl PerformanceDto {
    /// The performance as it is now.
    pub fn of(view: PerformanceView, now: Instant) -> Self {
        let on_sale = &view.on_sale;
        let performance = &on_sale.performance;
        let upcoming = on_sale.sales.iter().filter(|sale| now < sale.opens);
        Self {
            id: performance.id.uuid(),
            concert_id: performance.concert.uuid(),
            venue: on_sale.venue.clone().into(),
            starts_at: Timestamp::from(performance.starts_at).to_string(),
            sold_until: Timestamp::from(performance.sold_until()).to_string(),
            time_zone: on_sale.venue.time_zone.clone(),
            status: view.status,
            seat_count: on_sale.layout.seat_count(),
            available: view.available,
            seat_map_version: performance.seat_map_version,
            upcoming_sales: upcoming.cloned().map(Into::into).collect(),
            sales: view.open_sales.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Venue> for VenueDto {
    fn from(venue: Venue) -> Self {
        Self { id: venue.id.uuid(), name: venue.name, time_zone: venue.time_zone }
    }
}

impl From<Sale> for SaleDto {
    fn from(sale: Sale) -> Self {
        Self {
            id: sale.id.uuid(),
            name: sale.name,
            opens: Timestamp::from(sale.opens).to_string(),
            closes: Timestamp::from(sale.closes).to_string(),
            limit_per_person: sale.limit_per_person,
            hold_seconds: sale.hold_duration.as_secs(),
            waiting_room: sale.waiting_room.map(Into::into),
        }
    }
}

/// A price list as buyers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"tiers": [{"code": "R", "name": "Royal", "prices": [{"type": "adult", "name": "Adult",
    "price": {"amount": 120_000, "currency": "KRW"}}]}]}))]
pub struct PricesDto {
    /// By tier.
    pub tiers: Vec<TierPrices>,
}

/// What the seats of a tier cost.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TierPrices {
    /// As in the layout.
    pub code: String,
    /// For people.
    pub name: String,
    /// By price type; the first is what a buyer gets who names none.
    pub prices: Vec<TypePrice>,
}

/// What a seat costs for one kind of buyer, fee and tax included.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TypePrice {
    /// What a hold names as `price_type`.
    #[serde(rename = "type")]
    pub code: String,
    /// For people.
    pub name: String,
    /// To be paid.
    pub price: Money,
}

impl PricesDto {
    /// The list, with what each type pays in each tier.
    pub fn of(list: &PriceList, currency: &str) -> Self {
        let price = |tier: &Tier, price_type: &PriceType| {
            let line = list.line(SeatNumber::FIRST, &tier.code, Some(&price_type.code))?;
            let (code, name) = (price_type.code.clone(), price_type.name.clone());
            Some(TypePrice { code, name, price: Money::of(line.paid, currency) })
        };
        let tier = |tier: &Tier| TierPrices {
            code: tier.code.clone(),
            name: tier.name.clone(),
            prices: list.types.iter().filter_map(|price_type| price(tier, price_type)).collect(),
        };
        Self { tiers: list.tiers.iter().map(tier).collect() }
    }
}
