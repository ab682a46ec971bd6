//! Sales and prices, as buyers see them.

use super::forms::IdCursor;
use super::{Money, PageQuery, Timestamp, WaitingRoomDto};
use crate::extract::flag;
use crate::problem::Problem;
use frontrow_domain::{PriceList, PriceType, Sale, SeatNumber, Tier};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which performances to list.
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
    #[param(value_type = Option<IdCursor>)]
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

/// A sale that is open, or will be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SaleDto {
    /// Id of the sale; a hold names it where several are open.
    pub id: Uuid,
    /// Name of the sale, for people.
    pub name: String,
    /// The first instant at which seats can be held, in UTC.
    pub opens: Timestamp,
    /// The first instant at which they no longer can, in UTC.
    pub closes: Timestamp,
    /// The first instant at which nothing can be paid any more, in UTC. What is held keeps what it says then.
    pub pay_until: Timestamp,
    /// The first instant at which its owner can't cancel what was paid, in UTC. What is held keeps what it says then.
    pub cancel_until: Timestamp,
    /// How many seats one person may have in it.
    pub limit_per_person: u32,
    /// How long a hold lasts, in seconds.
    pub hold_seconds: u64,
    /// The queue in front of it: join it with `POST /v1/sales/{id}/queue-tokens`; `null` where there is none.
    #[schema(required = true)]
    pub waiting_room: Option<WaitingRoomDto>,
}

impl From<Sale> for SaleDto {
    fn from(sale: Sale) -> Self {
        Self {
            id: sale.id.uuid(),
            name: sale.name,
            opens: Timestamp::from(sale.opens),
            closes: Timestamp::from(sale.closes),
            pay_until: Timestamp::from(sale.pay_until),
            cancel_until: Timestamp::from(sale.cancel_until),
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
    /// What the seats cost, by tier.
    pub tiers: Vec<TierPrices>,
}

/// What the seats of a tier cost.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TierPrices {
    /// Code of the tier, as in the layout.
    pub code: String,
    /// Name of the tier, for people.
    pub name: String,
    /// The prices, by price type; the first applies to buyers who name none.
    pub prices: Vec<TypePrice>,
}

/// What a seat costs for one kind of buyer, fee and tax included.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TypePrice {
    /// Code of the price type; a hold names it as `price_type`.
    #[serde(rename = "type")]
    pub code: String,
    /// Name of the price type, for people.
    pub name: String,
    /// What is to be paid for one seat.
    pub price: Money,
}

impl PricesDto {
    /// The list, with what each type pays in each tier.
    pub fn of(list: &PriceList, currency: &str) -> Self {
        let price = |tier: &Tier, price_type: &PriceType| {
            let line_item = list.line_item(SeatNumber::FIRST, &tier.code, Some(&price_type.code))?;
            let (code, name) = (price_type.code.clone(), price_type.name.clone());
            Some(TypePrice { code, name, price: Money::of(line_item.paid, currency) })
        };
        let tier = |tier: &Tier| TierPrices {
            code: tier.code.clone(),
            name: tier.name.clone(),
            prices: list.types.iter().filter_map(|price_type| price(tier, price_type)).collect(),
        };
        Self { tiers: list.tiers.iter().map(tier).collect() }
    }
}
