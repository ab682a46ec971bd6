//! Where somebody stands: arithmetic on what is in memory.

use super::{Board, Lines};
use crate::port::{Clock, QueueSigner};
use crate::{Denied, Error, Missing};
use frontrow_domain::waiting_room::{AskAgain, Forecast, QueueToken, Standing, Wait};
use std::sync::Arc;

/// A place, and what can be said of it.
#[derive(Clone, Debug)]
pub struct PlaceView {
    /// The place.
    pub token: QueueToken,
    /// How it stands.
    pub standing: Standing,
    /// How long it will take; `None` while nobody knows.
    pub wait: Option<Wait>,
    /// When to ask again.
    pub again: AskAgain,
    /// The line.
    pub board: Arc<Board>,
}

impl PlaceView {
    pub(super) fn of(token: QueueToken, board: Arc<Board>, clock: &dyn Clock) -> Self {
        let standing = board.standing(token.group, token.number);
        let again = AskAgain::of(&board.line, board.sale.opens, token.group, token.number, standing, clock.now());
        let wait = match standing {
            Standing::Waiting { ahead } => Forecast::of(&board.line, token.group).wait(ahead),
            _ => None,
        };
        Self { token, standing, wait, again, board }
    }
}

/// Looks a place up, by its token alone.
pub struct ShowPlace {
    /// All lines.
    pub lines: Arc<Lines>,
    /// Reads the token.
    pub signer: Arc<dyn QueueSigner>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl ShowPlace {
    /// Touches nothing but memory.
    pub fn run(&self, token: &str) -> Result<PlaceView, Error> {
        let token = self.signer.read_token(token).map_err(|_| Denied::QueueTokenForged)?;
        let board = self.lines.board(token.sale).ok_or(Error::NotFound(Missing::Line))?;
        Ok(PlaceView::of(token, board, &*self.clock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, clock, line, lines, place, sale, sale_with_room, signs, token};
    use frontrow_domain::waiting_room::{Line, Phase};
    use std::time::Duration;

    /// There is no port of a store: nothing but memory can be looked at.
    fn show(line: Line, token: QueueToken) -> ShowPlace {
        ShowPlace { lines: lines(line, sale_with_room(0)), signer: Arc::new(signs(token)), clock: clock(100) }
    }

    #[test]
    fn a_place_is_told_how_many_come_first_how_long_that_takes_and_when_to_ask_again() {
        let view = show(line(), token(25)).run("token").unwrap();
        assert_eq!((view.token, view.standing), (token(25), Standing::Waiting { ahead: 5 }));
        // 60 a minute pass.
        let wait = Wait { least: Duration::from_secs(4), most: Duration::from_millis(7_500) };
        assert_eq!(view.wait, Some(wait));
        let AskAgain(again) = view.again;
        assert!((AskAgain::SOONEST..=AskAgain::SOONEST * 13 / 10).contains(&again), "{again:?}");
        assert_eq!(view.board.line, line());
    }

    #[test]
    fn nobody_waits_before_the_opening_or_after_the_call() {
        let lobby = show(Line { phase: Phase::Lobby, ..line() }, token(25)).run("token").unwrap();
        assert_eq!((lobby.standing, lobby.wait), (Standing::Lobby, None));
        for (number, standing) in [(15, Standing::Called), (5, Standing::Lapsed)] {
            let view = show(line(), token(number)).run("token").unwrap();
            assert_eq!((view.standing, view.wait), (standing, None));
        }
    }

    #[test]
    fn a_board_that_is_stale_is_better_than_none() {
        let stale = ShowPlace { clock: clock(1000), ..show(line(), token(15)) }.run("token").unwrap();
        assert!(stale.board.is_stale(at(1000)));
        assert_eq!((stale.standing, stale.token.number), (Standing::Called, place(15).number));
    }

    #[test]
    fn a_forged_token_and_one_of_a_line_that_is_over_show_nothing() {
        let refused = show(line(), token(25)).run("forged").unwrap_err();
        assert_eq!(refused, Denied::QueueTokenForged.into());
        let other = QueueToken { sale: sale(1).id, ..token(25) };
        assert_eq!(show(line(), other).run("token").unwrap_err(), Error::NotFound(Missing::Line));
    }
}
