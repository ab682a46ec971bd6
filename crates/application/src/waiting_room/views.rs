//! Copies of the queues in the memory of every instance, so that showing one costs no store operation.

use super::QueuePace;
use frontrow_domain::waiting_room::{Digest, EntryStatus, Group, Queue, QueueNumber, Ranks};
use frontrow_domain::{Instant, PerformanceId, Sale, SaleId};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// The snapshot of a queue as it is sent, made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The body.
    pub body: Vec<u8>,
    /// Its entity tag.
    pub tag: String,
}

/// One queue, as an instance has it in memory.
#[derive(Debug)]
pub struct QueueView {
    /// As it was when it was read last, at most some seconds ago.
    pub queue: Queue,
    /// Its sale.
    pub sale: Arc<Sale>,
    /// By group, the ranks; shared by all views of the queue. Empty as long as they are to be drawn.
    ranks: Arc<Vec<Ranks>>,
    /// When it was read.
    pub read_at: Instant,
    /// The body as it is sent, made and kept by whoever sends it first.
    pub rendered: OnceLock<Rendered>,
}

impl QueueView {
    /// A view older than this, 3 seconds, is stale: the store has not answered since.
    pub const STALE: Duration = Duration::from_secs(3);

    /// The status of a queue entry.
    pub fn status(&self, group: Group, number: QueueNumber) -> EntryStatus {
        self.ranks.get(group.index()).map_or(EntryStatus::Lobby, |ranks| self.queue.status_of(ranks, group, number))
    }

    /// The ranks of a group.
    pub fn ranks(&self, group: Group) -> Option<&Ranks> {
        self.ranks.get(group.index())
    }

    /// Whether its ranks are known, as far as they can be: if not, all wait as if in the lobby until they are
    /// [drawn](QueueViews::draw_ranks).
    pub fn is_ranked(&self) -> bool {
        !self.ranks.is_empty()
    }

    fn ranked(&self, ranks: Arc<Vec<Ranks>>) -> Arc<Self> {
        let (queue, sale, rendered) = (self.queue.clone(), Arc::clone(&self.sale), self.rendered.clone());
        Arc::new(Self { queue, sale, ranks, read_at: self.read_at, rendered })
    }

    /// Whether the store hasn't answered for a while.
    pub fn is_stale(&self, now: Instant) -> bool {
        now.since(self.read_at) > Self::STALE
    }
}

/// The views of all queues that are not over.
pub struct QueueViews {
    views: RwLock<Arc<BTreeMap<SaleId, Arc<QueueView>>>>,
    /// How ticks should go.
    pub pace: QueuePace,
    digest: Digest,
}

impl QueueViews {
    /// No queues yet. The digest, SHA-256, draws the ranks.
    pub fn new(digest: Digest) -> Self {
        Self { views: RwLock::default(), pace: QueuePace::default(), digest }
    }

    /// Whether an operator has stopped new holds of that performance: in the named sale, or in one that is open.
    pub fn holds_stopped(&self, performance: PerformanceId, sale: Option<SaleId>, now: Instant) -> bool {
        self.all().values().any(|view| {
            let meant = sale.map_or_else(|| view.sale.is_open(now), |sale| sale == view.sale.id);
            meant && view.queue.holds_stopped && view.sale.performances.contains(&performance)
        })
    }

    /// The view of a sale's queue.
    pub fn view(&self, sale: SaleId) -> Option<Arc<QueueView>> {
        self.all().get(&sale).cloned()
    }

    /// All views as they are now.
    pub fn all(&self) -> Arc<BTreeMap<SaleId, Arc<QueueView>>> {
        Arc::clone(&self.views.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces all views with what was read; queues that were not read have no view any more.
    pub fn replace_all(&self, queues: Vec<(Queue, Arc<Sale>)>, read_at: Instant) {
        let known = self.all();
        let views = queues.into_iter().map(|(queue, sale)| {
            let view = renew(known.get(&queue.sale), queue, sale, read_at);
            (view.queue.sale, view)
        });
        let made: Vec<_> = views.collect();
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        *views = Arc::new(made.into_iter().map(|(sale, view)| (sale, newer(views.get(&sale), view))).collect());
    }

    /// Replaces the view of one queue, such as after a tick of this instance.
    pub fn replace(&self, queue: Queue, sale: Arc<Sale>, read_at: Instant) {
        let known = self.all();
        let view = renew(known.get(&queue.sale), queue, sale, read_at);
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        let view = newer(views.get(&view.queue.sale), view);
        Arc::make_mut(&mut views).insert(view.queue.sale, view);
    }

    /// Draws the ranks of a queue whose draw is decided, if nobody has. For a million people that takes a second of a
    /// processor, once a queue.
    pub fn draw_ranks(&self, sale: SaleId) {
        let Some(view) = self.view(sale).filter(|view| !view.is_ranked()) else { return };
        let Some(seed) = seed_of(&view.queue) else { return };
        let groups = Group::all(view.queue.groups.len()).zip(&view.queue.groups);
        let ranks = groups.map(|(group, of)| Ranks::draw(self.digest, &seed, group, of.drawn));
        let ranks = Arc::new(ranks.collect());
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        let newest = views.get(&sale).filter(|newest| !newest.is_ranked()).map(|newest| newest.ranked(ranks));
        if let Some(newest) = newest {
            Arc::make_mut(&mut views).insert(sale, newest);
        }
    }
}

fn renew(known: Option<&Arc<QueueView>>, queue: Queue, sale: Arc<Sale>, read_at: Instant) -> Arc<QueueView> {
    let ranks = match known {
        // A slow read must not replace a newer view by an older one.
        Some(view) if queue.version < view.queue.version => return Arc::clone(view),
        Some(view) if queue.is_drawn() && view.queue.is_drawn() => Arc::clone(&view.ranks),
        _ if seed_of(&queue).is_some() => Arc::default(),
        _ => Arc::new(vec![Ranks::default(); queue.groups.len()]),
    };
    let rendered = known.filter(|view| view.queue.version == queue.version && view.sale == sale);
    let rendered = rendered.map(|view| view.rendered.clone()).unwrap_or_default();
    Arc::new(QueueView { queue, sale, ranks, read_at, rendered })
}

/// What decides the order of those who were in the lobby, once it is known.
fn seed_of(queue: &Queue) -> Option<[u8; 32]> {
    queue.draw.as_ref().and_then(|draw| draw.seed).filter(|_| queue.is_drawn())
}

/// No queues, and no ranks to draw: for whoever sells without waiting rooms.
impl Default for QueueViews {
    fn default() -> Self {
        Self::new(|_| [0; 32])
    }
}

/// Another task may have replaced the view with a newer one meanwhile, or drawn its ranks.
fn newer(known: Option<&Arc<QueueView>>, made: Arc<QueueView>) -> Arc<QueueView> {
    match known {
        Some(known) if known.queue.version > made.queue.version => Arc::clone(known),
        Some(known) if known.queue.is_drawn() && !made.is_ranked() => made.ranked(Arc::clone(&known.ranks)),
        _ => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, digest, drawing, entry, queue, queue_drawn_by, queues, sale, sale_with_room};
    use frontrow_domain::Version;
    use frontrow_domain::waiting_room::{DrawState, Phase, QueueEntry, Rank};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn version(version: i64, queue: Queue) -> Queue {
        Queue { version: Version::new(version), ..queue }
    }

    fn drawn() -> Queue {
        queue_drawn_by(DrawState {
            lists: Some(vec![[1; 32]; 2]),
            value: Some("cafe".into()),
            seed: Some([9; 32]),
            ..drawing()
        })
    }

    fn view(queues: &QueueViews) -> Arc<QueueView> {
        queues.view(sale(0).id).unwrap()
    }

    fn status(queue: Queue, number: u64) -> EntryStatus {
        let QueueEntry { group, number } = entry(number);
        view(&queues(queue, sale_with_room(0))).status(group, number)
    }

    #[test]
    fn an_entry_stands_as_its_rank_is_called() {
        assert_eq!(status(queue(), 10), EntryStatus::Lapsed);
        assert_eq!(status(queue(), 11), EntryStatus::Called);
        assert_eq!(status(queue(), 20), EntryStatus::Called);
        assert_eq!(status(queue(), 21), EntryStatus::Waiting { ahead: 1 });
        assert_eq!(status(Queue { phase: Phase::Lobby, ..queue() }, 1), EntryStatus::Lobby);
        assert_eq!(status(queue_drawn_by(drawing()), 1), EntryStatus::Lobby);
    }

    #[test]
    fn a_group_that_the_queue_does_not_have_is_never_called() {
        let view = view(&queues(queue(), sale_with_room(0)));
        let third = Group::new(2).unwrap();
        assert_eq!((view.status(third, entry(1).number), view.ranks(third)), (EntryStatus::Lobby, None));
    }

    #[test]
    fn a_newer_queue_is_never_replaced_by_an_older_one() {
        let queues = queues(version(5, queue()), sale_with_room(0));
        let sale = Arc::new(sale_with_room(0));
        queues.replace(version(4, queue()), Arc::clone(&sale), at(101));
        assert_eq!((view(&queues).queue.version, view(&queues).read_at), (Version::new(5), at(100)));
        queues.replace_all(vec![(version(4, queue()), Arc::clone(&sale))], at(101));
        assert_eq!((view(&queues).queue.version, view(&queues).read_at), (Version::new(5), at(100)));
        queues.replace_all(vec![(version(5, queue()), Arc::clone(&sale))], at(102));
        assert_eq!((view(&queues).queue.version, view(&queues).read_at), (Version::new(5), at(102)));
        queues.replace(version(6, queue()), sale, at(103));
        assert_eq!((view(&queues).queue.version, view(&queues).read_at), (Version::new(6), at(103)));
    }

    /// While the ranks are drawn, version 3 arrives.
    static SLOW: LazyLock<QueueViews> = LazyLock::new(|| QueueViews::new(interrupted));

    fn interrupted(text: &[u8]) -> [u8; 32] {
        static ONCE: AtomicBool = AtomicBool::new(true);
        if ONCE.swap(false, Ordering::Relaxed) {
            SLOW.replace(version(3, drawn()), Arc::new(sale_with_room(0)), at(101));
        }
        digest(text)
    }

    #[test]
    fn a_queue_that_arrives_while_an_older_one_is_drawn_gets_its_ranks() {
        SLOW.replace_all(vec![(version(2, drawn()), Arc::new(sale_with_room(0)))], at(100));
        assert!(!view(&SLOW).is_ranked());
        SLOW.draw_ranks(sale(0).id);
        assert_eq!((view(&SLOW).queue.version, view(&SLOW).read_at), (Version::new(3), at(101)));
        assert!(view(&SLOW).is_ranked());
    }

    #[test]
    fn ranks_are_drawn_once_for_all_views_of_a_queue() {
        let queues = queues(queue_drawn_by(drawing()), sale_with_room(0));
        let undrawn = view(&queues);
        queues.replace(version(2, drawn()), Arc::clone(&undrawn.sale), at(101));
        let QueueEntry { group, number } = entry(1);
        assert_eq!((view(&queues).is_ranked(), view(&queues).status(group, number)), (false, EntryStatus::Lobby));
        queues.draw_ranks(undrawn.sale.id);
        let first = view(&queues);
        assert_ne!(first.status(group, number), EntryStatus::Lobby);
        queues.replace(version(3, drawn()), Arc::clone(&undrawn.sale), at(102));
        queues.replace_all(vec![(version(4, drawn()), Arc::clone(&undrawn.sale))], at(103));
        assert_eq!(view(&queues).queue.version, Version::new(4));
        assert!(!Arc::ptr_eq(&undrawn.ranks, &first.ranks) && Arc::ptr_eq(&view(&queues).ranks, &first.ranks));

        let ranks = first.ranks(Group::FIRST).unwrap();
        let mut drawn: Vec<Rank> = (1..=3).map(|number| ranks.rank(entry(number).number)).collect();
        drawn.sort();
        assert_eq!(drawn, [1, 2, 3].map(Rank::new));
        assert_eq!(ranks.rank(entry(4).number), Rank::new(4), "whoever came later comes later");
    }

    #[test]
    fn what_was_rendered_is_kept_for_the_same_version_of_the_same_sale() {
        let rendered = Rendered { body: b"{}".into(), tag: "1".into() };
        let with_rendered = || {
            let queues = queues(queue(), sale_with_room(0));
            view(&queues).rendered.set(rendered.clone()).unwrap();
            queues
        };
        let sale = sale_with_room(0);
        let other = Sale { name: "Another name".into(), ..sale_with_room(0) };
        for (queue, sale, kept) in
            [(queue(), sale.clone(), true), (version(2, queue()), sale, false), (queue(), other, false)]
        {
            let queues = with_rendered();
            queues.replace(queue, Arc::new(sale), at(101));
            assert_eq!(view(&queues).rendered.get(), Some(&rendered).filter(|_| kept));
        }
    }

    #[test]
    fn a_view_is_stale_after_three_seconds() {
        let view = view(&queues(queue(), sale_with_room(0)));
        assert!(!view.is_stale(at(103)) && view.is_stale(at(103) + Duration::from_micros(1)));
        assert!(!view.is_stale(at(99)), "clocks may differ");
    }

    #[test]
    fn a_queue_that_is_over_has_no_view() {
        let queues = queues(queue(), sale_with_room(0));
        let other = Queue { sale: sale(1).id, ..queue() };
        queues.replace_all(vec![(other, Arc::new(sale_with_room(1)))], at(101));
        let with_views: Vec<SaleId> = queues.all().keys().copied().collect();
        assert_eq!((with_views, queues.view(sale(0).id).is_none()), (vec![sale(1).id], true));
    }
}
