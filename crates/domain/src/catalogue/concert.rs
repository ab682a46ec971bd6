//! What a performance is one date of.

use crate::id::ConcertId;
use crate::text::composed;
use crate::violation::{Invalid, Violations};
use serde::{Deserialize, Serialize};

/// An artist, a title: what a performance is one date of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concert {
    /// Given by the operator's client.
    pub id: ConcertId,
    /// Text for people: 1 to [`Concert::LONGEST_TITLE`] characters.
    pub title: String,
    /// Text for people: 1 to [`Concert::LONGEST_TITLE`] characters.
    pub artist: String,
}

impl Concert {
    /// Characters of a title, and of an artist: 200.
    pub const LONGEST_TITLE: usize = 200;

    /// The concert with its texts in NFC, as it is kept.
    #[must_use]
    pub fn normalized(self) -> Self {
        let [title, artist] = [&self.title, &self.artist].map(|text| composed(text).into_owned());
        Self { title, artist, ..self }
    }

    /// Says everything that is wrong with the concert.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        flaws.check_text(&self.title, Self::LONGEST_TITLE, "/title");
        flaws.check_text(&self.artist, Self::LONGEST_TITLE, "/artist");
        flaws.into_result()
    }
}
