//! A hundred performances on sale, in one hall of 50,000 seats, and what people read of them.

use crate::bare::FixedAnswer;
use crate::driver::show::Hall;
use crate::driver::{Client, Show, Terms};
use crate::load::request;
use anyhow::{Context, Result};
use std::net::SocketAddr;

/// As many as the longest page of a list has.
const PERFORMANCES: usize = 100;

/// What is on sale.
pub struct Programme {
    pub shows: Vec<Show>,
    hall: Hall,
}

/// A request that changes nothing, and what was answered to it.
pub struct Read {
    pub name: &'static str,
    pub request: Vec<u8>,
    /// The same request to the bare server, which has the answers in the same order.
    pub bare: Vec<u8>,
    pub answer: FixedAnswer,
}

impl Programme {
    /// Publishes them, as an operator does.
    pub async fn publish(operator: &mut Client, terms: Terms) -> Result<Self> {
        let hall = Hall::of(operator, terms).await?;
        let mut shows = Vec::with_capacity(PERFORMANCES);
        for n in 1..=PERFORMANCES {
            shows.push(hall.publish(operator, terms).await?);
            if n % 20 == 0 {
                eprintln!("{n} of {PERFORMANCES} performances of 50,000 seats");
            }
        }
        Ok(Self { shows, hall })
    }

    /// The show of that turn, so that no two turns book the same seats.
    pub fn show(&self, turn: usize) -> Result<Show> {
        // The last one is that whose seats nobody books.
        let bookable = &self.shows[..self.shows.len() - 1];
        bookable.get(turn).copied().context("too many rounds for a hundred performances")
    }

    /// The seats that are left in a show, the same where they have not changed, the show itself, and the list of all
    /// shows; and what could not be read.
    pub async fn reads(&self, address: SocketAddr, show: Show) -> Result<(Vec<Read>, Vec<String>)> {
        let unchanged = self.shows.last().context("no performances")?;
        let seats = |show: &Show| format!("/v1/performances/{}/availability", show.performance);
        let tag = FixedAnswer::of(address, &get(&seats(unchanged), None)).await?;
        let tag = Some(tag.header("etag").context("no ETag")?);
        let wanted = [
            ("seats left of 50,000", seats(&show), None, 200),
            ("seats left of 50,000, unchanged (304)", seats(unchanged), tag, 304),
            ("one performance", format!("/v1/performances/{}", show.performance), None, 200),
            ("list of 100 performances", self.list(), None, 200),
        ];
        let (mut reads, mut missing) = (Vec::with_capacity(wanted.len()), Vec::new());
        for (name, path, known, expected) in wanted {
            let request = get(&path, known);
            let answer = FixedAnswer::of(address, &request).await?;
            if answer.status == expected {
                let bare = get(&format!("/{}", reads.len()), known);
                reads.push(Read { name, request, bare, answer });
            } else {
                missing.push(format!("{name}: answered with {}, and so not measured", answer.status));
            }
        }
        Ok((reads, missing))
    }

    /// Everything once, until every answer is there.
    pub fn once(&self) -> Vec<Vec<u8>> {
        let performances = self.shows.iter().map(|show| format!("/v1/performances/{}", show.performance));
        let paths = performances.flat_map(|path| [format!("{path}/availability"), path]).chain([self.list()]);
        paths.map(|path| get(&path, None)).collect()
    }

    fn list(&self) -> String {
        format!("/v1/concerts/{}/performances?limit=100", self.hall.concert)
    }
}

fn get(path: &str, known: Option<&str>) -> Vec<u8> {
    let known = known.map(|tag| ("if-none-match", tag));
    request("GET", path, known.as_slice(), "")
}
