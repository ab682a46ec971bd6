//! What kind of music a concert is.

use serde::{Deserialize, Serialize};

/// What kind of music a concert is: a short list, so that every page and every client can offer the same choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Genre {
    /// Blues.
    Blues,
    /// For children and families.
    Children,
    /// Orchestras, chamber music, choirs.
    Classical,
    /// Country.
    Country,
    /// Dance music, techno, house.
    Electronic,
    /// Folk.
    Folk,
    /// Hip-hop and rap.
    HipHop,
    /// Jazz.
    Jazz,
    /// Metal.
    Metal,
    /// Musicals.
    Musical,
    /// Operas.
    Opera,
    /// Pop, K-pop among it.
    Pop,
    /// Rock, indie and punk.
    Rock,
    /// Soul, funk, rhythm and blues.
    Soul,
    /// The traditional music of a country, such as gugak.
    Traditional,
    /// What fits nowhere else.
    Other,
}

impl Genre {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Blues,
        Self::Children,
        Self::Classical,
        Self::Country,
        Self::Electronic,
        Self::Folk,
        Self::HipHop,
        Self::Jazz,
        Self::Metal,
        Self::Musical,
        Self::Opera,
        Self::Pop,
        Self::Rock,
        Self::Soul,
        Self::Traditional,
        Self::Other,
    ];

    /// The word that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blues => "blues",
            Self::Children => "children",
            Self::Classical => "classical",
            Self::Country => "country",
            Self::Electronic => "electronic",
            Self::Folk => "folk",
            Self::HipHop => "hip_hop",
            Self::Jazz => "jazz",
            Self::Metal => "metal",
            Self::Musical => "musical",
            Self::Opera => "opera",
            Self::Pop => "pop",
            Self::Rock => "rock",
            Self::Soul => "soul",
            Self::Traditional => "traditional",
            Self::Other => "other",
        }
    }

    /// The genre of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|genre| genre.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_genre_has_a_word_of_its_own() {
        for (index, genre) in Genre::ALL.into_iter().enumerate() {
            assert_eq!(Genre::of(genre.as_str()), Some(genre));
            assert_eq!(genre as usize, index, "{genre:?}");
        }
        assert_eq!(Genre::of("polka"), None);
    }
}
