//! A venue, as an operator puts it and as everybody sees it.

use super::common::text;
use super::forms::{ShortName, TimeZone, Title};
use crate::extract::some_object;
use frontrow_domain::{Address, Venue, VenueId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

/// A venue, as an operator puts it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Small Hall", "time_zone": "Asia/Seoul", "address": {"street": ["424 Olympic-ro", "Songpa-gu"],
    "postal_code": "05540", "city": "Seoul", "country": "KR"}}))]
pub struct VenueBody {
    /// Name of the venue, for people.
    #[validate(custom(function = venue_name))]
    #[schema(value_type = Title)]
    pub name: String,
    /// IANA name of its time zone: of a place, such as `Asia/Seoul`, or `UTC`. It is kept by its canonical name.
    #[schema(value_type = TimeZone)]
    pub time_zone: String,
    /// Where it is.
    #[serde(default, deserialize_with = "some_object")]
    pub address: Option<AddressDto>,
}

impl VenueBody {
    /// The venue of that id.
    pub fn into_venue(self, id: Uuid) -> Venue {
        let address = self.address.map(Into::into);
        Venue { id: VenueId::new(id), name: self.name, time_zone: self.time_zone, address }
    }
}

fn venue_name(name: &str) -> Result<(), ValidationError> {
    text(name, Venue::LONGEST_NAME)
}

impl From<Venue> for VenueBody {
    fn from(venue: Venue) -> Self {
        Self { name: venue.name, time_zone: venue.time_zone, address: venue.address.map(Into::into) }
    }
}

/// The venue of a performance.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "019a0f0e-7c1c-7b1e-9e6b-3a5c2f4d8e12", "name": "Small Hall", "time_zone": "Asia/Seoul",
    "address": {"street": ["424 Olympic-ro", "Songpa-gu"], "postal_code": "05540", "city": "Seoul", "country": "KR"}}))]
pub struct VenueDto {
    /// Id of the venue; it never changes.
    pub id: Uuid,
    /// Name of the venue, for people.
    pub name: String,
    /// IANA name of its time zone, such as `Asia/Seoul`.
    pub time_zone: String,
    /// Where it is; `null` if nobody has said.
    #[schema(required = true)]
    pub address: Option<AddressDto>,
}

impl From<Venue> for VenueDto {
    fn from(venue: Venue) -> Self {
        let address = venue.address.map(Into::into);
        Self { id: venue.id.uuid(), name: venue.name, time_zone: venue.time_zone, address }
    }
}

/// A postal address.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"street": ["424 Olympic-ro", "Songpa-gu"], "postal_code": "05540", "city": "Seoul", "country": "KR"}))]
pub struct AddressDto {
    /// Street and number, as on an envelope: 1 to 4 lines of up to 100 characters.
    #[schema(min_items = 1, max_items = 4, value_type = Vec<ShortName>)]
    pub street: Vec<String>,
    /// Postal code; `null` where there is none.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 16)]
    pub postal_code: Option<String>,
    /// The city.
    #[schema(value_type = ShortName)]
    pub city: String,
    /// Code of the country, as in ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Z]{2}$")]
    pub country: String,
}

impl From<Address> for AddressDto {
    fn from(address: Address) -> Self {
        let Address { street, postal_code, city, country } = address;
        Self { street, postal_code, city, country }
    }
}

impl From<AddressDto> for Address {
    fn from(address: AddressDto) -> Self {
        let AddressDto { street, postal_code, city, country } = address;
        Self { street, postal_code, city, country }
    }
}
