//! Shapes that others are made of.

use super::forms::{Currency, IdCursor};
use crate::extract::{Cursor, page_request};
use crate::problem::Problem;
use frontrow_application::{Page, PageRequest};
use frontrow_domain::{Instant, Points, text_flaw};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use validator::ValidationError;

/// An enum as clients see it, made of the domain's own, which has the same variants.
macro_rules! shown {
    ($(#[doc = $doc:literal])+ $name:ident from $of:ident { $($(#[doc = $of_variant:literal])+ $variant:ident,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[doc = $of_variant])+ $variant,)+ }

        impl From<$of> for $name {
            fn from(shown: $of) -> Self {
                match shown { $($of::$variant => Self::$variant,)+ }
            }
        }
    };
}
pub(super) use shown;

/// A bound of a text or a list, as validation wants it.
pub(super) const fn length(bound: usize) -> u64 {
    bound as u64
}

/// A text for people, as validation wants it.
pub(super) fn text(text: &str, most: usize) -> Result<(), ValidationError> {
    let flaw = text_flaw(text, most);
    flaw.map_or(Ok(()), |detail| Err(ValidationError::new("text").with_message(detail.into())))
}

/// An amount in minor units of the installation's currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"amount": 120_000, "currency": "KRW"}))]
pub struct Money {
    /// Amount in minor units.
    pub amount: i64,
    /// Code of the currency, as in ISO 4217.
    #[schema(value_type = Currency)]
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

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Timestamp {}

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
        let sane = |at: &jiff::Timestamp| (0..Self::YEAR_9999).contains(&at.as_microsecond());
        rfc3339(&text).filter(sane).map(Self).ok_or_else(|| serde::de::Error::custom(expected))
    }
}

impl Timestamp {
    /// Microseconds from 1970 to the first year that can't be said any more, because its last day is in another one elsewhere.
    const YEAR_9999: i64 = 253_370_764_800_000_000;
}

/// The time that is written exactly as RFC 3339 says: with `T`, seconds and an offset, `T` and `Z` in either case, and at
/// most nine digits of a second. A leap second has no instant of its own, so it isn't one here.
fn rfc3339(text: &str) -> Option<jiff::Timestamp> {
    let like = |text: &str, form: &str| {
        let fits = |(c, form): (u8, u8)| if form == b'0' { c.is_ascii_digit() } else { c == form };
        text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
    };
    let upper = text.to_ascii_uppercase();
    let (time, rest) = upper.split_at_checked("0000-00-00T00:00:00".len())?;
    let fraction = rest.strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let offset = fraction.map_or(Some(rest), |digits| (1..=9).contains(&digits).then(|| &rest[1 + digits..]))?;
    let (hours, minutes) = (offset.get(1..3), offset.get(4..6));
    let east_or_west = (like(offset, "+00:00") || like(offset, "-00:00"))
        && hours.is_some_and(|hours| hours < "24")
        && minutes.is_some_and(|minutes| minutes < "60");
    let is_rfc3339 = like(time, "0000-00-00T00:00:00") && &time[17..] < "60" && (offset == "Z" || east_or_west);
    is_rfc3339.then(|| upper.parse().ok())?
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
    #[param(value_type = Option<IdCursor>)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339_says() {
        for (text, at) in [
            ("2027-05-01T10:00:00Z", "2027-05-01T10:00:00Z"),
            ("2027-05-01t10:00:00z", "2027-05-01T10:00:00Z"),
            ("2027-05-01T19:00:00+09:00", "2027-05-01T10:00:00Z"),
            ("2027-05-01T10:00:00-00:00", "2027-05-01T10:00:00Z"),
            ("2027-05-01T00:00:00-23:59", "2027-05-01T23:59:00Z"),
            ("2027-05-01T10:00:00.123456789Z", "2027-05-01T10:00:00.123456789Z"),
            ("2028-02-29T23:59:59.9+00:00", "2028-02-29T23:59:59.9Z"),
        ] {
            assert_eq!(rfc3339(text).map(|at| at.to_string()).as_deref(), Some(at), "{text}");
        }
    }

    #[test]
    fn nothing_laxer_is_a_time() {
        for text in [
            "",
            "Z",
            "2027-05-01",
            "2027-05-01 10:00:00Z",
            "2027-05-01T10:00Z",
            "2027-05-01T10Z",
            "2027-05-01T10:00:00",
            "2027-05-01T10:00:60Z",
            "2016-12-31T23:59:60Z",
            "2027-05-01T24:00:00Z",
            "2027-05-01T10:60:00Z",
            "2027-02-29T10:00:00Z",
            "2027-13-01T10:00:00Z",
            "2027-00-01T10:00:00Z",
            "2027-05-01T10:00:00[Asia/Seoul]",
            "2027-05-01T10:00:00Z[UTC]",
            "2027-05-01T10:00:00+09:00[Asia/Seoul]",
            "2027-05-01T10:00:00+25:00",
            "2027-05-01T10:00:00+24:00",
            "2027-05-01T10:00:00+09:60",
            "2027-05-01T10:00:00+0900",
            "2027-05-01T10:00:00+09",
            "2027-05-01T10:00:00+09:00:00",
            "2027-05-01T10:00:00 Z",
            "20270501T100000Z",
            "+002027-05-01T10:00:00Z",
            "-002027-05-01T10:00:00Z",
            "2027-05-01T10:00:00,5Z",
            "2027-05-01T10:00:00.Z",
            "2027-05-01T10:00:00.1234567891Z",
            " 2027-05-01T10:00:00Z",
            "2027-05-01T10:00:00Z ",
            "2027-05-01T10:00:00\u{2212}09:00",
            "2027-121T10:00:00Z",
            "2027-W17-6T10:00:00Z",
            "2027-05-01T10:00:00ZZ",
            "２０２７-05-01T10:00:00Z",
        ] {
            assert_eq!(rfc3339(text), None, "{text:?}");
        }
    }

    #[test]
    fn times_are_of_the_years_1970_to_9998() {
        let read = |text: &str| serde_json::from_value::<Timestamp>(text.into()).is_ok();
        for (text, fits) in [
            ("1969-12-31T23:59:59.999999Z", false),
            ("1970-01-01T00:00:00Z", true),
            ("9998-12-31T23:59:59.999999Z", true),
            ("9999-01-01T00:00:00Z", false),
            ("9999-01-01T00:00:00+01:00", true),
        ] {
            assert_eq!(read(text), fits, "{text}");
        }
    }
}
