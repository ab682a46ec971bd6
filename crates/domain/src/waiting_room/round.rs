//! The round of public randomness that decides a draw: named before anybody knows its value, which is entered once it is
//! out.

use super::{Digest, DrawState, Queue, seed};
use crate::text::composed;
use crate::violation::Violations;
use thiserror::Error;

/// Why a round is not named, or its value not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DrawRefusal {
    /// The name is empty, too long, or has control characters.
    #[error("a round is named by 1 to 200 characters, no control characters, no space at either end")]
    InvalidRound,
    /// The value isn't 32 to 1024 hexadecimal digits.
    #[error("a value is 32 to 1024 hexadecimal digits, an even number of them")]
    InvalidValue,
    /// This sale has no draw.
    #[error("the sale's lobby is not drawn by lot")]
    NotByLot,
    /// The lists are fixed, so whoever names a round now may know its value.
    #[error("it is fixed who takes part in the draw: a round is named before the sale opens")]
    TooLate,
    /// Another round was named, and is public.
    #[error("the draw waits for another round: {0}")]
    OtherRound(String),
    /// No round was named, so there is no value to enter.
    #[error("the draw waits for no round: none was named before the sale opened")]
    NoRound,
    /// The lists are not fixed: whoever knows the value could still choose who takes part.
    #[error("the digests of the lists are not published yet: that is done when the sale opens")]
    NotListed,
    /// Another value was entered, and is public.
    #[error("the draw was decided by another value: {0}")]
    OtherValue(String),
}

impl DrawState {
    /// Characters of the name of a round.
    pub const MAX_ROUND: usize = 200;
    /// Hexadecimal digits of a value: as many as nobody can guess, and no more than a signature has.
    pub const VALUE_DIGITS: std::ops::RangeInclusive<usize> = 32..=1024;
}

impl Queue {
    /// The draw with that round; the same if that is its round already.
    pub fn name_round(&self, round: &str) -> Result<DrawState, DrawRefusal> {
        let mut flaws = Violations::default();
        let round = &*composed(round);
        flaws.check_text(round, DrawState::MAX_ROUND, "/round");
        flaws.into_result().map_err(|_| DrawRefusal::InvalidRound)?;
        let draw = self.draw.as_ref().ok_or(DrawRefusal::NotByLot)?;
        match &draw.round {
            Some(known) if known == round => Ok(draw.clone()),
            Some(known) => Err(DrawRefusal::OtherRound(known.clone())),
            None if self.gathered => Err(DrawRefusal::TooLate),
            None => Ok(DrawState { round: Some(round.to_owned()), ..draw.clone() }),
        }
    }

    /// The draw as the value of its round decides it; the same if that has decided it already. Small and capital digits
    /// are the same.
    pub fn enter_value(&self, digest: Digest, value: &str) -> Result<DrawState, DrawRefusal> {
        let is_value = value.bytes().all(|digit| digit.is_ascii_hexdigit())
            && value.len().is_multiple_of(2)
            && DrawState::VALUE_DIGITS.contains(&value.len());
        let value = value.to_ascii_lowercase();
        let draw = self.draw.as_ref().ok_or(DrawRefusal::NotByLot)?;
        match (&draw.round, &draw.lists, &draw.value) {
            _ if !is_value => Err(DrawRefusal::InvalidValue),
            (None, ..) => Err(DrawRefusal::NoRound),
            (_, None, _) => Err(DrawRefusal::NotListed),
            (.., Some(known)) if *known != value => Err(DrawRefusal::OtherValue(known.clone())),
            (.., Some(_)) => Ok(draw.clone()),
            (_, Some(_), None) => self.decide_draw(digest, value).ok_or(DrawRefusal::NotListed),
        }
    }

    /// The draw as that value decides it; `None` while the lists of who takes part are not published.
    pub fn decide_draw(&self, digest: Digest, value: String) -> Option<DrawState> {
        let draw = self.draw.as_ref()?;
        let counts: Vec<u64> = self.groups.iter().map(|group| group.drawn).collect();
        let decides = seed(digest, &draw.secret, &value, &counts, draw.lists.as_ref()?);
        Some(DrawState { value: Some(value), seed: Some(decides), ..draw.clone() })
    }
}
