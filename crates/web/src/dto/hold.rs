//! Which seats to hold, as a buyer says it.

use super::common::length;
use super::forms::{Label, PriceTypeCode, TierCode};
use crate::problem::{FieldError, Problem};
use frontrow_application::SeatChoice;
use frontrow_domain::{Hold, PriceList, SeatLabel, SeatMap, Wish};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;
use validator::Validate;

/// Which seats to hold.
#[derive(Clone, Debug, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct HoldBody {
    /// The seats: 1 to 50, each once; or `best_available` instead.
    #[validate(length(min = 1, max = u64::from(Hold::MAX_SEATS), message = "seats"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<Vec<SeatBody>>,
    /// What the seats have to be, if the server is to choose them; or `seats` instead.
    #[validate(nested)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_available: Option<BestBody>,
    /// Id of the sale to hold them under; needed where several are open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale_id: Option<Uuid>,
}

/// One or the other, so that no client sends both.
impl PartialSchema for HoldBody {
    fn schema() -> RefOr<Schema> {
        let kinds = OneOfBuilder::new()
            .item(Ref::from_schema_name(HoldNamedBody::name()))
            .item(Ref::from_schema_name(HoldBestBody::name()))
            .description(Some("Which seats to hold: those that are named, or the best that are left."));
        kinds.into()
    }
}

impl ToSchema for HoldBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((HoldNamedBody::name().into(), HoldNamedBody::schema()));
        HoldNamedBody::schemas(schemas);
        schemas.push((HoldBestBody::name().into(), HoldBestBody::schema()));
        HoldBestBody::schemas(schemas);
    }
}

/// Seats to hold that are named.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"seats": ["A-1-3", {"label": "A-1-4", "price_type": "child"}]}))]
#[expect(dead_code, reason = "what describes a body is never made")]
pub struct HoldNamedBody {
    /// The seats: 1 to 50, each once.
    #[schema(min_items = 1, max_items = 50)]
    seats: Vec<SeatBody>,
    /// Id of the sale to hold them under; needed where several are open.
    sale_id: Option<Uuid>,
}

/// Seats to hold that the server chooses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"best_available": {"count": 2, "tier": "R"}}))]
#[expect(dead_code, reason = "what describes a body is never made")]
pub struct HoldBestBody {
    /// What the seats have to be.
    best_available: BestBody,
    /// Id of the sale to hold them under; needed where several are open.
    sale_id: Option<Uuid>,
}

/// What the best seats have to be.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"count": 2, "tier": "R"}))]
pub struct BestBody {
    /// How many seats: side by side in one row; where people stand, any spots of one section.
    #[validate(range(min = 1, max = Hold::MAX_SEATS, message = "seats"))]
    #[schema(minimum = 1, maximum = 50)]
    pub count: u32,
    /// Code of the price tier.
    #[validate(length(min = 1, max = length(SeatMap::MAX_TIER), message = "characters"))]
    #[schema(value_type = TierCode)]
    pub tier: String,
    /// Whether one of them has to be accessible. Accessible seats, and those of companions beside them, go to nobody
    /// else.
    #[serde(default)]
    pub accessible: bool,
    /// Code of the price type of them all, such as `child`; the price list's first type if it is left out.
    #[validate(length(min = 1, max = length(PriceList::MAX_TYPE), message = "characters"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PriceTypeCode>)]
    pub price_type: Option<String>,
}

/// What a hold asks for.
pub enum HoldChoice {
    /// These seats.
    Seats(Vec<SeatChoice>),
    /// The best ones, for that price type.
    Best(Wish, Option<String>),
}

/// A seat: its label, or its label and for whom it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SeatBody {
    /// The label of a seat, for the price list's first type.
    #[schema(value_type = Label)]
    Label(String),
    /// The label of a seat, and its price type.
    Typed(TypedSeat),
}

/// A seat, and for whom it is.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypedSeat {
    /// Label of the seat, such as `A-1-12`.
    #[schema(value_type = Label)]
    pub label: String,
    /// Code of the price type, such as `child`; the price list's first type if it is left out.
    #[schema(value_type = Option<PriceTypeCode>)]
    pub price_type: Option<String>,
}

/// Derived code would not say where in the object a flaw is.
impl<'de> Deserialize<'de> for SeatBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SeatVisitor)
    }
}

struct SeatVisitor;

impl<'de> Visitor<'de> for SeatVisitor {
    type Value = SeatBody;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a label such as "A-1-12", or {"label": …, "price_type": …}"#)
    }

    fn visit_str<E: de::Error>(self, label: &str) -> Result<SeatBody, E> {
        Ok(SeatBody::Label(label.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SeatBody, A::Error> {
        TypedSeat::deserialize(MapAccessDeserializer::new(map)).map(SeatBody::Typed)
    }
}

impl HoldBody {
    /// Either seats or a wish; or what is wrong with them.
    pub fn choice(&self) -> Result<HoldChoice, Problem> {
        match (&self.seats, &self.best_available) {
            (Some(seats), None) => choices(seats).map(HoldChoice::Seats),
            (None, Some(best)) => Ok(HoldChoice::Best(best.wish(), best.price_type.clone())),
            (None, None) => Err(flaw("/seats", "required", "either seats or best_available")),
            (Some(_), Some(_)) => Err(flaw("/best_available", "conflict", "either seats or best_available, not both")),
        }
    }
}

fn flaw(pointer: &str, code: &str, detail: &str) -> Problem {
    Problem::invalid(vec![FieldError::new(pointer, code, detail)])
}

impl BestBody {
    fn wish(&self) -> Wish {
        Wish { count: self.count, tier: self.tier.clone(), accessible: self.accessible }
    }
}

/// The choices, or every label that is none.
fn choices(seats: &[SeatBody]) -> Result<Vec<SeatChoice>, Problem> {
    let mut errors = Vec::new();
    let mut choices = Vec::new();
    for (index, seat) in seats.iter().enumerate() {
        let (label, price_type, at) = match seat {
            SeatBody::Label(label) => (label, None, format!("/seats/{index}")),
            SeatBody::Typed(TypedSeat { label, price_type }) => {
                (label, price_type.clone(), format!("/seats/{index}/label"))
            }
        };
        if !price_type.as_deref().is_none_or(is_price_type) {
            let pointer = format!("/seats/{index}/price_type");
            let detail = format!("1 to {} ASCII letters or digits", PriceList::MAX_TYPE);
            errors.push(FieldError::new(pointer, "price_type", detail));
        }
        match label.parse::<SeatLabel>() {
            Ok(label) => choices.push(SeatChoice { label, price_type }),
            Err(error) => errors.push(FieldError::new(at, "label", error.to_string())),
        }
    }
    if errors.is_empty() { Ok(choices) } else { Err(Problem::invalid(errors)) }
}

fn is_price_type(code: &str) -> bool {
    (1..=PriceList::MAX_TYPE).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
