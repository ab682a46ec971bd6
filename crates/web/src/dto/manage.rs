//! Seat maps and sales, as operators put them.

use super::common::{shown, text};
use super::forms::{Coordinate, SeatName, SeatOfRow, TierCode, Time, Title, ViewAngle};
use super::{AreaDto, DrawingBody, Timestamp, WaitingRoomBody};
use crate::extract::{objects, some_object};
use frontrow_domain::{
    Instant, PerformanceId, PerformanceStatus, Sale, SaleId, SeatMap, SeatRow, Section, SectionShape, VenueId,
};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

/// A seat map, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"stage": {"x": -600, "y": -500, "width": 1200, "depth": 400}, "sections": [{"kind": "seated", "name": "A",
    "drawing": {"origin": {"x": 0, "y": 300}, "angle": 0, "row_spacing": 90, "seat_spacing": 55},
    "rows": [{"name": "1", "seats": 10, "tier": "R",
    "accessible": [1], "companion": [2], "blocked": []}]}, {"kind": "standing", "name": "FLOOR", "spots": 100, "tier": "S"}]}))]
pub struct SeatMapBody {
    /// The sections, from the front to the back: 1 to 200.
    #[schema(min_items = 1, max_items = 200)]
    #[serde(deserialize_with = "objects")]
    pub sections: Vec<SectionBody>,
    /// Where the stage is; 12 m wide, in front of the first section, if left out.
    #[serde(default, deserialize_with = "some_object")]
    pub stage: Option<AreaDto>,
}

/// A part of the venue.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SectionBody {
    /// A section with rows of seats.
    Seated {
        /// Name of the section: 1 to 16 letters or digits of any script, kept in NFC; unique within the map.
        #[schema(value_type = SeatName)]
        name: String,
        /// The rows, from the front to the back: 1 to 500.
        #[schema(min_items = 1, max_items = 500)]
        rows: Vec<RowBody>,
        /// How it is drawn; it is worked out, if left out.
        #[serde(skip_serializing_if = "Option::is_none")]
        drawing: Option<DrawingBody>,
    },
    /// A section with numbered standing spots.
    Standing {
        /// Name of the section: 1 to 16 letters or digits of any script, kept in NFC; unique within the map.
        #[schema(value_type = SeatName)]
        name: String,
        /// How many spots it has.
        #[schema(minimum = 1, maximum = 100_000)]
        spots: u32,
        /// Code of its price tier.
        #[schema(value_type = TierCode)]
        tier: String,
        /// How it is drawn; it is worked out, if left out.
        #[serde(skip_serializing_if = "Option::is_none")]
        drawing: Option<DrawingBody>,
    },
}

/// A section before its kind is known: all fields are read in place, so that a flaw can be named by its address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnySection {
    kind: SectionKind,
    name: String,
    #[serde(default, deserialize_with = "some_rows")]
    rows: Option<Vec<RowBody>>,
    #[serde(default, deserialize_with = "some")]
    spots: Option<u32>,
    #[serde(default, deserialize_with = "some")]
    tier: Option<String>,
    #[serde(default, deserialize_with = "some_object")]
    drawing: Option<DrawingBody>,
}

/// There or left out, but not `null`.
fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn some_rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<RowBody>>, D::Error> {
    objects(deserializer).map(Some)
}

#[derive(Clone, Copy)]
enum SectionKind {
    Seated,
    Standing,
}

/// Derived code would take `{"seated": null}`, too.
impl<'de> Deserialize<'de> for SectionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "seated" => Ok(Self::Seated),
            "standing" => Ok(Self::Standing),
            other => Err(D::Error::unknown_variant(other, &["seated", "standing"])),
        }
    }
}

impl<'de> Deserialize<'de> for SectionBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const SEATED: &[&str] = &["name", "rows", "drawing"];
        const STANDING: &[&str] = &["name", "spots", "tier", "drawing"];
        let AnySection { kind, name, rows, spots, tier, drawing } = AnySection::deserialize(deserializer)?;
        match (kind, rows, spots, tier) {
            (SectionKind::Seated, Some(rows), None, None) => Ok(Self::Seated { name, rows, drawing }),
            (SectionKind::Standing, None, Some(spots), Some(tier)) => Ok(Self::Standing { name, spots, tier, drawing }),
            (SectionKind::Seated, None, ..) => Err(D::Error::missing_field("rows")),
            (SectionKind::Seated, _, Some(_), _) => Err(D::Error::unknown_field("spots", SEATED)),
            (SectionKind::Seated, ..) => Err(D::Error::unknown_field("tier", SEATED)),
            (SectionKind::Standing, Some(_), ..) => Err(D::Error::unknown_field("rows", STANDING)),
            (SectionKind::Standing, _, None, _) => Err(D::Error::missing_field("spots")),
            (SectionKind::Standing, ..) => Err(D::Error::missing_field("tier")),
        }
    }
}

/// A row of seats, numbered from 1.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowBody {
    /// Name of the row: 1 to 16 letters or digits of any script, kept in NFC; unique within the section.
    #[schema(value_type = SeatName)]
    pub name: String,
    /// How many seats it has: 1 to 500.
    #[schema(minimum = 1, maximum = 500)]
    pub seats: u32,
    /// Code of its seats' price tier.
    #[schema(value_type = TierCode)]
    pub tier: String,
    /// Numbers of the seats for people with a wheelchair or other needs.
    #[serde(default)]
    #[schema(value_type = Vec<SeatOfRow>)]
    pub accessible: BTreeSet<u32>,
    /// Numbers of the seats beside those, for companions.
    #[serde(default)]
    #[schema(value_type = Vec<SeatOfRow>)]
    pub companion: BTreeSet<u32>,
    /// Numbers of the seats that are not sold.
    #[serde(default)]
    #[schema(value_type = Vec<SeatOfRow>)]
    pub blocked: BTreeSet<u32>,
    /// Where each of its seats is to the right, in centimetres, and then `ys`, too; left out, they are in a straight line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500, value_type = Vec<Coordinate>)]
    pub xs: Vec<i32>,
    /// Where each of its seats is away from the stage, in centimetres.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500, value_type = Vec<Coordinate>)]
    pub ys: Vec<i32>,
    /// From which side each of its seats sees the stage, in degrees: 0 from the middle, up to 180 from the right, down to -180
    /// from the left; left out, nobody says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 500, value_type = Vec<ViewAngle>)]
    pub view_angles: Vec<i16>,
}

impl SeatMapBody {
    /// The map of that venue and version.
    pub fn into_map(self, venue: Uuid, version: u32) -> SeatMap {
        let sections = self.sections.into_iter().map(Into::into).collect();
        SeatMap { stage: self.stage.map(Into::into), ..SeatMap::new(VenueId::new(venue), version, sections) }
    }
}

impl From<SeatMap> for SeatMapBody {
    fn from(map: SeatMap) -> Self {
        Self { stage: map.stage.map(Into::into), sections: map.sections.into_iter().map(Into::into).collect() }
    }
}

impl From<Section> for SectionBody {
    fn from(section: Section) -> Self {
        let (name, drawing) = (section.name, section.drawing.map(Into::into));
        match section.shape {
            SectionShape::Seated { rows } => {
                Self::Seated { name, rows: rows.into_iter().map(Into::into).collect(), drawing }
            }
            SectionShape::Standing { spots, tier } => Self::Standing { name, spots, tier, drawing },
        }
    }
}

impl From<SeatRow> for RowBody {
    fn from(row: SeatRow) -> Self {
        let SeatRow { name, seats, tier, accessible, companion, blocked, xs, ys, view_angles } = row;
        Self { name, seats, tier, accessible, companion, blocked, xs, ys, view_angles }
    }
}

impl From<SectionBody> for Section {
    fn from(section: SectionBody) -> Self {
        let (section, drawing) = match section {
            SectionBody::Seated { name, rows, drawing } => {
                (Self::seated(name, rows.into_iter().map(Into::into).collect()), drawing)
            }
            SectionBody::Standing { name, spots, tier, drawing } => (Self::standing(name, spots, tier), drawing),
        };
        Self { drawing: drawing.map(Into::into), ..section }
    }
}

impl From<RowBody> for SeatRow {
    fn from(row: RowBody) -> Self {
        let RowBody { name, seats, tier, accessible, companion, blocked, xs, ys, view_angles } = row;
        Self { name, seats, tier, accessible, companion, blocked, xs, ys, view_angles }
    }
}

/// A sale, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "General sale", "performances": ["019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10"],
    "opens": "2027-01-01T00:00:00Z", "closes": "2027-05-01T09:00:00Z", "pay_until": "2027-05-01T09:30:00Z",
    "cancel_until": "2027-04-24T00:00:00Z", "limit_per_person": 4, "hold_seconds": 300,
    "waiting_room": {"lobby_opens": "2026-12-31T23:00:00Z", "capacity": 500, "rate_per_minute": 600, "burst": 10,
    "session_seconds": 600, "groups": [{"name": "General"}, {"name": "Fan club", "weight": 3, "code": "LARKS-2027"}],
    "draw": false, "strict": false, "leave_on_payment": false}}))]
pub struct SaleBody {
    /// Name of the sale, for people.
    #[validate(custom(function = sale_name))]
    #[schema(value_type = Title)]
    pub name: String,
    /// Ids of the performances that it sells: 1 to 100.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 100)]
    pub performances: BTreeSet<Uuid>,
    /// The first instant at which seats can be held.
    #[schema(value_type = Time)]
    pub opens: Timestamp,
    /// The first instant at which they no longer can.
    #[schema(value_type = Time)]
    pub closes: Timestamp,
    /// The first instant at which nothing can be paid any more; when a last hold lapses, if left out.
    #[schema(value_type = Option<Time>)]
    pub pay_until: Option<Timestamp>,
    /// The first instant at which nothing can be cancelled any more; `closes`, if left out.
    #[schema(value_type = Option<Time>)]
    pub cancel_until: Option<Timestamp>,
    /// Seats that one person may have: 1 to 50, 4 if left out.
    #[validate(range(min = 1, max = Sale::MAX_LIMIT_PER_PERSON))]
    #[schema(minimum = 1, maximum = 50)]
    pub limit_per_person: Option<u32>,
    /// How long a hold lasts, in seconds: 1 to 3600, 300 if left out.
    #[validate(range(min = Sale::SHORTEST_HOLD.as_secs(), max = Sale::LONGEST_HOLD.as_secs()))]
    #[schema(minimum = 1, maximum = 3600)]
    pub hold_seconds: Option<u64>,
    /// The queue in front of it; none, if left out. Once the sale is public, it stays.
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
            limit_per_person: self.limit_per_person.unwrap_or(Sale::DEFAULT_LIMIT_PER_PERSON),
            hold_duration,
            waiting_room: self.waiting_room.map(Into::into),
            published: false,
        }
    }
}

fn sale_name(name: &str) -> Result<(), ValidationError> {
    text(name, Sale::LONGEST_NAME)
}

impl From<Sale> for SaleBody {
    fn from(sale: Sale) -> Self {
        Self {
            name: sale.name,
            performances: sale.performances.into_iter().map(PerformanceId::uuid).collect(),
            opens: sale.opens.into(),
            closes: sale.closes.into(),
            pay_until: Some(sale.pay_until.into()),
            cancel_until: Some(sale.cancel_until.into()),
            limit_per_person: Some(sale.limit_per_person),
            hold_seconds: Some(sale.hold_duration.as_secs()),
            waiting_room: sale.waiting_room.map(Into::into),
        }
    }
}

shown! {
    /// Where something that operators put stands.
    PutStatusDto from PerformanceStatus {
        /// Nobody but operators sees it.
        Draft,
        /// Everybody sees it.
        Published,
        /// It takes place at another time.
        Postponed,
        /// It does not take place.
        Cancelled,
    }
}

/// What became of something that was put, or of a performance.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "status": "draft"}))]
pub struct PutDto {
    /// Id that the client has chosen.
    pub id: Uuid,
    /// Where it stands; absent where there is no such thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub status: Option<PutStatusDto>,
}
