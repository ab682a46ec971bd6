//! A hall whose sections and rows have Korean names, from the operator's map to the ticket.

use crate::driver::{Client, Show, Terms};
use crate::test_server::{TestServer, on_every_database, text};
use anyhow::{Context, Result, ensure};
use hyper::StatusCode;
use serde_json::{Value, json};
use std::fmt::Write;

on_every_database! { a_korean_hall_is_sold_by_its_own_names }

/// `1층` as a Mac writes the name of a file: the syllable is taken apart.
const FIRST_FLOOR_APART: &str = "1\u{110e}\u{1173}\u{11bc}";

async fn a_korean_hall_is_sold_by_its_own_names(server: &mut TestServer) -> Result<()> {
    let sections = json!([
        {"name": FIRST_FLOOR_APART, "kind": "seated", "rows": [{"name": "가", "seats": 3, "tier": "R"}]},
        {"name": "나", "kind": "seated", "rows": [{"name": "12", "seats": 2, "tier": "R"}]},
        {"name": "가구역", "kind": "standing", "spots": 40, "tier": "R"},
    ]);
    let terms = Terms { price: 1000, ..Terms::default() };
    let show = Show::publish_hall(&mut server.operator()?, terms, &sections).await?;
    let mut buyer = server.customer(0)?;

    let everything = labels(&mut buyer, show, "limit=6").await?;
    ensure!(everything == ["1층-가-1", "1층-가-2", "1층-가-3", "나-12-1", "나-12-2", "가구역-1"], "{everything:?}");
    for name in ["1층", FIRST_FLOOR_APART] {
        let found = labels(&mut buyer, show, &format!("section={}", percent_encoded(name))).await?;
        ensure!(found == ["1층-가-1", "1층-가-2", "1층-가-3"], "{name}: {found:?}");
    }

    let seats = [format!("{FIRST_FLOOR_APART}-가-2"), "나-12-1".to_owned(), "가구역-40".to_owned()];
    let reservation = buyer.held(show, &seats, "hold").await?;
    let taken = buyer.hold(show.performance, &["1층-가-2".to_owned()], "again").await?;
    ensure!(taken.status == StatusCode::CONFLICT, "{} {}", taken.status, taken.body);
    ensure!(taken.body.to_string().contains("1층-가-2"), "{}", taken.body);
    buyer.pay(&reservation, "pay").await?.expect(StatusCode::CREATED)?;
    let tickets = buyer.get(&format!("/v1/reservations/{reservation}/tickets")).await?;
    let printed: Vec<String> = tickets["items"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|ticket| text(ticket, "seat"))
        .collect::<Result<_>>()?;
    ensure!(printed == ["1층-가-2", "나-12-1", "가구역-40"], "{tickets}");
    Ok(())
}

async fn labels(client: &mut Client, show: Show, query: &str) -> Result<Vec<String>> {
    let page = client.get(&format!("/v1/performances/{}/seats?{query}", show.performance)).await?;
    page["items"].as_array().context("a list")?.iter().map(|seat: &Value| text(seat, "label")).collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}
