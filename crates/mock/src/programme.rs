//! What is on in the first world: two halls, six concerts, and a sale of each kind.

use crate::chance::Chance;
use crate::error::MockError;
use crate::sample::{Hall, club, concert, evening, performance, sale, theatre, waiting_room};
use frontrow_application::port::IdSource;
use frontrow_application::{ActingOperator, Error, UseCases};
use frontrow_domain::{Concert, Genre, Instant, Performance, PerformanceStatus, Sale};
use std::time::Duration;

/// The first world is made as of that long before it begins, so that something can have lapsed by then.
pub const HISTORY: Duration = Duration::from_hours(1);
/// How long after the beginning the sale opens that is upcoming.
pub const OPENS_IN: Duration = Duration::from_mins(10);

/// One concert, its dates, and the sale of all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    /// What is played.
    pub concert: Concert,
    /// Its dates, the soonest first.
    pub performances: Vec<Performance>,
    /// Their one sale.
    pub sale: Sale,
    /// What there is to know about it.
    pub about: &'static str,
}

/// Everything that is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    /// 50 seats.
    pub lantern: Hall,
    /// 5,000 seats.
    pub riverside: Hall,
    /// In the small hall, on sale, without a queue.
    pub small_hours: Show,
    /// In the large hall, on sale, without a queue.
    pub open_air: Show,
    /// In the large hall, behind a waiting room.
    pub northern_lights: Show,
    /// In the large hall, on sale soon; its lobby is open.
    pub first_light: Show,
    /// In the small hall, sold out.
    pub last_dance: Show,
    /// In the large hall, cancelled.
    pub stormy_weather: Show,
}

impl Programme {
    /// The same for the same seed, on dates that count from when the world begins.
    pub fn new(chance: Chance, begins: Instant) -> Result<Self, MockError> {
        let ids = chance.ids("programme");
        let (lantern, riverside) = (club(&ids), theatre(&ids));
        let show = |hall: &Hall, names, days: &[u32], about| Show::new(&ids, hall, names, days, begins, about);
        let mut programme = Self {
            small_hours: show(&lantern, ["Small Hours", "The Night Owls"], &[8, 9], "on sale, no queue")?,
            open_air: show(&riverside, ["Open Air", "Skyline"], &[12], "on sale, no queue")?,
            northern_lights: show(
                &riverside,
                ["Northern Lights", "Paper Boats"],
                &[15, 16],
                "on sale behind a waiting room",
            )?,
            first_light: show(
                &riverside,
                ["First Light", "Morning Choir"],
                &[40],
                "upcoming: its sale opens 10 minutes after the start, its lobby is open",
            )?,
            last_dance: show(&lantern, ["Last Dance", "The Slow Trains"], &[20], "sold out")?,
            stormy_weather: show(&riverside, ["Stormy Weather", "Harbour Lights"], &[25], "cancelled")?,
            lantern,
            riverside,
        };
        for (show, genre, age_limit) in [
            (&mut programme.small_hours, Genre::Jazz, Some(19)),
            (&mut programme.open_air, Genre::Rock, None),
            (&mut programme.northern_lights, Genre::Folk, Some(8)),
            (&mut programme.first_light, Genre::Classical, None),
            (&mut programme.last_dance, Genre::Pop, Some(12)),
            (&mut programme.stormy_weather, Genre::Pop, None),
        ] {
            show.concert = Concert { genre: Some(genre), age_limit, ..show.concert.clone() };
        }
        programme.first_light.sale.opens = begins + OPENS_IN;
        for show in [&mut programme.northern_lights, &mut programme.first_light] {
            show.sale.waiting_room = Some(waiting_room(begins - 3 * HISTORY, 100, 120));
        }
        Ok(programme)
    }

    /// Every show, in the order of their ids.
    pub fn shows(&self) -> [&Show; 6] {
        let Self { small_hours, open_air, northern_lights, first_light, last_dance, stormy_weather, .. } = self;
        [small_hours, open_air, northern_lights, first_light, last_dance, stormy_weather]
    }

    /// The hall that a show is in.
    pub fn hall(&self, show: &Show) -> &Hall {
        let is_there = |hall: &&Hall| show.performances.iter().any(|performance| performance.venue == hall.venue.id);
        [&self.lantern, &self.riverside].into_iter().find(is_there).unwrap_or(&self.riverside)
    }

    /// Puts everything on, and publishes it.
    pub async fn put_on(&self, use_cases: &UseCases, by: ActingOperator) -> Result<(), Error> {
        for hall in [&self.lantern, &self.riverside] {
            use_cases.manage_venues.put(by, &hall.venue, None).await?;
            use_cases.manage_venues.put_seat_map(by, &hall.map, None).await?;
        }
        for Show { concert, performances, sale, .. } in self.shows() {
            use_cases.manage_concerts.put(by, concert, None).await?;
            for performance in performances {
                use_cases.manage_performances.put(by, performance, None).await?;
                use_cases.manage_performances.publish(by, performance.id).await?;
            }
            use_cases.manage_sales.put(by, sale, None, false).await?;
            use_cases.manage_sales.publish(by, sale.id, false).await?;
        }
        Ok(())
    }

    /// Cancels what is cancelled, once somebody has paid for it.
    pub async fn cancel(&self, use_cases: &UseCases, by: ActingOperator) -> Result<(), Error> {
        for performance in &self.stormy_weather.performances {
            use_cases.manage_performances.become_status(by, performance.id, PerformanceStatus::Cancelled).await?;
        }
        Ok(())
    }
}

impl Show {
    fn new(
        ids: &dyn IdSource,
        hall: &Hall,
        [title, artist]: [&str; 2],
        days: &[u32],
        begins: Instant,
        about: &'static str,
    ) -> Result<Self, MockError> {
        let concert = concert(ids, [title, artist], &format!("An evening with {artist}."));
        let performances = days.iter().map(|days| performance(ids, concert.id, hall, evening(begins, *days)));
        let performances: Vec<_> = performances.collect::<Result<_, _>>()?;
        let sale = Sale { limit_per_person: 10, ..sale(ids, begins - 2 * HISTORY, &performances) };
        Ok(Self { concert, performances, sale, about })
    }
}
