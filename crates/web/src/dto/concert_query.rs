//! Which concerts to list, and in which order.

use super::forms::ConcertCursor;
use super::{ConcertStatus, GenreDto};
use crate::extract::{Cursor, page_request};
use crate::problem::{FieldError, Problem};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontrow_application::{ConcertPosition, ConcertQuery, ConcertSort, PageRequest};
use frontrow_domain::{ConcertId, Genre, PublicStatus};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which concerts to list. Texts are compared without case and accents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConcertsQuery {
    /// Words, each of which is in the title or the artist: up to 10.
    #[param(min_length = 1, max_length = 100, pattern = r"^\s*(\S+\s+){0,9}\S*$", example = "light larks")]
    pub q: Option<String>,
    /// The artist's name as a whole.
    #[param(min_length = 1, max_length = 200)]
    pub artist: Option<String>,
    /// What kind of music it is.
    #[param(value_type = Option<GenreDto>, inline)]
    pub genre: Option<String>,
    /// The city of a performance.
    #[param(min_length = 1, max_length = 100, example = "Seoul")]
    pub city: Option<String>,
    /// The day of a performance at its venue, or an earlier one: `2027-05-01`. With `city`, of a performance there.
    #[param(format = "date", pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2027-05-01")]
    pub from: Option<String>,
    /// The day of a performance at its venue, or a later one.
    #[param(format = "date", pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2027-05-31")]
    pub to: Option<String>,
    /// The `status` of the concert.
    #[param(value_type = Option<ConcertStatus>, inline)]
    pub status: Option<String>,
    /// The order: `date` if left out.
    #[param(value_type = Option<ConcertOrder>, inline)]
    pub sort: Option<String>,
    /// Items at most: 1 to 100, 20 if left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, example = 20)]
    pub limit: Option<String>,
    /// The `next_cursor` of the page before.
    #[param(value_type = Option<ConcertCursor>)]
    pub cursor: Option<String>,
}

/// The order of a list of concerts.
#[derive(Clone, Copy, Debug, ToSchema)]
pub enum ConcertOrder {
    /// By the next performance, the soonest first; concerts without one at the end.
    #[schema(rename = "date")]
    Date,
    /// By the next performance, the latest first; concerts without one at the end.
    #[schema(rename = "-date")]
    DateDescending,
    /// By title, without case and accents.
    #[schema(rename = "title")]
    Title,
}

/// Words of a search, at most.
const MAX_WORDS: usize = 10;
const MAX_TEXT: usize = 100;
const MAX_ARTIST: usize = 200;

impl ConcertsQuery {
    /// Which concerts.
    pub fn query(&self) -> Result<ConcertQuery, Problem> {
        let mut flaws = Vec::new();
        let query = ConcertQuery {
            text: self.words(&mut flaws),
            artist: text(&mut flaws, "artist", self.artist.as_ref(), MAX_ARTIST),
            genre: word(&mut flaws, "genre", self.genre.as_ref(), &GenreDto::WORDS, Genre::of),
            status: word(&mut flaws, "status", self.status.as_ref(), &STATUSES, status),
            city: text(&mut flaws, "city", self.city.as_ref(), MAX_TEXT),
            from: day(&mut flaws, "from", self.from.as_ref()),
            to: day(&mut flaws, "to", self.to.as_ref()),
            sort: word(&mut flaws, "sort", self.sort.as_ref(), &ORDERS, order).unwrap_or_default(),
        };
        if flaws.is_empty() { Ok(query) } else { Err(Problem::invalid(flaws)) }
    }

    fn words(&self, flaws: &mut Vec<FieldError>) -> Option<String> {
        let words = text(flaws, "q", self.q.as_ref(), MAX_TEXT)?;
        if words.split_whitespace().count() > MAX_WORDS {
            flaws.push(FieldError::new("/query/q", "words", format!("up to {MAX_WORDS} words")));
        }
        Some(words)
    }

    /// The limit and the cursor, still as text.
    pub fn page(&self) -> Result<PageRequest<ConcertPosition>, Problem> {
        page_request(self.limit.as_deref(), self.cursor.as_deref(), |position: ConcertPosition| position)
    }
}

fn text(flaws: &mut Vec<FieldError>, name: &str, value: Option<&String>, most: usize) -> Option<String> {
    let text = value?;
    if !(1..=most).contains(&text.chars().count()) {
        flaws.push(FieldError::new(format!("/query/{name}"), "length", format!("1 to {most} characters")));
    }
    Some(text.clone())
}

/// One of a few words.
fn word<T>(
    flaws: &mut Vec<FieldError>,
    name: &str,
    value: Option<&String>,
    words: &[&str],
    known: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let found = known(value?);
    if found.is_none() {
        flaws.push(FieldError::new(format!("/query/{name}"), "word", format!("one of {}", words.join(", "))));
    }
    found
}

const STATUSES: [&str; 5] = ["on_sale", "upcoming", "postponed", "closed", "cancelled"];

fn status(word: &str) -> Option<PublicStatus> {
    match word {
        "on_sale" => Some(PublicStatus::OnSale),
        "upcoming" => Some(PublicStatus::Upcoming),
        "postponed" => Some(PublicStatus::Postponed),
        "closed" => Some(PublicStatus::Closed),
        "cancelled" => Some(PublicStatus::Cancelled),
        _ => None,
    }
}

const ORDERS: [&str; 3] = ["date", "-date", "title"];

fn order(word: &str) -> Option<ConcertSort> {
    match word {
        "date" => Some(ConcertSort::Date),
        "-date" => Some(ConcertSort::DateDescending),
        "title" => Some(ConcertSort::Title),
        _ => None,
    }
}

/// Days since 1970.
fn day(flaws: &mut Vec<FieldError>, name: &str, value: Option<&String>) -> Option<i64> {
    let text = value?;
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = text.parse::<jiff::civil::Date>().ok().filter(|_| is_plain);
    let midnight = date.and_then(|date| jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok());
    let day = midnight.map(|midnight| midnight.as_second().div_euclid(86_400));
    if day.is_none() {
        flaws.push(FieldError::new(format!("/query/{name}"), "date", "a date such as 2027-05-01"));
    }
    day
}

/// A letter for the order, what the order goes by, and the id.
impl Cursor for ConcertPosition {
    fn encode(&self) -> String {
        let (letter, key, id) = match self {
            Self::Date(date, id) => (b'd', date.to_be_bytes().to_vec(), id),
            Self::DateDescending(date, id) => (b'D', date.to_be_bytes().to_vec(), id),
            Self::Title(title, id) => (b't', title.clone().into_bytes(), id),
        };
        URL_SAFE_NO_PAD.encode([&[letter], &key[..], id.uuid().as_bytes()].concat())
    }

    fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (letter, rest) = bytes.split_first()?;
        let (key, id) = rest.split_last_chunk::<16>()?;
        let id = ConcertId::new(Uuid::from_bytes(*id));
        let date = || Some(i64::from_be_bytes(key.try_into().ok()?));
        match letter {
            b'd' => Some(Self::Date(date()?, id)),
            b'D' => Some(Self::DateDescending(date()?, id)),
            b't' if key.len() <= Self::MAX_TITLE => Some(Self::Title(String::from_utf8(key.to_vec()).ok()?, id)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_as_long_as_its_description_says_at_most() {
        let id = ConcertId::new(Uuid::from_u128(7));
        let title = "가".repeat(ConcertPosition::MAX_TITLE / 3);
        for position in [
            ConcertPosition::Date(i64::MAX, id),
            ConcertPosition::DateDescending(-1, id),
            ConcertPosition::Title(String::new(), id),
            ConcertPosition::Title(title, id),
        ] {
            let text = position.encode();
            assert!(text.len() <= 160, "{text}");
            assert_eq!(ConcertPosition::decode(&text), Some(position));
        }
        for text in ["", "AA", "ZA", "ZGFiYw", "dGFiYw"] {
            assert_eq!(ConcertPosition::decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_a_day_of_the_calendar() {
        let read = |text: &str| day(&mut Vec::new(), "from", Some(&text.to_owned()));
        for (text, days) in [("1970-01-01", Some(0)), ("2027-05-01", Some(20_939)), ("0000-01-01", Some(-719_528))] {
            assert_eq!(read(text), days, "{text}");
        }
        for text in ["", "2027-02-29", "2027-13-01", "20270501", "2027-05-01T10:00:00Z", "-002027-05-01", "2027-W17-6"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
