//! What every instance has in memory of the lines, so that looking costs no store operation.

use super::Pace;
use frontrow_domain::waiting_room::{Digest, Group, Line, QueueNumber, Ranks, Standing};
use frontrow_domain::{Instant, Sale, SaleId};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

/// The snapshot of a line as it is sent, made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The body.
    pub body: Vec<u8>,
    /// Its entity tag.
    pub tag: String,
}

/// One line, as it was lately.
#[derive(Debug)]
pub struct Board {
    /// The line.
    pub line: Line,
    /// Its sale.
    pub sale: Arc<Sale>,
    /// By group, the ranks; shared by all boards of the line.
    ranks: Arc<Vec<Ranks>>,
    /// When it was read.
    pub read_at: Instant,
    /// For whoever sends it first to keep.
    pub rendered: OnceLock<Rendered>,
}

impl Board {
    /// A board that is older is stale: the store does not answer.
    pub const STALE: Duration = Duration::from_secs(3);

    /// Of a place.
    pub fn standing(&self, group: Group, number: QueueNumber) -> Standing {
        self.ranks.get(group.index()).map_or(Standing::Lobby, |ranks| self.line.standing_of(ranks, group, number))
    }

    /// The ranks of a group.
    pub fn ranks(&self, group: Group) -> Option<&Ranks> {
        self.ranks.get(group.index())
    }

    /// Whether the store has not been heard of for a while.
    pub fn is_stale(&self, now: Instant) -> bool {
        now.since(self.read_at) > Self::STALE
    }
}

/// The boards of all lines that are not over.
pub struct Lines {
    boards: RwLock<Arc<BTreeMap<SaleId, Arc<Board>>>>,
    /// How ticks should go.
    pub pace: Pace,
    digest: Digest,
}

impl Lines {
    /// No lines yet. The digest, SHA-256, draws the ranks.
    pub fn new(digest: Digest) -> Self {
        Self { boards: RwLock::default(), pace: Pace::default(), digest }
    }

    /// The board of a sale's line.
    pub fn board(&self, sale: SaleId) -> Option<Arc<Board>> {
        self.all().get(&sale).cloned()
    }

    /// All boards as they are now.
    pub fn all(&self) -> Arc<BTreeMap<SaleId, Arc<Board>>> {
        Arc::clone(&self.boards.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts up what was read. Drawing the ranks of a million takes a second, once a line.
    pub fn put_up(&self, lines: Vec<(Line, Arc<Sale>)>, read_at: Instant) {
        let known = self.all();
        let boards = lines.into_iter().map(|(line, sale)| {
            let board = self.renew(known.get(&line.sale), line, sale, read_at);
            (board.line.sale, board)
        });
        let boards: Vec<_> = boards.collect();
        let mut up = self.boards.write().unwrap_or_else(PoisonError::into_inner);
        *up = Arc::new(boards.into_iter().map(|(sale, board)| (sale, newer(up.get(&sale), board))).collect());
    }

    /// Puts up one line, such as after a tick of one's own.
    pub fn put_up_one(&self, line: Line, sale: Arc<Sale>, read_at: Instant) {
        let known = self.all();
        let board = self.renew(known.get(&line.sale), line, sale, read_at);
        let mut up = self.boards.write().unwrap_or_else(PoisonError::into_inner);
        let board = newer(up.get(&board.line.sale), board);
        Arc::make_mut(&mut up).insert(board.line.sale, board);
    }

    fn renew(&self, known: Option<&Arc<Board>>, line: Line, sale: Arc<Sale>, read_at: Instant) -> Arc<Board> {
        let ranks = match known {
            // Who reads slowly must not put an older line up over a newer one.
            Some(board) if line.version < board.line.version => return Arc::clone(board),
            Some(board) if line.is_drawn() && board.line.is_drawn() => Arc::clone(&board.ranks),
            _ => Arc::new(self.ranks(&line)),
        };
        let rendered = known.filter(|board| board.line.version == line.version && board.sale == sale);
        let rendered = rendered.map(|board| board.rendered.clone()).unwrap_or_default();
        Arc::new(Board { line, sale, ranks, read_at, rendered })
    }

    fn ranks(&self, line: &Line) -> Vec<Ranks> {
        let groups = Group::all(line.groups.len()).zip(&line.groups);
        let seed = line.draw.as_ref().and_then(|draw| draw.seed).filter(|_| line.is_drawn());
        let ranks = groups.map(|(group, of)| match &seed {
            Some(seed) => Ranks::draw(self.digest, seed, group, of.drawn),
            None => Ranks::default(),
        });
        ranks.collect()
    }
}

/// While one board was made somebody else may have put up a newer one.
fn newer(up: Option<&Arc<Board>>, made: Arc<Board>) -> Arc<Board> {
    up.filter(|up| up.line.version > made.line.version).map_or(made, Arc::clone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, digest, drawing, line, line_drawn_by, lines, place, sale, sale_with_room};
    use frontrow_domain::Version;
    use frontrow_domain::waiting_room::{Drawing, Phase, Place, Rank};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn version(version: i64, line: Line) -> Line {
        Line { version: Version::new(version), ..line }
    }

    fn drawn() -> Line {
        line_drawn_by(Drawing {
            lists: Some(vec![[1; 32]; 2]),
            value: Some("cafe".into()),
            seed: Some([9; 32]),
            ..drawing()
        })
    }

    fn board(lines: &Lines) -> Arc<Board> {
        lines.board(sale(0).id).unwrap()
    }

    fn standing(line: Line, number: u64) -> Standing {
        let Place { group, number } = place(number);
        board(&lines(line, sale_with_room(0))).standing(group, number)
    }

    #[test]
    fn a_place_stands_as_its_rank_is_called() {
        assert_eq!(standing(line(), 10), Standing::Lapsed);
        assert_eq!(standing(line(), 11), Standing::Called);
        assert_eq!(standing(line(), 20), Standing::Called);
        assert_eq!(standing(line(), 21), Standing::Waiting { ahead: 1 });
        assert_eq!(standing(Line { phase: Phase::Lobby, ..line() }, 1), Standing::Lobby);
        assert_eq!(standing(line_drawn_by(drawing()), 1), Standing::Lobby);
    }

    #[test]
    fn a_group_that_the_line_does_not_have_is_never_called() {
        let board = board(&lines(line(), sale_with_room(0)));
        let third = Group::new(2).unwrap();
        assert_eq!((board.standing(third, place(1).number), board.ranks(third)), (Standing::Lobby, None));
    }

    #[test]
    fn an_older_line_is_never_put_up_over_a_newer_one() {
        let lines = lines(version(5, line()), sale_with_room(0));
        let sale = Arc::new(sale_with_room(0));
        lines.put_up_one(version(4, line()), Arc::clone(&sale), at(101));
        assert_eq!((board(&lines).line.version, board(&lines).read_at), (Version::new(5), at(100)));
        lines.put_up(vec![(version(4, line()), Arc::clone(&sale))], at(101));
        assert_eq!((board(&lines).line.version, board(&lines).read_at), (Version::new(5), at(100)));
        lines.put_up(vec![(version(5, line()), Arc::clone(&sale))], at(102));
        assert_eq!((board(&lines).line.version, board(&lines).read_at), (Version::new(5), at(102)));
        lines.put_up_one(version(6, line()), sale, at(103));
        assert_eq!((board(&lines).line.version, board(&lines).read_at), (Version::new(6), at(103)));
    }

    /// While the ranks of version 2 are drawn, version 3 is put up.
    static SLOW: LazyLock<Lines> = LazyLock::new(|| Lines::new(interrupted));

    fn interrupted(text: &[u8]) -> [u8; 32] {
        static ONCE: AtomicBool = AtomicBool::new(true);
        if ONCE.swap(false, Ordering::Relaxed) {
            SLOW.put_up_one(version(3, drawn()), Arc::new(sale_with_room(0)), at(101));
        }
        digest(text)
    }

    #[test]
    fn who_draws_slowly_does_not_put_an_older_line_up_over_what_came_meanwhile() {
        SLOW.put_up(vec![(version(2, drawn()), Arc::new(sale_with_room(0)))], at(100));
        assert_eq!((board(&SLOW).line.version, board(&SLOW).read_at), (Version::new(3), at(101)));
    }

    #[test]
    fn ranks_are_drawn_once_for_all_boards_of_a_line() {
        let lines = lines(line_drawn_by(drawing()), sale_with_room(0));
        let undrawn = board(&lines);
        lines.put_up_one(version(2, drawn()), Arc::clone(&undrawn.sale), at(101));
        let first = board(&lines);
        lines.put_up_one(version(3, drawn()), Arc::clone(&undrawn.sale), at(102));
        lines.put_up(vec![(version(4, drawn()), Arc::clone(&undrawn.sale))], at(103));
        assert_eq!(board(&lines).line.version, Version::new(4));
        assert!(!Arc::ptr_eq(&undrawn.ranks, &first.ranks) && Arc::ptr_eq(&board(&lines).ranks, &first.ranks));

        let ranks = first.ranks(Group::FIRST).unwrap();
        let mut drawn: Vec<Rank> = (1..=3).map(|number| ranks.rank(place(number).number)).collect();
        drawn.sort();
        assert_eq!(drawn, [1, 2, 3].map(Rank::new));
        assert_eq!(ranks.rank(place(4).number), Rank::new(4), "who came later comes later");
    }

    #[test]
    fn what_was_rendered_is_kept_for_the_same_version_of_the_same_sale() {
        let rendered = Rendered { body: b"{}".into(), tag: "1".into() };
        let up = || {
            let lines = lines(line(), sale_with_room(0));
            board(&lines).rendered.set(rendered.clone()).unwrap();
            lines
        };
        let sale = sale_with_room(0);
        let other = Sale { name: "Another name".into(), ..sale_with_room(0) };
        for (line, sale, kept) in
            [(line(), sale.clone(), true), (version(2, line()), sale, false), (line(), other, false)]
        {
            let lines = up();
            lines.put_up_one(line, Arc::new(sale), at(101));
            assert_eq!(board(&lines).rendered.get(), Some(&rendered).filter(|_| kept));
        }
    }

    #[test]
    fn a_board_is_stale_after_three_seconds() {
        let board = board(&lines(line(), sale_with_room(0)));
        assert!(!board.is_stale(at(103)) && board.is_stale(at(103) + Duration::from_micros(1)));
        assert!(!board.is_stale(at(99)), "clocks may differ");
    }

    #[test]
    fn a_line_that_is_over_has_no_board() {
        let lines = lines(line(), sale_with_room(0));
        let other = Line { sale: sale(1).id, ..line() };
        lines.put_up(vec![(other, Arc::new(sale_with_room(1)))], at(101));
        let up: Vec<SaleId> = lines.all().keys().copied().collect();
        assert_eq!((up, lines.board(sale(0).id).is_none()), (vec![sale(1).id], true));
    }
}
