//! A new database with everything you need to try things: venues of 50, 5,000 and 50,000 seats, concerts, open sales, an
//! operator and customers with points. All of it is created by the same use cases that the API calls.

mod people;
mod programme;
mod progress;

pub use people::Person;

use crate::application::Application;
use crate::database::create_database;
use crate::refused::unless;
use crate::settings::is_database_file;
use anyhow::{Context, Result};
use frontrow_application::{ActingOperator, UseCases};
use people::everybody;
use programme::{Engagement, programme};
use progress::Progress;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The file of a demo's database.
pub struct DemoFile {
    pub path: PathBuf,
    /// The temporary directory that it is in, deleted with the demo; `None` if the demo is to be kept.
    pub directory: Option<TempDir>,
}

impl DemoFile {
    /// A new, empty file. An existing file is never touched: it may be somebody's database.
    pub fn new(named: Option<PathBuf>, serve: bool) -> Result<Self> {
        let (path, directory) = match named {
            Some(path) => (path, None),
            None if serve => {
                let directory = tempfile::Builder::new().prefix("frontrow-demo-").tempdir()?;
                (directory.path().join("frontrow.sqlite"), Some(directory))
            }
            None => (PathBuf::from("frontrow-demo.sqlite"), None),
        };
        let fit = path.to_str().is_some_and(is_database_file);
        unless(fit, format!("{} can't be a database: name a file without ?, # and %", path.display()))?;
        reserve_file(&path)?;
        Ok(Self { path, directory })
    }
}

fn reserve_file(path: &Path) -> Result<()> {
    let refused = || {
        let path = path.display();
        format!("a demo needs a new database, and {path} can't be made: name another with --database, or take it away")
    };
    create_database(path, true).with_context(refused)
}

/// Fills an empty database, and returns the users that can log in.
pub async fn fill(application: &Application) -> Result<Vec<Person>> {
    let Application { ports, use_cases, .. } = application;
    let programme = programme(&*ports.ids, ports.clock.now())?;
    let people = everybody(&*ports.ids);
    let progress = Progress::new(programme.iter().map(seats).sum::<u64>() + PERSON * people.len() as u64);
    for engagement in &programme {
        put_on(engagement, use_cases, &progress).await?;
    }
    progress.begin("users");
    for person in &people {
        person.arrive(use_cases).await?;
        progress.advance(PERSON);
    }
    Ok(people)
}

/// A user counts as this many seats on the progress bar, because hashing a password takes that long.
const PERSON: u64 = 1000;

async fn put_on(engagement: &Engagement, use_cases: &UseCases, progress: &Progress) -> Result<()> {
    let by = ActingOperator::at_the_console();
    let Engagement { hall, concert, performances, sales } = engagement;
    progress.begin(&format!("{} at {}", concert.title, hall.venue.name));
    use_cases.manage_venues.put(by, &hall.venue, None).await?;
    use_cases.manage_venues.put_seat_map(by, &hall.map, None).await?;
    use_cases.manage_concerts.put(by, concert, None).await?;
    for performance in performances {
        use_cases.manage_performances.put(by, performance, None).await?;
        use_cases.manage_performances.publish(by, performance.id).await?;
        progress.advance(seats(engagement) / performances.len() as u64);
    }
    for sale in sales {
        use_cases.manage_sales.put(by, sale, None, false).await?;
        use_cases.manage_sales.publish(by, sale.id, false).await?;
    }
    Ok(())
}

fn seats(engagement: &Engagement) -> u64 {
    let hall: u32 = engagement.hall.map.layout().map_or(0, |layout| layout.seat_count());
    u64::from(hall) * engagement.performances.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use crate::settings::{DatabaseAddress, Given, Settings};
    use crate::verify::verify;
    use frontrow_application::{ConcertQuery, PageRequest};
    use frontrow_domain::PublicStatus;

    #[tokio::test]
    async fn a_demo_has_seats_to_book_and_one_sale_to_wait_for_and_its_books_are_right() {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::load(&Given { directory: "/nowhere".into(), ..Given::default() }).unwrap();
        settings.database = DatabaseAddress::File(directory.path().join("demo.sqlite"));
        let application = Application::open(&settings, &Keys::generate().unwrap()).await.unwrap();
        let people = fill(&application).await.unwrap();
        assert!(people.iter().any(|person| person.to_string().starts_with("operator  operator@example.com ")));

        let mut found = Vec::new();
        let concerts = application
            .use_cases
            .concerts
            .list(&ConcertQuery::default(), PageRequest::new(10, None).unwrap())
            .await
            .unwrap();
        for concert in concerts.items {
            let page = PageRequest::new(10, None).unwrap();
            let performances = application.use_cases.performances.list(concert.concert.id, false, page).await.unwrap();
            found.extend(performances.items.iter().map(|view| (view.of.on_sale.layout.seat_count(), view.status)));
        }
        found.sort_by_key(|(seats, status)| (*seats, *status == PublicStatus::Upcoming));
        let (on_sale, upcoming) = (PublicStatus::OnSale, PublicStatus::Upcoming);
        let hall = |seats| (seats, on_sale);
        assert_eq!(found, [hall(50), hall(50), (50, upcoming), hall(5_000), hall(5_000), hall(50_000)]);

        application.close().await;
        assert!(verify(&settings, &mut Vec::new()).await.unwrap());
    }

    #[test]
    fn a_file_that_exists_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("precious.sqlite");
        std::fs::write(&path, "precious").unwrap();
        let error = DemoFile::new(Some(path.clone()), true).err().unwrap();
        assert!(format!("{error:#}").contains("--database"), "{error:#}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn each_served_demo_has_a_file_of_its_own_that_is_deleted_with_it() {
        let (one, other) = (DemoFile::new(None, true).unwrap(), DemoFile::new(None, true).unwrap());
        assert_ne!(one.path, other.path);
        let path = one.path.clone();
        assert!(path.exists());
        drop(one);
        assert!(!path.exists() && other.path.exists());
    }
}
