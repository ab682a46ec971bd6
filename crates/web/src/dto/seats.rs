//! Seats of a performance.

use super::common::shown;
use super::forms::{SeatCursor, SeatName, TierCode};
use super::{Money, PageQuery};
use crate::extract::{bare_tag, quoted_tag};
use crate::problem::Problem;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frontrow_application::{Availability, SeatFilter, SeatView};
use frontrow_domain::{PositionKind, SeatMap, seat_name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Which seats can be had.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"seat_map_version": 1, "seat_count": 10, "available": 9, "bitmap": "/gE=",
    "tiers": {"R": {"seats": 10, "available": 9}}}))]
pub struct AvailabilityDto {
    /// Version of the seat map whose seat numbers the bits are.
    pub seat_map_version: u32,
    /// How many seats there are.
    pub seat_count: u32,
    /// How many can be had.
    pub available: u32,
    /// Base64: bit n-1, least significant first, is 1 if seat n can be had.
    #[schema(pattern = "^[0-9A-Za-z+/]*={0,2}$")]
    pub bitmap: String,
    /// The counts by tier.
    pub tiers: BTreeMap<String, TierCountDto>,
}

/// The seats of one tier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TierCountDto {
    /// How many there are.
    pub seats: u32,
    /// How many can be had.
    pub available: u32,
}

impl From<&Availability> for AvailabilityDto {
    fn from(availability: &Availability) -> Self {
        Self {
            seat_map_version: availability.seat_map_version,
            seat_count: availability.seat_count,
            available: availability.available,
            bitmap: STANDARD.encode(&availability.bitmap),
            tiers: tiers(availability),
        }
    }
}

fn tiers(availability: &Availability) -> BTreeMap<String, TierCountDto> {
    let tiers = availability.tiers.iter();
    tiers.map(|(tier, n)| (tier.clone(), TierCountDto { seats: n.seats, available: n.available })).collect()
}

/// What has changed since an earlier answer, and the counts as they are now. It has no `bitmap`: so it is told from a whole
/// answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"from": "qL8vT2yJ0aXw3sZk", "to": "Zr5Nf1uC9bQe7mHd", "taken": [3, 4], "freed": [9],
    "seat_map_version": 1, "seat_count": 10, "available": 8, "tiers": {"R": {"seats": 10, "available": 8}}}))]
pub struct AvailabilityChangesDto {
    /// The `ETag` of the earlier answer, without its quotes.
    pub from: String,
    /// The `ETag` of the answer that these changes lead to, without its quotes: the next `since`.
    pub to: String,
    /// Numbers of the seats that could be had and can't any more; their bits become 0.
    pub taken: Vec<u32>,
    /// Numbers of the seats that can be had again; their bits become 1.
    pub freed: Vec<u32>,
    /// Version of the seat map whose seat numbers these are.
    pub seat_map_version: u32,
    /// How many seats there are.
    pub seat_count: u32,
    /// How many can be had.
    pub available: u32,
    /// The counts by tier.
    pub tiers: BTreeMap<String, TierCountDto>,
}

impl AvailabilityChangesDto {
    /// The seats of these numbers are not as they were in the answer with the tag `from`. Tags come with their quotes.
    pub fn of(now: &Availability, from: &str, to: &str, changed: &[u32]) -> Self {
        let is_free = |number: &u32| {
            let index = *number as usize - 1;
            now.bitmap.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
        };
        let (freed, taken) = changed.iter().copied().partition(is_free);
        Self {
            from: bare_tag(from).to_owned(),
            to: bare_tag(to).to_owned(),
            taken,
            freed,
            seat_map_version: now.seat_map_version,
            seat_count: now.seat_count,
            available: now.available,
            tiers: tiers(now),
        }
    }
}

/// The whole answer, or what has changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum AvailabilityAnswerDto {
    /// All of it; it has a `bitmap`.
    Whole(AvailabilityDto),
    /// What has changed; it has `from`, and no `bitmap`.
    Changes(AvailabilityChangesDto),
}

/// Since when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SinceQuery {
    /// The `ETag` of the answer that one has, with or without its quotes: then the answer may say only what has changed.
    #[param(
        pattern = r#"^(W/)?("[A-Za-z0-9_-]{16}"|[A-Za-z0-9_-]{16})$"#,
        max_length = 20,
        example = "qL8vT2yJ0aXw3sZk"
    )]
    pub since: Option<String>,
}

impl SinceQuery {
    /// The tag, with its quotes.
    pub fn tag(&self) -> Result<Option<String>, Problem> {
        let no_tag = || Problem::field("/query/since", "tag", "the ETag of an answer: 16 letters, digits, - or _");
        self.since.as_deref().map(|text| quoted_tag(text).ok_or_else(no_tag)).transpose()
    }
}

/// Which seats, of which page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeatQuery {
    /// Only those that can be had, or only those that can't; both if left out.
    #[param(value_type = Option<SeatStatusDto>)]
    pub status: Option<String>,
    /// Code of a price tier.
    #[param(value_type = Option<TierCode>)]
    pub tier: Option<String>,
    /// A section's name, in percent-encoded UTF-8.
    #[param(value_type = Option<SeatName>)]
    pub section: Option<String>,
    /// Items at most: 1 to 100, 20 if left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<SeatCursor>)]
    pub cursor: Option<String>,
}

impl SeatQuery {
    /// Which seats.
    pub fn filter(&self) -> Result<SeatFilter, Problem> {
        let available = match self.status.as_deref() {
            None => None,
            Some("available") => Some(true),
            Some("taken") => Some(false),
            Some(_) => return Err(Problem::field("/query/status", "word", "available or taken")),
        };
        let most = SeatMap::MAX_TIER;
        let is_code =
            |text: &String| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !self.tier.as_ref().is_none_or(is_code) {
            return Err(Problem::field("/query/tier", "code", format!("1 to {most} ASCII letters or digits")));
        }
        let no_name = || {
            Problem::field(
                "/query/section",
                "code",
                format!("1 to {} letters or digits of any script", SeatMap::MAX_NAME),
            )
        };
        let section = self.section.as_deref().map(|name| seat_name(name).ok_or_else(no_name)).transpose()?;
        Ok(SeatFilter { available, tier: self.tier.clone(), section })
    }

    /// The limit and the cursor, still as text.
    pub fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit.clone(), cursor: self.cursor.clone() }
    }
}

shown! {
    /// What a seat is for.
    SeatKindDto from PositionKind {
        /// A seat like most.
        Standard,
        /// For people with a wheelchair or other needs.
        Accessible,
        /// Beside an accessible one.
        Companion,
        /// A spot to stand.
        Standing,
    }
}

/// Whether a seat can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeatStatusDto {
    /// It can be held.
    Available,
    /// It is held, sold or blocked.
    Taken,
}

/// A seat as buyers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"number": 12, "label": "A-1-12", "section": "A", "row": "1", "tier": "R", "kind": "standard",
    "status": "available", "price": {"amount": 121_000, "currency": "KRW"}}))]
pub struct SeatDto {
    /// Its bit in the availability, from 1.
    pub number: u32,
    /// Label of the seat; a hold names it.
    pub label: String,
    /// The section's name.
    pub section: String,
    /// The row's name; `null` where people stand.
    pub row: Option<String>,
    /// Code of its price tier.
    pub tier: String,
    /// What it is for.
    pub kind: SeatKindDto,
    /// Whether it can be had.
    pub status: SeatStatusDto,
    /// Price for a buyer who names no price type, fee and tax included; `null` if the seat has none.
    pub price: Option<Money>,
}

impl SeatDto {
    /// The seat with its price in that currency.
    pub fn of(view: SeatView, currency: &str) -> Self {
        Self {
            number: view.number.get(),
            label: view.position.label.to_string(),
            section: view.position.label.section,
            row: view.position.label.row,
            tier: view.position.tier,
            kind: view.position.kind.into(),
            status: if view.available { SeatStatusDto::Available } else { SeatStatusDto::Taken },
            price: view.price.map(|price| Money::of(price, currency)),
        }
    }
}
