//! Which concerts are wanted, and where they stand in a list.

use frontrow_domain::{ConcertId, Genre, PublicStatus, folded};

/// The order of a list of concerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConcertSort {
    /// By the next date; those without one at the end.
    #[default]
    Date,
    /// By the next date, the latest first; those without one at the end.
    DateDescending,
    /// By title, without case and accents.
    Title,
}

/// Where a concert stands in a list. It stays where it is while its own date or title does, whatever becomes of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConcertPosition {
    /// By the next date, in microseconds since 1970.
    Date(i64, ConcertId),
    /// By the next date, the latest first.
    DateDescending(i64, ConcertId),
    /// By the beginning of the title, without case and accents.
    Title(String, ConcertId),
}

impl ConcertPosition {
    /// Bytes of a title that order it: 96, as long as some 30 Korean syllables.
    pub const MAX_TITLE: usize = 96;

    pub(super) const fn sort(&self) -> ConcertSort {
        match self {
            Self::Date(..) => ConcertSort::Date,
            Self::DateDescending(..) => ConcertSort::DateDescending,
            Self::Title(..) => ConcertSort::Title,
        }
    }
}

/// Which concerts are wanted, in which order. Texts are compared without case and accents. `None` is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConcertQuery {
    /// Each of its words is in the title or the artist.
    pub text: Option<String>,
    /// This is the artist.
    pub artist: Option<String>,
    /// What kind of music it is.
    pub genre: Option<Genre>,
    /// What can be said of it, see [`ConcertView::status`](super::ConcertView::status).
    pub status: Option<PublicStatus>,
    /// A performance takes place there.
    pub city: Option<String>,
    /// The performance there is on that day of the venue or later; days since 1970.
    pub from: Option<i64>,
    /// The performance there is on that day of the venue or earlier.
    pub to: Option<i64>,
    /// In which order.
    pub sort: ConcertSort,
}

impl ConcertQuery {
    /// The query with its texts as the index has them.
    pub(super) fn folded(&self) -> Self {
        let [text, artist, city] = [&self.text, &self.artist, &self.city].map(|text| text.as_deref().map(folded));
        Self { text, artist, city, ..self.clone() }
    }
}
