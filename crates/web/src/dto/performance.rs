//! A performance, as an operator puts it and as buyers see it.

use super::common::shown;
use super::forms::{PriceTypeCode, ShortName, TierCode, Time};
use super::{SaleDto, Timestamp, VenueDto};
use crate::extract::{object, objects};
use frontrow_application::PerformanceView;
use frontrow_domain::{
    ConcertId, Performance, PerformanceId, PerformanceStatus, Points, PriceList, PriceType, PublicStatus, SeatMap,
    Tier, VenueId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// A performance, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"concert_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11", "venue_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12",
    "seat_map_version": 1, "starts_at": "2027-05-01T10:00:00Z", "doors_at": "2027-05-01T09:00:00Z", "prices": {"tiers": [{"code": "R", "name": "Royal",
    "list_price": 120_000}, {"code": "S", "name": "Standing", "list_price": 80_000}], "types": [{"code": "adult", "name": "Adult",
    "discount_percent": 0}, {"code": "child", "name": "Child", "discount_percent": 50}], "fee": 1000,
    "tax_basis_points": 1000}}))]
pub struct PerformanceBody {
    /// Id of the concert that is played.
    pub concert_id: Uuid,
    /// Id of the venue where it takes place.
    pub venue_id: Uuid,
    /// Version of the venue's seat map that it is sold by.
    #[validate(range(min = 1, max = SeatMap::LAST_VERSION))]
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    pub seat_map_version: u32,
    /// When it starts.
    #[schema(value_type = Time)]
    pub starts_at: Timestamp,
    /// When people are let in: no later than `starts_at`.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    pub doors_at: Option<Timestamp>,
    /// Up to when it may be held and paid although it has begun: from `starts_at` to 31 days after it. Left out, it is sold
    /// until it begins.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    pub sold_until: Option<Timestamp>,
    /// Up to when everybody may give back what they have paid for it, whatever their sale says: for a performance that
    /// takes place at another time. Once it is public, this never becomes earlier.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    pub give_back_until: Option<Timestamp>,
    /// What the seats cost.
    #[validate(nested)]
    #[serde(deserialize_with = "object")]
    pub prices: PriceListBody,
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
            doors_at: self.doors_at.map(Into::into),
            sold_until: self.sold_until.map(Into::into),
            give_back_until: self.give_back_until.map(Into::into),
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

impl From<Performance> for PerformanceBody {
    fn from(performance: Performance) -> Self {
        let PriceList { tiers, types, fee, tax_basis_points } = performance.prices;
        let tier = |t: Tier| TierBody { code: t.code, name: t.name, list_price: t.list_price.amount() };
        let price_type =
            |t: PriceType| PriceTypeBody { code: t.code, name: t.name, discount_percent: t.discount_percent };
        Self {
            concert_id: performance.concert.uuid(),
            venue_id: performance.venue.uuid(),
            seat_map_version: performance.seat_map_version,
            starts_at: performance.starts_at.into(),
            doors_at: performance.doors_at.map(Into::into),
            sold_until: performance.sold_until.map(Into::into),
            give_back_until: performance.give_back_until.map(Into::into),
            prices: PriceListBody {
                tiers: tiers.into_iter().map(tier).collect(),
                types: types.into_iter().map(price_type).collect(),
                fee: fee.amount(),
                tax_basis_points,
            },
        }
    }
}

shown! {
    /// What can be done with a performance.
    PublicStatusDto from PublicStatus {
        /// A sale will open.
        Upcoming,
        /// A sale is open, and there are seats.
        OnSale,
        /// A sale is open, and no seat is available; holds may still lapse.
        SoldOut,
        /// No sale is open, and none will.
        Closed,
        /// It takes place at another time.
        Postponed,
        /// It does not take place.
        Cancelled,
    }
}

/// A performance as buyers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "concert_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11",
    "venue": {"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12", "name": "Small Hall", "time_zone": "Asia/Seoul",
    "address": {"street": ["424 Olympic-ro", "Songpa-gu"], "postal_code": "05540", "city": "Seoul", "country": "KR"}},
    "starts_at": "2027-05-01T10:00:00Z", "doors_at": "2027-05-01T09:00:00Z", "sold_until": "2027-05-01T10:00:00Z", "give_back_until": null, "time_zone": "Asia/Seoul", "status": "on_sale", "seat_count": 50, "available": 48,
    "seat_map_version": 1, "sales": [{"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13", "name": "General sale",
    "opens": "2027-01-01T00:00:00Z", "closes": "2027-05-01T09:00:00Z", "pay_until": "2027-05-01T09:30:00Z", "cancel_until": "2027-04-24T00:00:00Z", "limit_per_person": 4, "hold_seconds": 300,
    "waiting_room": {"lobby_opens": "2026-12-31T23:00:00Z", "draw": false, "strict": false,
    "groups": [{"name": "General", "needs_code": false}]}}], "upcoming_sales": []}))]
pub struct PerformanceDto {
    /// Id of the performance; it never changes.
    pub id: Uuid,
    /// Id of the concert that is played.
    pub concert_id: Uuid,
    /// The venue where it takes place.
    pub venue: VenueDto,
    /// When it starts, in UTC.
    pub starts_at: Timestamp,
    /// When people are let in, in UTC; `null` if nobody has said.
    #[schema(required = true)]
    pub doors_at: Option<Timestamp>,
    /// The first instant at which it can't be held or paid any more, in UTC: when it begins, unless an operator lets it be
    /// sold for longer.
    pub sold_until: Timestamp,
    /// Up to when everybody may give back what they have paid for it, whatever their sale says, in UTC; `null` unless an
    /// operator has said so.
    #[schema(required = true)]
    pub give_back_until: Option<Timestamp>,
    /// The venue's IANA time zone.
    pub time_zone: String,
    /// What can be done with it now.
    pub status: PublicStatusDto,
    /// How many seats there are.
    pub seat_count: u32,
    /// How many of them can be had.
    pub available: u32,
    /// Version of the seat map that its seats are numbered by.
    pub seat_map_version: u32,
    /// Its sales that are open.
    pub sales: Vec<SaleDto>,
    /// Its sales that will open; the lobby of a waiting room may be open already.
    pub upcoming_sales: Vec<SaleDto>,
}

impl PerformanceDto {
    /// The performance as it is now.
    pub fn of(view: &PerformanceView) -> Self {
        let on_sale = &view.of.on_sale;
        let performance = &on_sale.performance;
        Self {
            id: performance.id.uuid(),
            concert_id: performance.concert.uuid(),
            venue: on_sale.venue.clone().into(),
            starts_at: Timestamp::from(performance.starts_at),
            doors_at: performance.doors_at.map(Into::into),
            sold_until: Timestamp::from(performance.sold_until()),
            give_back_until: performance.give_back_until.map(Into::into),
            time_zone: on_sale.venue.time_zone.clone(),
            status: view.status.into(),
            seat_count: on_sale.layout.seat_count(),
            available: view.of.available(),
            seat_map_version: performance.seat_map_version,
            upcoming_sales: view.upcoming_sales().cloned().map(Into::into).collect(),
            sales: view.open_sales().cloned().map(Into::into).collect(),
        }
    }
}

/// A price list, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceListBody {
    /// The price tiers, one for each tier of the seat map: 1 to 50.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 50)]
    #[serde(deserialize_with = "objects")]
    pub tiers: Vec<TierBody>,
    /// The price types, of which the first applies to buyers who name none: 1 to 50.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 50)]
    #[serde(deserialize_with = "objects")]
    pub types: Vec<PriceTypeBody>,
    /// Added to every seat that is not free, in minor units.
    #[serde(default)]
    #[validate(range(min = 0, max = PriceList::MAX_PRICE))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub fee: i64,
    /// Tax contained in the price, in hundredths of a percent; shown, never added.
    #[serde(default)]
    #[validate(range(max = PriceList::MAX_TAX))]
    #[schema(maximum = 10_000)]
    pub tax_basis_points: u32,
}

/// A price tier, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierBody {
    /// Code of the tier, as in the seat map.
    #[schema(value_type = TierCode)]
    pub code: String,
    /// Name of the tier, for people.
    #[schema(value_type = ShortName)]
    pub name: String,
    /// List price of one seat, in minor units.
    #[validate(range(min = 0, max = PriceList::MAX_PRICE))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub list_price: i64,
}

/// A price type, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceTypeBody {
    /// Code of the price type; a hold names it.
    #[schema(value_type = PriceTypeCode)]
    pub code: String,
    /// Name of the price type, for people.
    #[schema(value_type = ShortName)]
    pub name: String,
    /// Discount, in percent of the list price.
    #[serde(default)]
    #[validate(range(max = PriceList::MAX_DISCOUNT))]
    #[schema(maximum = 100)]
    pub discount_percent: u32,
}
