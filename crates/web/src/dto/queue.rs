//! Queue entries, the queue as everybody sees it, and admissions.

use super::{CodeUseDto, DrawDto, Timestamp};
use crate::problem::{Kind, Problem};
use frontrow_application::waiting_room::{PassAnswer, QueueEntryView, QueueView};
use frontrow_domain::waiting_room::{AskAgain, Ending, EntryStatus, Forecast, Group, Phase, Queue, Wait};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

/// What becomes of an admission.
#[derive(Clone, Copy, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"closing": false}))]
pub struct RenewBody {
    /// Whether the page closes: then the admission ends in 45 seconds, unless it is renewed before.
    #[serde(default)]
    pub closing: bool,
}

/// A queue entry.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"token": "AQEZoPDnwcex6eazpcL02OEAAAAB", "group": 0, "number": 4711, "people_ahead": 1200,
    "status": "waiting", "wait": {"least_seconds": 96, "most_seconds": 180}, "ask_again_seconds": 20,
    "opens": "2027-01-01T00:00:00Z", "phase": "open", "ending": null, "message": null}))]
pub struct QueueEntryDto {
    /// The queue token, for the header Frontrow-Queue-Token; only in the answer to joining.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What became of the code that was sent; only in the answer to joining with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeUseDto>,
    /// Which of the snapshot's `groups`, from 0.
    pub group: u8,
    /// The queue entry's own number in its group, for good.
    pub number: u64,
    /// How many people will be called before, at most; it never rises. 0 once the entry is called; `null` while the
    /// lobby is not drawn, and once the call has lapsed.
    #[schema(required = true)]
    pub people_ahead: Option<u64>,
    /// `lobby` (the queue has not been opened, or not been drawn), `waiting`, `called` (check in), or `lapsed` (called
    /// a quarter of an hour ago: if you have never checked in, join again).
    pub status: EntryStatusDto,
    /// How long it will take; `null` while nobody knows.
    #[schema(required = true)]
    pub wait: Option<WaitDto>,
    /// In how many seconds to ask again, here or for an admission.
    pub ask_again_seconds: u64,
    /// When the sale opens, in UTC.
    pub opens: Timestamp,
    /// What the queue does.
    pub phase: PhaseDto,
    /// Why there is nothing to wait for, as in the snapshot; `null` while there is something.
    #[schema(required = true)]
    pub ending: Option<EndingDto>,
    /// What the operator has to say.
    #[schema(required = true)]
    pub message: Option<String>,
}

/// The status of a queue entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryStatusDto {
    /// The queue has not been opened, or not been drawn.
    Lobby,
    /// Others come first.
    Waiting,
    /// The queue has reached this entry: it is time to check in.
    Called,
    /// Called too long ago for somebody who has never checked in.
    Lapsed,
}

/// What a queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseDto {
    /// People join; nobody is called.
    Lobby,
    /// People join, are called and admitted.
    Open,
    /// People join; calls, admissions and deadlines stand still.
    Paused,
    /// Nobody joins any more; the people in the queue are called and admitted.
    Draining,
    /// Nobody is admitted any more.
    Closed,
}

/// How long somebody will probably wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"least_seconds": 96, "most_seconds": 180}))]
pub struct WaitDto {
    /// Lower bound, in seconds: it rarely takes less.
    pub least_seconds: u64,
    /// Upper bound, in seconds: it rarely takes more.
    pub most_seconds: u64,
}

impl From<EntryStatus> for EntryStatusDto {
    fn from(status: EntryStatus) -> Self {
        match status {
            EntryStatus::Lobby => Self::Lobby,
            EntryStatus::Waiting { .. } => Self::Waiting,
            EntryStatus::Called => Self::Called,
            EntryStatus::Lapsed => Self::Lapsed,
        }
    }
}

impl From<Phase> for PhaseDto {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Lobby => Self::Lobby,
            Phase::Open => Self::Open,
            Phase::Paused => Self::Paused,
            Phase::Draining => Self::Draining,
            Phase::Closed => Self::Closed,
        }
    }
}

impl From<Wait> for WaitDto {
    fn from(wait: Wait) -> Self {
        Self { least_seconds: wait.least.as_secs(), most_seconds: whole(wait.most) }
    }
}

/// Seconds, none too few.
fn whole(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

impl QueueEntryDto {
    /// The queue entry; with its token after a join.
    pub fn of(view: &QueueEntryView, token: Option<String>) -> Self {
        let people_ahead = match view.status {
            EntryStatus::Waiting { ahead } => Some(ahead),
            EntryStatus::Called => Some(0),
            EntryStatus::Lobby | EntryStatus::Lapsed => None,
        };
        Self {
            token,
            code: None,
            group: view.token.group.get(),
            number: view.token.number.get(),
            people_ahead,
            status: view.status.into(),
            wait: view.wait.map(Into::into),
            ask_again_seconds: whole(view.again.0),
            opens: Timestamp::from(view.view.sale.opens),
            phase: view.view.queue.phase.into(),
            ending: view.view.queue.ending.map(Into::into),
            message: view.view.queue.message.clone(),
        }
    }

    /// Somebody who is checked in counts as called, even if calls up to that rank have lapsed.
    #[must_use]
    pub fn present(self) -> Self {
        Self { people_ahead: Some(0), status: EntryStatusDto::Called, ..self }
    }

    /// What who is not called yet is told.
    pub fn not_your_turn(self) -> Problem {
        let wait = serde_json::to_value(self.wait).unwrap_or_default();
        Problem::new(Kind::NotYourTurn)
            .with("people_ahead", self.people_ahead)
            .with("wait", wait)
            .with("ask_again_seconds", self.ask_again_seconds)
    }
}

/// The right to book for a while.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"pass": "AQIZoPDnwcex6eazpcL02OEAAAAB", "expires": "2027-01-01T00:03:00Z",
    "until": "2027-01-01T00:03:00Z", "max_until": "2027-01-01T00:10:00Z"}))]
pub struct PassDto {
    /// The pass, for the header Frontrow-Pass.
    pub pass: String,
    /// The first instant at which the pass is worth nothing; renew it before.
    pub expires: Timestamp,
    /// The first instant at which the admission is over, unless it is renewed.
    pub until: Timestamp,
    /// No renewal goes beyond this; a hold does.
    pub max_until: Timestamp,
}

impl From<PassAnswer> for PassDto {
    fn from(answer: PassAnswer) -> Self {
        let time = Timestamp::from;
        Self {
            pass: answer.pass,
            expires: time(answer.expires),
            until: time(answer.until),
            max_until: time(answer.max_until),
        }
    }
}

/// A queue as everybody sees it: the same for all, so that a cache can send it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"sale_id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e13", "phase": "open", "opens": "2027-01-01T00:00:00Z",
    "closes": "2027-05-01T09:00:00Z", "message": null, "holds_stopped": false, "ending": null, "seats_left": 4000, "epoch": 1, "stale": false,
    "groups": [{"name": "General", "weight": 1, "drawn": 0, "issued": 52_000, "called": 3511, "lapsed": 0,
    "gaps": [], "passed_a_minute": 600, "share": 0.71}],
    "estimate": {"least": 0.8, "most": 1.5},
    "ask_again": {"part": 0.1, "soonest_seconds": 3, "latest_seconds": 120, "jitter": 0.3, "lobby_after_seconds": 30,
    "lobby_spread_seconds": 15}, "draw": null}))]
pub struct SnapshotDto {
    /// Id of the sale whose queue it is.
    pub sale_id: Uuid,
    /// What the queue does.
    pub phase: PhaseDto,
    /// When the sale opens, in UTC.
    pub opens: Timestamp,
    /// When it closes, in UTC.
    pub closes: Timestamp,
    /// What the operator has to say, such as the reason of a pause.
    #[schema(required = true)]
    pub message: Option<String>,
    /// Whether nobody can hold seats for the moment.
    pub holds_stopped: bool,
    /// Why there is nothing to wait for: `all_held` (every seat is held or sold; some may come back), `sold_out`,
    /// `postponed`, `begun` or `cancelled`; `null` while there is something. Nobody is called or admitted while it's one
    /// of the last three; if what is postponed is published again, the queue goes on.
    #[schema(required = true)]
    pub ending: Option<EndingDto>,
    /// How many seats are left to hold, by its first digit: of 57 it says 50. `null` while nobody has looked.
    #[schema(required = true)]
    pub seats_left: Option<u64>,
    /// Counts how often numbers have begun anew after a loss; tokens of earlier ones go on as they are.
    pub epoch: u32,
    /// Whether this is old news: the store does not answer, so nothing moves.
    pub stale: bool,
    /// The groups of the queue, in the sale's order.
    pub groups: Vec<GroupDto>,
    /// How far off a wait may be that was computed as people ahead, divided by `passed_a_minute`.
    pub estimate: EstimateDto,
    /// When to ask again.
    pub ask_again: AskAgainDto,
    /// How the people in the lobby are drawn; `null` if they come in the order in which they joined.
    #[schema(required = true)]
    pub draw: Option<DrawDto>,
}

/// Why there is nothing to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndingDto {
    /// Every seat is held or sold.
    AllHeld,
    /// Every seat is sold.
    SoldOut,
    /// What would be sold takes place at another time: the queue goes on when it is published again.
    Postponed,
    /// What was sold has begun.
    Begun,
    /// What was sold does not take place.
    Cancelled,
}

impl From<Ending> for EndingDto {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::AllHeld => Self::AllHeld,
            Ending::SoldOut => Self::SoldOut,
            Ending::Postponed => Self::Postponed,
            Ending::Begun => Self::Begun,
            Ending::Cancelled => Self::Cancelled,
        }
    }
}

/// A queue within the queue.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GroupDto {
    /// Name of the group, for people.
    pub name: String,
    /// How many are admitted for every one of a group of weight 1.
    pub weight: u32,
    /// How many numbers the lobby has, whose ranks are drawn. Above them, the rank is the number.
    pub drawn: u64,
    /// Numbers that were handed out.
    pub issued: u64,
    /// The last rank that was called. Above `issued` if nobody waits: then whoever joins is called at once.
    pub called: u64,
    /// The last rank whose call has lapsed.
    pub lapsed: u64,
    /// Ranks that nobody has, after a loss of numbers; mostly none. Nobody waits for them.
    pub gaps: Vec<GapDto>,
    /// People whose rank passed in the last minute.
    pub passed_a_minute: u64,
    /// The share of the people called who check in, 0 to 1.
    pub share: f64,
}

/// Ranks that nobody has.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct GapDto {
    /// The last rank before them.
    pub above: u64,
    /// The last of them.
    pub to: u64,
}

/// How far an estimate may be off: multiply by both.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct EstimateDto {
    /// Factor for the lower bound: it rarely takes less.
    pub least: f64,
    /// Factor for the upper bound: it rarely takes more.
    pub most: f64,
}

/// When to ask again: after `part` of the wait's upper bound, within the bounds here, plus a random part of that, up to
/// `jitter`. In the lobby: `lobby_after_seconds` after the opening, plus a random time up to `lobby_spread_seconds`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct AskAgainDto {
    /// Which part of the wait to let pass.
    pub part: f64,
    /// How many seconds to let pass at least.
    pub soonest_seconds: u64,
    /// How many seconds to let pass at most.
    pub latest_seconds: u64,
    /// The largest part of the pause to add to it at random.
    pub jitter: f64,
    /// In the lobby, how many seconds after the opening to ask again.
    pub lobby_after_seconds: u64,
    /// In the lobby, the most seconds to add to that at random.
    pub lobby_spread_seconds: u64,
}

impl SnapshotDto {
    /// The queue on a view.
    pub fn of(view: &QueueView, stale: bool) -> Self {
        let (queue, sale) = (&view.queue, &view.sale);
        let names: Vec<&str> =
            sale.waiting_room.iter().flat_map(|room| &room.groups).map(|group| &*group.name).collect();
        Self {
            sale_id: queue.sale.uuid(),
            phase: queue.phase.into(),
            opens: Timestamp::from(sale.opens),
            closes: Timestamp::from(sale.closes),
            message: queue.message.clone(),
            holds_stopped: queue.holds_stopped,
            ending: queue.ending.map(Into::into),
            seats_left: queue.seats_left,
            epoch: queue.epoch,
            stale,
            groups: Group::all(queue.groups.len())
                .map(|group| GroupDto::of(queue, group, names.get(group.index()).copied().unwrap_or_default()))
                .collect(),
            estimate: EstimateDto { least: f64::from(Forecast::MIN) / 10.0, most: f64::from(Forecast::MAX) / 10.0 },
            ask_again: AskAgainDto::known(),
            draw: queue.draw.as_ref().map(Into::into),
        }
    }
}

impl GroupDto {
    fn of(queue: &Queue, group: Group, name: &str) -> Self {
        let of = &queue.groups[group.index()];
        let forecast = Forecast::of(queue, group);
        Self {
            name: name.to_owned(),
            weight: of.weight,
            drawn: of.drawn,
            issued: of.issued,
            called: of.called,
            lapsed: of.lapsed,
            gaps: of.gaps.all().iter().map(|gap| GapDto { above: gap.above, to: gap.to }).collect(),
            passed_a_minute: forecast.passed_a_minute,
            share: thousandths(forecast.share),
        }
    }
}

/// So many of a thousand, as a share.
pub(super) fn thousandths(share: u64) -> f64 {
    f64::from(u16::try_from(share).unwrap_or(1000)) / 1000.0
}

impl AskAgainDto {
    fn known() -> Self {
        Self {
            part: 1.0 / f64::from(AskAgain::PART),
            soonest_seconds: AskAgain::SOONEST.as_secs(),
            latest_seconds: AskAgain::LATEST.as_secs(),
            jitter: 0.3,
            lobby_after_seconds: 30,
            lobby_spread_seconds: 15,
        }
    }
}
