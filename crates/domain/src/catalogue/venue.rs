//! Where performances take place.

use super::Address;
use crate::id::VenueId;
use crate::text::composed;
use crate::violation::{Invalid, Violations};
use serde::{Deserialize, Serialize};

/// A building with one or more seat maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venue {
    /// Given by the operator's client.
    pub id: VenueId,
    /// Text for people: 1 to [`Venue::LONGEST_NAME`] characters.
    pub name: String,
    /// IANA name, such as `Asia/Seoul`.
    pub time_zone: String,
    /// Where it is.
    pub address: Option<Address>,
}

impl Venue {
    /// Characters of a name: 200.
    pub const LONGEST_NAME: usize = 200;
    /// Characters of a time zone's name: 64.
    pub const LONGEST_TIME_ZONE: usize = 64;

    /// A venue of which nobody has said where it is.
    pub fn new(id: VenueId, name: impl Into<String>, time_zone: impl Into<String>) -> Self {
        Self { id, name: name.into(), time_zone: time_zone.into(), address: None }
    }

    /// The venue with its name and address in NFC, as it is kept.
    #[must_use]
    pub fn normalized(self) -> Self {
        let address = self.address.map(Address::normalized);
        Self { name: composed(&self.name).into_owned(), address, ..self }
    }

    /// Says everything that is wrong with the venue. Whether the time zone exists is checked where the zones are known.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut flaws = Violations::default();
        flaws.check_text(&self.name, Self::LONGEST_NAME, "/name");
        flaws.check_text(&self.time_zone, Self::LONGEST_TIME_ZONE, "/time_zone");
        if let Some(address) = &self.address {
            address.check("/address", &mut flaws);
        }
        flaws.into_result()
    }
}
