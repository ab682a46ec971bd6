//! A concert, as an operator puts it and as everybody sees it.

use super::common::text;
use super::forms::{Description, Title};
use super::{Money, Timestamp, VenueDto};
use frontrow_application::ConcertView;
use frontrow_application::port::ProgrammeEntry;
use frontrow_domain::{Concert, ConcertId, Genre, PublicStatus};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

/// A concert, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "First Light", "artist": "The Larks",
    "description": "Songs of the new album, and those that everybody knows.\n\nWith an interval.",
    "image": "https://images.example/first-light.jpg", "genre": "folk", "age_limit": 8}))]
pub struct ConcertBody {
    /// Title, for people.
    #[validate(custom(function = title))]
    #[schema(value_type = Title)]
    pub title: String,
    /// Name of the artist, for people.
    #[validate(custom(function = title))]
    #[schema(value_type = Title)]
    pub artist: String,
    /// What people read before they buy: plain text, whose paragraphs are separated by line feeds.
    #[serde(default)]
    #[schema(value_type = Option<Description>)]
    pub description: Option<String>,
    /// Address of a picture.
    #[serde(default)]
    #[schema(
        format = "uri",
        max_length = 500,
        example = "https://images.example/first-light.jpg",
        pattern = r"^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?([/?#][A-Za-z0-9._~!$&'()*+,;=:@/?#%-]*)?$"
    )]
    pub image: Option<String>,
    /// What kind of music it is.
    #[serde(default)]
    pub genre: Option<GenreDto>,
    /// How old people must be to come in, in years.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 99)]
    pub age_limit: Option<u8>,
}

impl ConcertBody {
    /// The concert of that id.
    pub fn into_concert(self, id: Uuid) -> Concert {
        Concert {
            id: ConcertId::new(id),
            title: self.title,
            artist: self.artist,
            description: self.description,
            image: self.image,
            genre: self.genre.map(|genre| genre.0),
            age_limit: self.age_limit,
        }
    }
}

fn title(name: &str) -> Result<(), ValidationError> {
    text(name, Concert::LONGEST_TITLE)
}

impl From<Concert> for ConcertBody {
    fn from(concert: Concert) -> Self {
        Self {
            title: concert.title,
            artist: concert.artist,
            description: concert.description,
            image: concert.image,
            genre: concert.genre.map(GenreDto),
            age_limit: concert.age_limit,
        }
    }
}

/// A concert.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e11", "title": "First Light", "artist": "The Larks",
    "description": "Songs of the new album, and those that everybody knows.\n\nWith an interval.",
    "image": "https://images.example/first-light.jpg", "genre": "folk", "age_limit": 8, "status": "on_sale",
    "next_performance": {"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e10", "starts_at": "2027-05-01T10:00:00Z",
    "doors_at": "2027-05-01T09:00:00Z", "status": "on_sale", "venue": {"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12",
    "name": "Small Hall", "time_zone": "Asia/Seoul", "address": {"street": ["424 Olympic-ro", "Songpa-gu"],
    "postal_code": "05540", "city": "Seoul", "country": "KR"}}},
    "price_range": {"lowest": {"amount": 80_000, "currency": "KRW"}, "highest": {"amount": 120_000, "currency": "KRW"}},
    "performance_count": 1, "cities": ["Seoul"]}))]
pub struct ConcertDto {
    /// Id of the concert; it never changes.
    pub id: Uuid,
    /// Title, for people.
    pub title: String,
    /// Name of the artist, for people.
    pub artist: String,
    /// What people read before they buy: plain text, whose paragraphs are separated by line feeds; `null` if there is none.
    #[schema(required = true)]
    pub description: Option<String>,
    /// Address of a picture; `null` if there is none.
    #[schema(required = true, format = "uri")]
    pub image: Option<String>,
    /// What kind of music it is; `null` if nobody has said.
    #[schema(required = true)]
    pub genre: Option<GenreDto>,
    /// How old people must be to come in, in years; `null` if nobody has said.
    #[schema(required = true)]
    pub age_limit: Option<u8>,
    /// What can be said of its performances: the first of these words that fits one of them.
    pub status: ConcertStatus,
    /// The next performance; one that is postponed only if there is no other, `null` if none is to come.
    #[schema(required = true)]
    pub next_performance: Option<NextPerformanceDto>,
    /// What seats of its performances to come cost, before discounts and fees; `null` if none is to come.
    #[schema(required = true)]
    pub price_range: Option<PriceRangeDto>,
    /// How many performances are to come.
    pub performance_count: u32,
    /// The cities of the performances to come whose venues have an address, the next first: at most 20.
    #[schema(max_items = 20)]
    pub cities: Vec<String>,
}

impl ConcertDto {
    /// The concert with its prices in that currency.
    pub fn of(view: &ConcertView, currency: &str) -> Self {
        let concert = &view.concert;
        let price_range = view.list_prices.map(|(lowest, highest)| PriceRangeDto {
            lowest: Money::of(lowest, currency),
            highest: Money::of(highest, currency),
        });
        Self {
            id: concert.id.uuid(),
            title: concert.title.clone(),
            artist: concert.artist.clone(),
            description: concert.description.clone(),
            image: concert.image.clone(),
            genre: concert.genre.map(GenreDto),
            age_limit: concert.age_limit,
            status: view.status.into(),
            next_performance: view.next.as_ref().map(|(next, status)| NextPerformanceDto::of(next, *status)),
            price_range,
            performance_count: view.performances,
            cities: view.cities.clone(),
        }
    }
}

/// The lowest and the highest list price.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PriceRangeDto {
    /// The lowest list price.
    pub lowest: Money,
    /// The highest list price.
    pub highest: Money,
}

/// The next performance of a concert.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NextPerformanceDto {
    /// Id of the performance.
    pub id: Uuid,
    /// When it starts, in UTC.
    pub starts_at: Timestamp,
    /// When people are let in, in UTC; `null` if nobody has said.
    #[schema(required = true)]
    pub doors_at: Option<Timestamp>,
    /// Whether it can be booked. Whether seats are left, the performance itself says.
    pub status: ConcertStatus,
    /// The venue where it takes place.
    pub venue: VenueDto,
}

impl NextPerformanceDto {
    fn of(next: &ProgrammeEntry, status: PublicStatus) -> Self {
        Self {
            id: next.id.uuid(),
            starts_at: next.bookable.starts_at.into(),
            doors_at: next.doors_at.map(Into::into),
            status: status.into(),
            venue: (*next.venue).clone().into(),
        }
    }
}

/// What can be said of a concert, or of its next performance, without looking at the seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConcertStatus {
    /// A sale is open; whether seats are left, the performance itself says.
    OnSale,
    /// A sale will open, or none is planned yet.
    Upcoming,
    /// It takes place at another time.
    Postponed,
    /// It is not sold any more.
    Closed,
    /// It does not take place.
    Cancelled,
}

impl From<PublicStatus> for ConcertStatus {
    fn from(status: PublicStatus) -> Self {
        match status {
            PublicStatus::OnSale | PublicStatus::SoldOut => Self::OnSale,
            PublicStatus::Upcoming => Self::Upcoming,
            PublicStatus::Postponed => Self::Postponed,
            PublicStatus::Closed => Self::Closed,
            PublicStatus::Cancelled => Self::Cancelled,
        }
    }
}

/// What kind of music a concert is. Its words are the domain's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenreDto(pub Genre);

impl GenreDto {
    /// All words, in their order.
    pub(crate) const WORDS: [&'static str; Genre::ALL.len()] = {
        let mut words = [""; Genre::ALL.len()];
        let mut index = 0;
        while index < words.len() {
            words[index] = Genre::ALL[index].as_str();
            index += 1;
        }
        words
    };
}

impl Serialize for GenreDto {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for GenreDto {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Genre::of(&word).map(Self).ok_or_else(|| D::Error::unknown_variant(&word, &Self::WORDS))
    }
}

impl PartialSchema for GenreDto {
    fn schema() -> RefOr<Schema> {
        let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Self::WORDS));
        words.description(Some("What kind of music a concert is.")).into()
    }
}

impl ToSchema for GenreDto {
    fn name() -> std::borrow::Cow<'static, str> {
        "Genre".into()
    }
}
