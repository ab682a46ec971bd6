//! Shapes that others are made of.

use crate::extract::{Cursor, page_request};
use crate::problem::Problem;
use frontrow_application::{Page, PageRequest};
use frontrow_domain::{Instant, Points};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use utoipa::{IntoParams, ToSchema};

/// A bound of a text or a list, as validation wants it.
pub(super) const fn length(bound: usize) -> u64 {
    bound as u64
}

/// An amount in minor units of the installation's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"amount": 120_000, "currency": "KRW"}))]
pub struct Money {
    /// Amount in minor units.
    pub amount: i64,
    /// Code of the currency, as in ISO 4217.
    pub currency: String,
}

impl Money {
    /// Points as money: 1 point is 1 minor unit.
    pub fn of(points: Points, currency: &str) -> Self {
        Self { amount: points.amount(), currency: currency.to_owned() }
    }
}

/// An instant: RFC 3339, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp(jiff::Timestamp);

impl From<Instant> for Timestamp {
    fn from(at: Instant) -> Self {
        let last = if at.micros() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Self(jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(last))
    }
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        Self::from_micros(at.0.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let expected = "a time as in RFC 3339, such as 2027-05-01T10:00:00Z, of the years 1970 to 9998";
        let at: jiff::Timestamp = text.parse().map_err(|_| serde::de::Error::custom(expected))?;
        let sane = (0..=253_370_764_800).contains(&at.as_second());
        if sane { Ok(Self(at)) } else { Err(serde::de::Error::custom(expected)) }
    }
}

/// Which part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items at most: 1 to 100, 20 if left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(max_length = 64)]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// The page that is asked for.
    pub fn page<C: Cursor, K>(&self, key: impl Fn(C) -> K) -> Result<PageRequest<K>, Problem> {
        page_request(self.limit.as_deref(), self.cursor.as_deref(), key)
    }
}

/// A part of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct List<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// What to ask with for the next page; `null` if this is the last one.
    #[schema(required = true, example = "AZoPDnwcex6eazpcL02OEA")]
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page as clients see it.
    pub fn of<S, K, C: Cursor>(page: Page<S, K>, item: impl FnMut(S) -> T, key: impl Fn(K) -> C) -> Self {
        let next_cursor = page.next.map(|next| key(next).encode());
        Self { items: page.items.into_iter().map(item).collect(), next_cursor }
    }
}
