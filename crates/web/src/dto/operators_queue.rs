//! A queue as its operators see it, and the log of admissions.

use super::common::text;
use super::forms::{LogCursor, Message, Weight};
use super::queue::thousandths;
use super::{EndingDto, PageQuery, PhaseDto, Timestamp};
use crate::extract::flag;
use crate::problem::Problem;
use frontrow_application::port::{EndedFigures, OperatorAction};
use frontrow_application::waiting_room::QueueReport;
use frontrow_domain::waiting_room::{Admitted, Forecast, Group, GroupQueue, Phase, Queue, QueueChange, WaitingRoom};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

/// What an operator does with a queue; what is left out stays.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phase": "paused", "capacity": 500, "rate_per_minute": 600, "burst": 10, "weights": [1, 3],
    "message": "We are back in five minutes.", "holds_stopped": false}))]
pub struct QueueBody {
    /// What the queue is to do: `open`, `paused`, `draining` or `closed`.
    pub phase: Option<NextPhase>,
    /// How many may be admitted at a time: 1 to 100000. Whoever is admitted stays admitted.
    #[validate(range(min = 1, max = WaitingRoom::MAX_CAPACITY))]
    #[schema(minimum = 1, maximum = 100_000)]
    pub capacity: Option<u32>,
    /// How many are admitted a minute, at most: 1 to 1000000.
    #[validate(range(min = 1, max = WaitingRoom::MAX_RATE))]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub rate_per_minute: Option<u32>,
    /// How many of them may come at once: 1 to 100000.
    #[validate(range(min = 1, max = WaitingRoom::MAX_CAPACITY))]
    #[schema(minimum = 1, maximum = 100_000)]
    pub burst: Option<u32>,
    /// The weights of the groups, one for each: 1 to 100.
    #[validate(custom(function = check_weights))]
    #[schema(min_items = 1, max_items = 4, value_type = Option<Vec<Weight>>)]
    pub weights: Option<Vec<u32>>,
    /// What everybody in the queue is told; empty for nothing.
    #[validate(custom(function = check_message))]
    #[schema(value_type = Option<Message>)]
    pub message: Option<String>,
    /// Whether nobody can hold seats for the moment.
    pub holds_stopped: Option<bool>,
}

/// What a queue can be made to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextPhase {
    /// People join, are called and admitted.
    Open,
    /// People join; calls, admissions and deadlines stand still.
    Paused,
    /// Nobody joins any more; the people in the queue are called and admitted.
    Draining,
    /// Nobody is admitted any more; people who are admitted finish.
    Closed,
}

fn check_message(message: &str) -> Result<(), ValidationError> {
    if message.is_empty() { Ok(()) } else { text(message, Queue::MAX_MESSAGE) }
}

fn check_weights(weights: &[u32]) -> Result<(), ValidationError> {
    let most = WaitingRoom::MAX_WEIGHT;
    let fine = (1..=Group::MAX).contains(&weights.len()) && weights.iter().all(|weight| (1..=most).contains(weight));
    let detail = || format!("one for each group, 1 to {most}");
    if fine { Ok(()) } else { Err(ValidationError::new("range").with_message(detail().into())) }
}

impl From<QueueBody> for QueueChange {
    fn from(body: QueueBody) -> Self {
        let phase = body.phase.map(|phase| match phase {
            NextPhase::Open => Phase::Open,
            NextPhase::Paused => Phase::Paused,
            NextPhase::Draining => Phase::Draining,
            NextPhase::Closed => Phase::Closed,
        });
        Self {
            phase,
            capacity: body.capacity,
            rate: body.rate_per_minute,
            burst: body.burst,
            weights: body.weights,
            message: body.message,
            holds_stopped: body.holds_stopped,
        }
    }
}

/// A queue, with its figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"sale_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13", "phase": "open", "capacity": 500,
    "rate_per_minute": 600, "burst": 10, "message": null, "holds_stopped": false, "ending": null, "epoch": 1,
    "seats_left": 4000, "held_back": false, "waiting": 48_489, "present": 37, "active": 500, "admitted": 3474,
    "admitted_a_minute": 598, "share": 0.71, "estimates_off": 0.12,
    "ended": {"paid": 2210, "left": 181, "barred": 2, "expired": 581},
    "groups": [{"weight": 1, "issued": 52_000, "called": 3511, "lapsed": 0, "waiting": 48_489, "passed_a_minute": 600}]}))]
pub struct QueueReportDto {
    /// Id of the sale whose queue it is.
    pub sale_id: Uuid,
    /// What the queue does.
    pub phase: PhaseDto,
    /// How many may be admitted at a time.
    pub capacity: u32,
    /// How many are admitted a minute, at most.
    pub rate_per_minute: u32,
    /// How many of them may come at once.
    pub burst: u32,
    /// What everybody in the queue is told.
    #[schema(required = true)]
    pub message: Option<String>,
    /// Whether nobody can hold seats for the moment.
    pub holds_stopped: bool,
    /// Why there is nothing to wait for: `all_held`, `sold_out`, `postponed`, `begun` or `cancelled`; `null` while there
    /// is something.
    #[schema(required = true)]
    pub ending: Option<EndingDto>,
    /// How many seats are left to hold, by its first digit; `null` while nobody has looked.
    #[schema(required = true)]
    pub seats_left: Option<u64>,
    /// Whether nobody is admitted for the moment, because bookings have been turned away.
    pub held_back: bool,
    /// Counts how often numbers have begun anew after a loss.
    pub epoch: u32,
    /// People with a queue entry who have not been called yet.
    pub waiting: u64,
    /// People who are checked in.
    pub present: u64,
    /// People who are admitted.
    pub active: u64,
    /// People who were ever admitted.
    pub admitted: u64,
    /// Admissions in the last minute of open time.
    pub admitted_a_minute: u64,
    /// The share of the people called who check in, 0 to 1.
    pub share: f64,
    /// How far off the waits that people are told turn out to be: 0.1 is a tenth of what was said. A moving average of
    /// waits of up to five minutes; `null` while nothing is known.
    #[schema(required = true)]
    pub estimates_off: Option<f64>,
    /// How admissions ended.
    pub ended: EndedDto,
    /// The groups of the queue, in the sale's order.
    pub groups: Vec<GroupQueueDto>,
}

/// A queue within the queue, with its figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupQueueDto {
    /// How many are admitted for every one of a group of weight 1.
    pub weight: u32,
    /// Numbers that were handed out.
    pub issued: u64,
    /// The last rank that was called.
    pub called: u64,
    /// The last rank whose call has lapsed.
    pub lapsed: u64,
    /// People with a queue entry who have not been called yet.
    pub waiting: u64,
    /// People whose rank passed in the last minute.
    pub passed_a_minute: u64,
}

impl From<QueueReport> for QueueReportDto {
    fn from(report: QueueReport) -> Self {
        let QueueReport { queue, figures, issued } = report;
        let groups: Vec<GroupQueueDto> = Group::all(queue.groups.len())
            .zip(&queue.groups)
            .map(|(group, of)| GroupQueueDto::of(&queue, group, of, issued.get(group.index()).copied()))
            .collect();
        Self {
            sale_id: queue.sale.uuid(),
            phase: queue.phase.into(),
            capacity: queue.capacity,
            rate_per_minute: queue.rate,
            burst: queue.burst,
            message: queue.message.clone(),
            holds_stopped: queue.holds_stopped,
            ending: queue.ending.map(Into::into),
            seats_left: queue.seats_left,
            held_back: queue.phase.moves() && queue.held_back_until.is_some(),
            epoch: queue.epoch,
            waiting: groups.iter().map(|group| group.waiting).sum(),
            present: figures.present,
            active: figures.active,
            admitted: figures.admitted,
            admitted_a_minute: queue.admitted_a_minute(),
            share: thousandths(Forecast::of(&queue, Group::FIRST).share),
            estimates_off: queue.estimates.off().map(per_thousand),
            ended: figures.ended.into(),
            groups,
        }
    }
}

fn per_thousand(thousandths: u64) -> f64 {
    f64::from(u32::try_from(thousandths).unwrap_or(u32::MAX)) / 1000.0
}

impl GroupQueueDto {
    fn of(queue: &Queue, group: Group, of: &GroupQueue, issued: Option<u64>) -> Self {
        let issued = issued.unwrap_or(of.issued).max(of.issued);
        Self {
            weight: of.weight,
            issued,
            called: of.called,
            lapsed: of.lapsed,
            waiting: GroupQueue { issued, ..of.clone() }.waiting(),
            passed_a_minute: Forecast::of(queue, group).passed_a_minute,
        }
    }
}

/// How admissions ended, in people: each is counted by how their last admission ended, and nobody who is admitted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EndedDto {
    /// With a payment: the limit was reached, or the sale says `leave_on_payment`.
    pub paid: u64,
    /// Given back.
    pub left: u64,
    /// Taken away by an operator.
    pub barred: u64,
    /// Not picked up, or not renewed; whoever has bought less than they might is here, too.
    pub expired: u64,
}

impl From<EndedFigures> for EndedDto {
    fn from(figures: EndedFigures) -> Self {
        let EndedFigures { paid, left, barred, expired } = figures;
        Self { paid, left, barred, expired }
    }
}

/// Whether the unusual is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConfirmQuery {
    /// `true` if a performance is meant to be sold with and without a waiting room at the same time.
    #[param(value_type = Option<bool>)]
    pub confirm: Option<String>,
}

impl ConfirmQuery {
    /// Whether it is.
    pub fn confirmed(&self) -> Result<bool, Problem> {
        flag("confirm", self.confirm.as_deref())
    }
}

/// What an operator has done to a queue.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e15", "at": "2027-01-01T00:05:00Z",
    "by": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e16", "what": "phase paused, message \"We are back in five minutes.\""}))]
pub struct OperatorActionDto {
    /// Id of the action.
    pub id: Uuid,
    /// When it was done, in UTC.
    pub at: Timestamp,
    /// Id of the operator who did it.
    pub by: Uuid,
    /// What was changed, for people; or whom they kept out (`bar`) or let in again (`unbar`).
    pub what: String,
}

impl From<OperatorAction> for OperatorActionDto {
    fn from(action: OperatorAction) -> Self {
        let OperatorAction { id, by, at, sale: _, what } = action;
        Self { id, at: Timestamp::from(at), by: by.uuid(), what }
    }
}

/// Which part of the log of admissions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Items at most: 1 to 100, 20 if left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<LogCursor>)]
    pub cursor: Option<String>,
}

impl LogQuery {
    /// The limit and the cursor, still as text.
    pub fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit.clone(), cursor: self.cursor.clone() }
    }
}

/// One admission, and nobody's name.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"group": 0, "rank": 17, "checked_in_at": "2027-01-01T00:00:03.25Z", "admitted_at": "2027-01-01T00:00:03.3Z",
    "active_after": 17, "capacity": 500}))]
pub struct LogEntryDto {
    /// Which of the snapshot's `groups`, from 0.
    pub group: u8,
    /// Rank of the person who was admitted.
    pub rank: u64,
    /// Since when they had been checked in without a break, in UTC.
    pub checked_in_at: Timestamp,
    /// When they were admitted, in UTC.
    pub admitted_at: Timestamp,
    /// How many people were admitted after the tick that did it.
    pub active_after: u32,
    /// How many people could be admitted at that moment.
    pub capacity: u32,
}

impl From<Admitted> for LogEntryDto {
    fn from(admitted: Admitted) -> Self {
        Self {
            group: admitted.group.get(),
            rank: admitted.rank.get(),
            checked_in_at: Timestamp::from(admitted.checked_in_at),
            admitted_at: Timestamp::from(admitted.at),
            active_after: admitted.active_after,
            capacity: admitted.capacity,
        }
    }
}
