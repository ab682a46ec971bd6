//! The demo's catalogue: concerts, performances, prices and sales, with dates relative to now.

use frontrow_application::port::IdSource;
use frontrow_domain::{Concert, Genre, Instant, OutOfRange, Performance, Sale};
use frontrow_mock::sample::{Hall, club, concert, evening, performance, sale, stadium, theatre, waiting_room};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// One concert in one hall.
pub struct Engagement {
    pub hall: Hall,
    pub concert: Concert,
    pub performances: Vec<Performance>,
    pub sales: Vec<Sale>,
}

/// Three open sales, the first of them with a waiting room, and one that opens in a week.
pub fn programme(ids: &dyn IdSource, now: Instant) -> Result<Vec<Engagement>, OutOfRange> {
    let soon = |days: &[u32]| days.iter().map(|days| evening(now, *days)).collect::<Vec<_>>();
    let mut club = engagement(
        ids,
        club(ids),
        Concert {
            genre: Some(Genre::Jazz),
            age_limit: Some(19),
            ..concert(
                ids,
                ["Small Hours", "The Night Owls"],
                "A late set in a small room: ballads, brushes and a double bass.",
            )
        },
        &[(now, soon(&[8, 9])), (now + 7 * DAY, soon(&[60]))],
    )?;
    for sale in &mut club.sales {
        sale.waiting_room = Some(waiting_room(now, 10, 600));
    }
    let northern_lights = Concert {
        genre: Some(Genre::Folk),
        age_limit: Some(8),
        ..concert(ids, ["Northern Lights", "Paper Boats"], "Songs about weather, water and the way home.")
    };
    let one_night_only = Concert {
        genre: Some(Genre::Rock),
        ..concert(ids, ["One Night Only", "Skyline"], "The whole first album, and everything that came after it.")
    };
    Ok(vec![
        club,
        engagement(ids, theatre(ids), northern_lights, &[(now, soon(&[15, 16]))])?,
        engagement(ids, stadium(ids), one_night_only, &[(now, soon(&[30]))])?,
    ])
}

/// `sales` has for each sale its opening, and the beginnings of the performances that it sells.
fn engagement(
    ids: &dyn IdSource,
    hall: Hall,
    concert: Concert,
    sales: &[(Instant, Vec<Instant>)],
) -> Result<Engagement, OutOfRange> {
    let mut engagement = Engagement { hall, concert, performances: Vec::new(), sales: Vec::new() };
    for (opens, begins) in sales {
        let performances = begins.iter().map(|at| performance(ids, engagement.concert.id, &engagement.hall, *at));
        let performances: Vec<_> = performances.collect::<Result<_, _>>()?;
        engagement.sales.push(sale(ids, *opens, &performances));
        engagement.performances.extend(performances);
    }
    Ok(engagement)
}
