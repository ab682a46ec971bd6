//! What a performance is one date of.

use super::Genre;
use crate::id::ConcertId;
use crate::text::{composed, is_https};
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
    /// What people read before they buy, in paragraphs: 1 to [`Concert::LONGEST_DESCRIPTION`] characters.
    pub description: Option<String>,
    /// Address of a picture, which begins with `https://`: up to [`Concert::LONGEST_IMAGE`] ASCII characters.
    pub image: Option<String>,
    /// What kind of music it is.
    pub genre: Option<Genre>,
    /// How old people must be to come in, in years: up to [`Concert::MAX_AGE_LIMIT`].
    pub age_limit: Option<u8>,
}

impl Concert {
    /// Characters of a title, and of an artist: 200.
    pub const LONGEST_TITLE: usize = 200;
    /// Characters of a description: 4000.
    pub const LONGEST_DESCRIPTION: usize = 4000;
    /// Characters of the address of a picture: 500.
    pub const LONGEST_IMAGE: usize = 500;
    /// The highest age limit, in years: 99.
    pub const MAX_AGE_LIMIT: u8 = 99;

    /// A concert of which no more is said than who plays what.
    pub fn new(id: ConcertId, title: impl Into<String>, artist: impl Into<String>) -> Self {
        let (title, artist) = (title.into(), artist.into());
        Self { id, title, artist, description: None, image: None, genre: None, age_limit: None }
    }

    /// The concert with its texts in NFC, as it is kept.
    #[must_use]
    pub fn normalized(self) -> Self {
        let [title, artist] = [&self.title, &self.artist].map(|text| composed(text).into_owned());
        let description = self.description.map(|text| composed(&text).into_owned());
        Self { title, artist, description, ..self }
    }

    /// Says everything that is wrong with the concert.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        flaws.check_text(&self.title, Self::LONGEST_TITLE, "/title");
        flaws.check_text(&self.artist, Self::LONGEST_TITLE, "/artist");
        if let Some(description) = &self.description {
            flaws.check_paragraphs(description, Self::LONGEST_DESCRIPTION, "/description");
        }
        if let Some(image) = &self.image {
            let detail =
                format!("an address that begins with https://, of at most {} ASCII characters", Self::LONGEST_IMAGE);
            flaws.unless(image.len() <= Self::LONGEST_IMAGE && is_https(image), "/image", "url", &detail);
        }
        if let Some(years) = self.age_limit {
            flaws.check_range(years, 0..=Self::MAX_AGE_LIMIT, "years", "/age_limit");
        }
        flaws.into_result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::concert;

    fn flaws(concert: &Concert) -> Vec<String> {
        concert
            .check()
            .err()
            .map_or_else(Vec::new, |Invalid(flaws)| flaws.into_iter().map(|flaw| flaw.pointer).collect())
    }

    #[test]
    fn what_pages_show_of_a_concert_is_bounded() {
        let concert = |text: &str, image: &str, years| {
            concert().description(text.to_owned()).image(image.to_owned()).age_limit(years).build()
        };
        let image = |length: usize| format!("https://a.example/{}", "x".repeat(length - 18));
        let fine = concert(&"가".repeat(Concert::LONGEST_DESCRIPTION), &image(Concert::LONGEST_IMAGE), 99);
        assert_eq!(flaws(&fine), [""; 0]);
        assert_eq!(flaws(&concert("One.\n\nTwo.", "https://a.example", 0)), [""; 0]);
        let bad = concert(&"가".repeat(Concert::LONGEST_DESCRIPTION + 1), &image(Concert::LONGEST_IMAGE + 1), 100);
        assert_eq!(flaws(&bad), ["/description", "/image", "/age_limit"]);
    }

    #[test]
    fn texts_are_kept_composed() {
        let typed = concert().title("e\u{301}").description("e\u{301}".to_owned()).build().normalized();
        assert_eq!((typed.title.as_str(), typed.description.as_deref()), ("é", Some("é")));
    }
}
