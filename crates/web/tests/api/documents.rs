//! The tables of `docs/api.md` that are made from the code.

use frontrow_adapters::InstanceLimits;
use frontrow_application::{PageRequest, Password};
use frontrow_domain::waiting_room::{Group, Queue, WaitingRoom};
use frontrow_domain::{Address, CommandKey, Concert, Email, Hold, Payment, PriceList, Sale, SeatMap, User, Venue};
use frontrow_web::WebState;
use frontrow_web::extract::PreferredWait;
use frontrow_web::problem::{ALL, Kind};
use std::fmt::Display;
use std::fs;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");

#[test]
fn the_tables_of_problems_and_limits_are_up_to_date() {
    let before = fs::read_to_string(DOCUMENT).unwrap();
    let after = with_table(&with_table(&before, "problems", &problems()), "limits", &limits());
    if before == after {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_DOCS").is_some(),
        "docs/api.md is not what the code says: run the test again with UPDATE_DOCS=1, and look at what has changed"
    );
    fs::write(DOCUMENT, after).unwrap();
}

/// The text with that table between its two marks.
fn with_table(text: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: made by a test -->\n"), format!("<!-- end of {name} -->\n"));
    let (front, rest) = text.split_once(&begin).unwrap();
    let (_, back) = rest.split_once(&end).unwrap();
    format!("{front}{begin}\n{table}\n{end}{back}")
}

fn problems() -> String {
    let row = |kind: &Kind| {
        format!("| `{}` | {} | {} | {} |\n", kind.slug(), kind.status().as_u16(), kind.title(), kind.advice())
    };
    let head = "| type | status | meaning | what to do, and what else the answer has |\n| --- | --- | --- | --- |\n";
    ALL.iter().fold(head.to_owned(), |table, kind| table + &row(kind))
}

#[expect(clippy::too_many_lines, reason = "a list, with a row for each limit")]
fn limits() -> String {
    let session = [WaitingRoom::SHORTEST_SESSION, WaitingRoom::LONGEST_SESSION].map(|session| session.as_secs());
    let hold = [Sale::SHORTEST_HOLD, Sale::LONGEST_HOLD].map(|hold| hold.as_secs());
    let rows: &[(&str, String)] = &[
        ("seats of one hold", format!("1 to {}, and within the sale's limit per person", Hold::MAX_SEATS)),
        ("a charge", format!("{} points", range(Payment::MIN_CHARGE, Payment::MAX_CHARGE))),
        ("a page", format!("1 to {} items", PageRequest::<()>::MAX)),
        ("an idempotency key", format!("1 to {} visible ASCII characters", CommandKey::MAX)),
        ("an email address", format!("{} characters", Email::MAX)),
        ("a password", format!("{} characters", range(Password::SHORTEST, Password::LONGEST))),
        (
            "a name; a title, an artist, the name of a venue or a sale",
            format!(
                "{}; {} characters",
                User::LONGEST_NAME,
                same([Concert::LONGEST_TITLE, Venue::LONGEST_NAME, Sale::LONGEST_NAME])
            ),
        ),
        (
            "a concert's description; the address of its picture; its age limit",
            format!(
                "{} characters; {} characters; 0 to {} years",
                grouped(Concert::LONGEST_DESCRIPTION),
                Concert::LONGEST_IMAGE,
                Concert::MAX_AGE_LIMIT
            ),
        ),
        (
            "lines of a street; a line; a postal code; a city",
            format!(
                "{}; {}, {} and {} characters",
                Address::MAX_LINES,
                Address::LONGEST_LINE,
                Address::LONGEST_POSTAL_CODE,
                Address::LONGEST_CITY
            ),
        ),
        ("a section's or row's name", format!("{} letters or digits of any script", SeatMap::MAX_NAME)),
        (
            "sections of a seat map; rows of a section; seats of a row",
            format!("{}; {}; {}", SeatMap::MAX_SECTIONS, SeatMap::MAX_ROWS, SeatMap::MAX_ROW_SEATS),
        ),
        ("seats of a seat map", grouped(SeatMap::MAX_SEATS)),
        ("tiers, and price types, of a price list", format!("{} each", PriceList::MAX_ENTRIES)),
        (
            "performances of a sale; its limit per person",
            format!("{}; 1 to {} seats", Sale::MAX_PERFORMANCES, Sale::MAX_LIMIT_PER_PERSON),
        ),
        ("a list price, a fee", format!("{} points", grouped(PriceList::MAX_PRICE))),
        ("a hold's duration", format!("{} seconds", range(hold[0], hold[1]))),
        (
            "groups of a waiting room; the weight of one; its code",
            format!(
                "{}; 1 to {}; {} visible ASCII characters",
                Group::MAX,
                WaitingRoom::MAX_WEIGHT,
                WaitingRoom::MAX_CODE
            ),
        ),
        (
            "the capacity, and the burst, of a waiting room; its rate a minute",
            format!("{}; {}", range(1, WaitingRoom::MAX_CAPACITY), range(1, WaitingRoom::MAX_RATE)),
        ),
        ("how long an admission lasts", format!("{} seconds", range(session[0], session[1]))),
        ("an operator's message", format!("{} characters", Queue::MAX_MESSAGE)),
        (
            "joining a queue",
            format!(
                "{} times a minute per account, and as often as the setting `network_joins_per_minute` says per network \
                 (an IPv4 address, a /64 of IPv6); on each instance",
                InstanceLimits::JOINS_PER_ACCOUNT
            ),
        ),
        (
            "a request body",
            format!(
                "as many bytes as the setting `max_body_bytes` says; a seat map {} times as many",
                WebState::SEAT_MAP_FACTOR
            ),
        ),
        ("waiting for the admission while checked in, by `Prefer`", format!("{} seconds", PreferredWait::MAX_SECONDS)),
    ];
    let head = "| what | bound |\n| --- | --- |\n".to_owned();
    rows.iter().fold(head, |table, (what, bound)| table + &format!("| {what} | {bound} |\n"))
}

fn same<const N: usize>(bounds: [usize; N]) -> usize {
    assert!(bounds.iter().all(|bound| *bound == bounds[0]), "say each by itself: {bounds:?}");
    bounds[0]
}

fn range(least: impl Display, most: impl Display) -> String {
    format!("{} to {}", grouped(least), grouped(most))
}

/// `10,000,000`.
fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}
