//! A sale's waiting room, as operators put it and as buyers see it.

use super::Timestamp;
use super::common::{length, text};
use super::forms::{GroupCode, ShortName, Time};
use crate::extract::objects;
use frontrow_domain::waiting_room::{AdmissionTerms, GroupTerms, WaitingRoom};
use serde::{Deserialize, Deserializer, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// A sale's waiting room, as an operator puts it. While it runs, `PATCH /v1/sales/{id}/queue` changes it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitingRoomBody {
    /// The first instant at which people can join; not later than the sale opens.
    #[schema(value_type = Time)]
    pub lobby_opens: Timestamp,
    /// How many may be admitted at a time.
    #[validate(range(min = 1, max = WaitingRoom::MAX_CAPACITY))]
    #[schema(minimum = 1, maximum = 100_000)]
    pub capacity: u32,
    /// How many are admitted a minute, at most.
    #[validate(range(min = 1, max = WaitingRoom::MAX_RATE))]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub rate_per_minute: u32,
    /// How many of them may come at once; those of a second, if left out.
    #[validate(range(min = 1, max = WaitingRoom::MAX_CAPACITY))]
    #[schema(minimum = 1, maximum = 100_000)]
    pub burst: Option<u32>,
    /// How long an admission lasts at most, in seconds, however often it is renewed.
    #[validate(range(
        min = WaitingRoom::SHORTEST_SESSION.as_secs(),
        max = WaitingRoom::LONGEST_SESSION.as_secs()
    ))]
    #[schema(minimum = 60, maximum = 7200)]
    pub session_seconds: u64,
    /// The queues within the sale: 1 to 4; one named `General`, if left out.
    #[validate(nested)]
    #[schema(min_items = 1, max_items = 4)]
    #[serde(default, deserialize_with = "groups")]
    pub groups: Option<Vec<GroupBody>>,
    /// Whether those who joined before the opening are drawn by lot, instead of coming in the order in which they joined.
    #[serde(default)]
    pub draw: bool,
    /// Whether every call about the sale's performances needs the pass, payment included.
    #[serde(default)]
    pub strict: bool,
    /// Whether an admission ends with the first payment, even if more could be bought.
    #[serde(default)]
    pub leave_on_payment: bool,
}

/// A queue within the sale, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupBody {
    /// Name of the group, for people.
    #[validate(custom(function = group_name))]
    #[schema(value_type = ShortName)]
    pub name: String,
    /// How many are admitted from it for every one of a group of weight 1; 1 if left out.
    #[validate(range(min = 1, max = WaitingRoom::MAX_WEIGHT))]
    #[schema(minimum = 1, maximum = 100)]
    pub weight: Option<u32>,
    /// What one has to know to join it: 1 to 64 visible ASCII characters; nothing, if left out. Never shown.
    #[validate(length(min = 1, max = length(WaitingRoom::MAX_CODE), message = "visible ASCII characters"))]
    #[schema(value_type = Option<GroupCode>)]
    pub code: Option<String>,
}

/// There, left out, or `null`.
fn groups<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<GroupBody>>, D::Error> {
    #[derive(Deserialize)]
    struct Groups(#[serde(deserialize_with = "objects")] Vec<GroupBody>);
    Ok(Option::<Groups>::deserialize(deserializer)?.map(|groups| groups.0))
}

impl From<WaitingRoomBody> for WaitingRoom {
    fn from(body: WaitingRoomBody) -> Self {
        let general = || vec![GroupTerms { name: "General".to_owned(), weight: 1, code: None }];
        let groups = body.groups.map_or_else(general, |groups| groups.into_iter().map(Into::into).collect());
        Self {
            lobby_opens: body.lobby_opens.into(),
            capacity: body.capacity,
            rate: body.rate_per_minute,
            burst: body.burst.unwrap_or(body.rate_per_minute.div_ceil(60)),
            session: Duration::from_secs(body.session_seconds),
            groups,
            draw: body.draw,
            strict: body.strict,
            terms: AdmissionTerms { leave_on_payment: body.leave_on_payment },
        }
    }
}

impl From<GroupBody> for GroupTerms {
    fn from(body: GroupBody) -> Self {
        Self { name: body.name, weight: body.weight.unwrap_or(1), code: body.code }
    }
}

fn group_name(name: &str) -> Result<(), ValidationError> {
    text(name, WaitingRoom::LONGEST_NAME)
}

impl From<WaitingRoom> for WaitingRoomBody {
    fn from(room: WaitingRoom) -> Self {
        Self {
            lobby_opens: room.lobby_opens.into(),
            capacity: room.capacity,
            rate_per_minute: room.rate,
            burst: Some(room.burst),
            session_seconds: room.session.as_secs(),
            groups: Some(room.groups.into_iter().map(Into::into).collect()),
            draw: room.draw,
            strict: room.strict,
            leave_on_payment: room.terms.leave_on_payment,
        }
    }
}

impl From<GroupTerms> for GroupBody {
    fn from(group: GroupTerms) -> Self {
        Self { name: group.name, weight: Some(group.weight), code: group.code }
    }
}

/// A sale's waiting room, as buyers see it before they join.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WaitingRoomDto {
    /// The first instant at which one can join, in UTC.
    pub lobby_opens: Timestamp,
    /// Whether those who joined before the opening are drawn by lot.
    pub draw: bool,
    /// Whether every call about the sale's performances needs the pass.
    pub strict: bool,
    /// The queues within it.
    pub groups: Vec<WaitingGroupDto>,
}

/// A queue within the sale, as buyers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WaitingGroupDto {
    /// Name of the group, for people.
    pub name: String,
    /// Whether one has to know a code to join it.
    pub needs_code: bool,
}

impl From<WaitingRoom> for WaitingRoomDto {
    fn from(room: WaitingRoom) -> Self {
        let group = |group: GroupTerms| WaitingGroupDto { name: group.name, needs_code: group.code.is_some() };
        Self {
            lobby_opens: Timestamp::from(room.lobby_opens),
            draw: room.draw,
            strict: room.strict,
            groups: room.groups.into_iter().map(group).collect(),
        }
    }
}
