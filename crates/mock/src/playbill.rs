//! What you can find in the first world, as it is printed at the start and answered at `/mock/world`.

use crate::cast::{Cast, PASSWORD, Person};
use crate::programme::{Programme, Show};
use crate::stories::Story;
use serde_json::{Value, json};
use std::fmt;

/// Everything in the first world that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbill {
    seed: u64,
    programme: Programme,
    cast: Cast,
    stories: Vec<Story>,
}

impl Playbill {
    pub(crate) fn new(seed: u64, programme: Programme, cast: Cast, stories: Vec<Story>) -> Self {
        Self { seed, programme, cast, stories }
    }

    /// As JSON, for programs.
    pub fn json(&self) -> Value {
        let person = |person: &Person| {
            json!({
                "id": person.user.id,
                "email": person.user.email.as_str(),
                "password": PASSWORD,
                "role": person.user.role,
                "points": person.points,
                "about": person.about,
                "access_token": person.access_token,
            })
        };
        let concert = |show: &Show| {
            json!({
                "id": show.concert.id,
                "title": show.concert.title,
                "venue": self.programme.hall(show).venue.name,
                "venue_id": self.programme.hall(show).venue.id,
                "sale": show.sale.id,
                "performances": show.performances.iter().map(|performance| performance.id).collect::<Vec<_>>(),
                "about": show.about,
            })
        };
        let reservation = |story: &Story| json!({"id": story.reservation, "about": story.about});
        json!({
            "seed": self.seed,
            "people": self.cast.people().map(person),
            "concerts": self.programme.shows().map(concert),
            "reservations": self.stories.iter().map(reservation).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Playbill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "People; everybody's password is \"{PASSWORD}\":")?;
        for Person { user, points, about, .. } in self.cast.people() {
            writeln!(f, "  {:<21}  {:>9} points  {about}", user.email.as_str(), points)?;
        }
        writeln!(f, "\nConcerts:")?;
        for show in self.programme.shows() {
            let hall = self.programme.hall(show);
            writeln!(f, "  {} at {}: {}", show.concert.title, hall.venue.name, show.about)?;
            writeln!(f, "    concert      {}", show.concert.id)?;
            for performance in &show.performances {
                writeln!(f, "    performance  {}", performance.id)?;
            }
            writeln!(f, "    sale         {}", show.sale.id)?;
        }
        writeln!(f, "\nVenues:")?;
        for hall in [&self.programme.lantern, &self.programme.riverside] {
            let seats = hall.map.layout().map_or(0, |layout| layout.seat_count());
            writeln!(f, "  {}  {}: {seats} seats", hall.venue.id, hall.venue.name)?;
        }
        writeln!(f, "\nKim's reservations:")?;
        for Story { reservation, about } in &self.stories {
            writeln!(f, "  {reservation}  {about}")?;
        }
        writeln!(f, "\nAccess tokens, good until 2100:")?;
        for Person { user, access_token, .. } in self.cast.people() {
            writeln!(f, "  {:<8}  {access_token}", user.name)?;
        }
        Ok(())
    }
}
