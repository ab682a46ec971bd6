//! What operators put on sale.

use super::{Timestamp, WaitingRoomBody};
use crate::extract::{object, objects, some_object};
use frontrow_domain::{
    Concert, ConcertId, Instant, Performance, PerformanceId, PerformanceStatus, Points, PriceList, PriceType, Sale,
    SaleId, SeatMap, SeatRow, Section, SectionShape, Tier, Venue, VenueId,
};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// A venue, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Small Hall", "time_zone": "Asia/Seoul"}))]
pub struct VenueBody {
    /// For people.
    #[validate(length(min = 1, max = 200, message = "1 to 200 characters"))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// IANA name.
    #[validate(custom(function = time_zone))]
    #[schema(max_length = 64)]
    pub time_zone: String,
}

impl VenueBody {
    /// The venue of that id.
    pub fn into_venue(self, id: Uuid) -> Venue {
        Venue { id: VenueId::new(id), name: self.name, time_zone: self.time_zone }
    }
}

fn time_zone(name: &str) -> Result<(), validator::ValidationError> {
    let known = jiff::tz::db().get(name).is_ok();
    let detail = "an IANA time zone such as Asia/Seoul";
    if known { Ok(()) } else { Err(validator::ValidationError::new("time_zone").with_message(detail.into())) }
}

/// A seat map, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sections": [{"kind": "seated", "name": "A", "rows": [{"name": "1", "seats": 10, "tier": "R",
    "accessible": [1], "companion": [2], "blocked": []}]}, {"kind": "standing", "name": "FLOOR", "places": 100, "tier": "S"}]}))]
pub struct SeatMapBody {
    /// From the front to the back: 1 to 200.
    #[schema(min_items = 1, max_items = 200)]
    #[serde(deserialize_with = "objects")]
    pub sections: Vec<SectionBody>,
}

/// A part of the venue.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(try_from = "AnySection", tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SectionBody {
    /// Rows of seats.
    Seated {
        /// Unique within the map.
        name: String,
        /// From the front to the back: 1 to 500.
        rows: Vec<RowBody>,
    },
    /// Numbered places to stand.
    Standing {
        /// Unique within the map.
        name: String,
        /// How many.
        places: u32,
        /// Its price tier's code.
        tier: String,
    },
}

/// A section before its kind is known: all fields are read in place, so that a flaw can be named by its address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnySection {
    kind: String,
    name: String,
    #[serde(default, deserialize_with = "some_rows")]
    rows: Option<Vec<RowBody>>,
    #[serde(default, deserialize_with = "some")]
    places: Option<u32>,
    #[serde(default, deserialize_with = "some")]
    tier: Option<String>,
}

/// There or left out, but not `null`.
fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn some_rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<RowBody>>, D::Error> {
    objects(deserializer).map(Some)
}

impl TryFrom<AnySection> for SectionBody {
    type Error = &'static str;

    fn try_from(section: AnySection) -> Result<Self, Self::Error> {
        let AnySection { kind, name, rows, places, tier } = section;
        match (kind.as_str(), rows, places, tier) {
            ("seated", Some(rows), None, None) => Ok(Self::Seated { name, rows }),
            ("standing", None, Some(places), Some(tier)) => Ok(Self::Standing { name, places, tier }),
            ("seated", None, ..) => Err("missing field `rows`"),
            ("seated", _, Some(_), _) => Err("unknown field `places`, expected only `name` and `rows`"),
            ("seated", ..) => Err("unknown field `tier`, expected only `name` and `rows`"),
            ("standing", Some(_), ..) => Err("unknown field `rows`, expected only `name`, `places` and `tier`"),
            ("standing", _, None, _) => Err("missing field `places`"),
            ("standing", ..) => Err("missing field `tier`"),
            _ => Err("unknown field `kind`, expected `seated` or `standing`"),
        }
    }
}

/// A row of seats, numbered from 1.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowBody {
    /// Unique within the section.
    pub name: String,
    /// How many: 1 to 500.
    pub seats: u32,
    /// Their price tier's code.
    pub tier: String,
    /// Seats for people with a wheelchair or other needs.
    #[serde(default)]
    #[schema(value_type = Vec<u32>)]
    pub accessible: BTreeSet<u32>,
    /// Seats beside them.
    #[serde(default)]
    #[schema(value_type = Vec<u32>)]
    pub companion: BTreeSet<u32>,
    /// Seats that are not sold.
    #[serde(default)]
    #[schema(value_type = Vec<u32>)]
    pub blocked: BTreeSet<u32>,
}

impl SeatMapBody {
    /// The map of that venue and version.
    pub fn into_map(self, venue: Uuid, version: u32) -> SeatMap {
        let sections = self.sections.into_iter().map(Into::into).collect();
        SeatMap { venue: VenueId::new(venue), version, sections }
    }
}

impl From<SectionBody> for Section {
    fn from(section: SectionBody) -> Self {
        match section {
            SectionBody::Seated { name, rows } => {
                Self { name, shape: SectionShape::Seated { rows: rows.into_iter().map(Into::into).collect() } }
            }
            SectionBody::Standing { name, places, tier } => {
                Self { name, shape: SectionShape::Standing { places, tier } }
            }
        }
    }
}

impl From<RowBody> for SeatRow {
    fn from(row: RowBody) -> Self {
        Self {
            name: row.name,
            seats: row.seats,
            tier: row.tier,
            accessible: row.accessible,
            companion: row.companion,
            blocked: row.blocked,
        }
    }
}

/// A concert, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "First Light", "artist": "The Larks"}))]
pub struct ConcertBody {
    /// For people.
    #[validate(length(min = 1, max = 200, message = "1 to 200 characters"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// For people.
    #[validate(length(min = 1, max = 200, message = "1 to 200 characters"))]
    #[schema(min_length = 1, max_length = 200)]
    pub artist: String,
}

impl ConcertBody {
    /// The concert of that id.
    pub fn into_concert(self, id: Uuid) -> Concert {
        Concert { id: ConcertId::new(id), title: self.title, artist: self.artist }
    }
}

/// A performance, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"concert_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11", "venue_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12",
    "seat_map_version": 1, "starts_at": "2027-05-01T10:00:00Z", "prices": {"tiers": [{"code": "R", "name": "Royal",
    "list_price": 120_000}, {"code": "S", "name": "Standing", "list_price": 80_000}], "types": [{"code": "adult", "name": "Adult",
    "discount_percent": 0}, {"code": "child", "name": "Child", "discount_percent": 50}], "fee": 1000,
    "tax_basis_points": 1000}}))]
pub struct PerformanceBody {
    /// What is played.
    pub concert_id: Uuid,
    /// Where.
    pub venue_id: Uuid,
    /// Which seats.
    #[validate(range(min = 1, max = 2_147_483_647))]
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    pub seat_map_version: u32,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub starts_at: Timestamp,
    /// Up to when it may be held and paid although it has begun: from `starts_at` to 31 days after it. Left out, it is sold
    /// until it begins.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub sold_until: Option<Timestamp>,
    /// What the seats cost.
    #[validate(nested)]
    #[serde(deserialize_with = "object")]
    pub prices: PriceListBody,
}

/// A price list, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceListBody {
    /// By the tiers of the seat map: 1 to 50.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 50)]
    #[serde(deserialize_with = "objects")]
    pub tiers: Vec<TierBody>,
    /// The first is what a buyer gets who names none: 1 to 50.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 50)]
    #[serde(deserialize_with = "objects")]
    pub types: Vec<PriceTypeBody>,
    /// Added to every seat that is not free, in minor units.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub fee: i64,
    /// Tax contained in the price, in hundredths of a percent; shown, never added.
    #[serde(default)]
    #[validate(range(max = 10_000))]
    #[schema(maximum = 10_000)]
    pub tax_basis_points: u32,
}

/// A price tier, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierBody {
    /// As in the seat map.
    pub code: String,
    /// For people.
    pub name: String,
    /// In minor units.
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub list_price: i64,
}

/// A price type, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceTypeBody {
    /// What a hold names.
    pub code: String,
    /// For people.
    pub name: String,
    /// In percent of the list price.
    #[serde(default)]
    #[validate(range(max = 100))]
    #[schema(maximum = 100)]
    pub discount_percent: u32,
}

impl PerformanceBody {
    /// The performance of that id; a draft, unless it is more already.
    pub fn into_performance(self, id: Uuid) -> Performance {
        // The ranges have been checked.
        let points = |amount| Points::new(amount).unwrap_or(Points::ZERO);
        let PriceListBody { tiers, types, fee, tax_basis_points } = self.prices;
        let tier = |t: TierBody| Tier { code: t.code, name: t.name, list_price: points(t.list_price) };
        let price_type =
            |t: PriceTypeBody| PriceType { code: t.code, name: t.name, discount_percent: t.discount_percent };
        Performance {
            id: PerformanceId::new(id),
            concert: ConcertId::new(self.concert_id),
            venue: VenueId::new(self.venue_id),
            seat_map_version: self.seat_map_version,
            starts_at: self.starts_at.into(),
            sold_until: self.sold_until.map(Into::into),
            status: PerformanceStatus::Draft,
            prices: PriceList {
                tiers: tiers.into_iter().map(tier).collect(),
                types: types.into_iter().map(price_type).collect(),
                fee: points(fee),
                tax_basis_points,
            },
        }
    }
}

/// A sale, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "General sale", "performances": ["019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10"],
    "opens": "2027-01-01T00:00:00Z", "closes": "2027-05-01T09:00:00Z", "pay_until": "2027-05-01T09:30:00Z",
    "cancel_until": "2027-04-24T00:00:00Z", "limit_per_person": 4, "hold_seconds": 300,
    "waiting_room": {"lobby_opens": "2026-12-31T23:00:00Z", "capacity": 500, "rate_per_minute": 600, "burst": 10,
    "session_seconds": 600, "groups": [{"name": "General"}, {"name": "Fan club", "weight": 3, "code": "LARKS-2027"}],
    "draw": false, "strict": false, "leave_on_payment": false}}))]
pub struct SaleBody {
    /// For people.
    #[validate(length(min = 1, max = 200, message = "1 to 200 characters"))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What is sold: 1 to 100.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 100)]
    pub performances: BTreeSet<Uuid>,
    /// The first instant at which seats can be held.
    #[schema(value_type = String, format = "date-time")]
    pub opens: Timestamp,
    /// The first instant at which they no longer can.
    #[schema(value_type = String, format = "date-time")]
    pub closes: Timestamp,
    /// The first instant at which nothing can be paid any more; when a last hold lapses, if left out.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub pay_until: Option<Timestamp>,
    /// The first instant at which nothing can be cancelled any more; `closes`, if left out.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub cancel_until: Option<Timestamp>,
    /// Seats that one person may have: 1 to 50, 4 if left out.
    #[validate(range(min = 1, max = 50))]
    #[schema(minimum = 1, maximum = 50)]
    pub limit_per_person: Option<u32>,
    /// How long a hold lasts: 1 to 3600, 300 if left out.
    #[validate(range(min = 1, max = 3600))]
    #[schema(minimum = 1, maximum = 3600)]
    pub hold_seconds: Option<u64>,
    /// The line in front of it; none, if left out. Once the sale is public, it stays.
    #[validate(nested)]
    #[serde(default, deserialize_with = "some_object")]
    pub waiting_room: Option<WaitingRoomBody>,
}

impl SaleBody {
    /// The sale of that id; not public, unless it is already.
    pub fn into_sale(self, id: Uuid) -> Sale {
        let hold_duration = self.hold_seconds.map_or(Sale::DEFAULT_HOLD, Duration::from_secs);
        let closes = Instant::from(self.closes);
        Sale {
            id: SaleId::new(id),
            name: self.name,
            performances: self.performances.into_iter().map(PerformanceId::new).collect(),
            opens: self.opens.into(),
            closes,
            pay_until: self.pay_until.map_or(closes + hold_duration, Into::into),
            cancel_until: self.cancel_until.map_or(closes, Into::into),
            limit_per_person: self.limit_per_person.unwrap_or(Sale::DEFAULT_LIMIT),
            hold_duration,
            waiting_room: self.waiting_room.map(Into::into),
            published: false,
        }
    }
}

/// What became of something that was put, or of a performance.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "status": "draft"}))]
pub struct PutDto {
    /// The client's own id.
    pub id: Uuid,
    /// `draft`, `published`, `postponed` or `cancelled`; absent where there is no such thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}
