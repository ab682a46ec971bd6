//! What can be watched, and what it takes to watch it.

use crate::problem::Problem;
use crate::rendered::Answer;
use frontrow_domain::{Instant, PerformanceId, SaleId};

/// What somebody watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// The seats of a performance, and the performance itself.
    Performance(PerformanceId),
    /// The queue of a sale.
    Queue(SaleId),
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Availability,
    Performance,
    Queue,
}

/// What one poll would answer.
pub(crate) struct Looked {
    pub kind: Kind,
    pub answer: Answer,
}

/// What is watched, as polls see it.
pub(crate) trait Polls: Clone + Send + Sync + 'static {
    /// The answers of a topic, always in the same order: the tag of the first one is the id of its events.
    fn look(&self, topic: Topic) -> impl Future<Output = Result<Vec<Looked>, Problem>> + Send;

    /// What has changed since the answer with that tag; `None` if that can't be told better than by the whole answer.
    fn since(&self, topic: Topic, kind: Kind, tag: &str) -> Option<Answer>;

    /// Whether it may be polled by whoever shows no pass. `None` while nobody knows: then it stays as it was.
    fn is_public(&self, topic: Topic) -> impl Future<Output = Option<bool>> + Send;

    /// The instant that the rules decide by.
    fn now(&self) -> Instant;
}

impl Topic {
    /// For figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Performance(_) => "performance",
            Self::Queue(_) => "queue",
        }
    }
}

impl Kind {
    /// As events say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Performance => "performance",
            Self::Queue => "queue",
        }
    }

    /// Whether its tag is the id of its events. A client that comes back names one id, whatever kind that was of.
    pub const fn has_id(self) -> bool {
        !matches!(self, Self::Performance)
    }
}
