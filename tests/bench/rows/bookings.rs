//! Holds and payments beside transactions on the raw driver, and many who want the same few seats.

use crate::callers::{Job, Jobs, Turn};
use crate::driver::Server;
use crate::figures::{number, per_second};
use crate::load::connect;
use crate::reference::Reference;
use crate::report::{Report, Wanted};
use crate::scripts::{hold, play, turn};
use crate::testbed::{CONNECTIONS, Testbed};
use anyhow::Result;

const COUNTS: [usize; 3] = [1, 8, CONNECTIONS];
/// With 20 seats each.
const PEOPLE: usize = 64;
const SEATS: usize = 20 * PEOPLE;
/// Seats that everybody wants, and how often each of them tries to get one.
const WANTED: usize = 50;
const TRIES: usize = 100;

/// Turns that took place one after the other.
struct Paired {
    http: Turn,
    full: Turn,
    textbook: Turn,
}

/// Answers a second while everybody wants the same seats, and how many seats were won.
#[derive(Clone, Copy)]
struct Rush {
    answers: f64,
    winners: usize,
}

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let server = testbed.start().await?;
    let mut paired = COUNTS.map(|connections| (connections, Vec::new()));
    let mut rushes = Vec::new();
    for round in 0..testbed.rounds {
        for (connections, rounds) in &mut paired {
            rounds.push(pair(testbed, &server, *connections, round).await?);
        }
        rushes.push(pair_of_rushes(testbed, &server, round).await?);
        testbed.progress("bookings", round);
    }
    for (connections, rounds) in &paired {
        write(testbed, report, *connections, rounds);
    }
    let hold = |turn: &Turn| 1000.0 / turn.holds;
    let alone: Vec<_> = paired[0].1.iter().map(|paired| (hold(&paired.http), hold(&paired.full))).collect();
    report.ratio("one connection's hold, to full, ms", &alone, Wanted::Most(1.3));
    let answers: Vec<_> = rushes.iter().map(|(http, bare)| (http.answers, bare.answers)).collect();
    report.ratio("answers to 64 who want the same 50 seats, to bare, /s", &answers, Wanted::Least(2.0));
    let winners: Vec<_> = rushes.iter().map(|(http, _)| number(http.winners)).collect();
    report.figure("winners of these 50 seats", &winners, Wanted::Exactly(number(WANTED)));
    let winners: Vec<_> = rushes.iter().map(|(_, bare)| number(bare.winners)).collect();
    report.figure("winners of these 50 seats, bare", &winners, Wanted::Exactly(number(WANTED)));
    testbed.stop(server).await
}

/// Who goes first changes with every round.
async fn pair(testbed: &mut Testbed, server: &Server, connections: usize, round: usize) -> Result<Paired> {
    let jobs = Jobs { seats: SEATS, people: PEOPLE, connections };
    let (show, people) = (testbed.show(server, SEATS).await?, testbed.people(PEOPLE).await?);
    let over_http = async || turn(server.address, show, jobs, &people).await;
    let first = if round.is_multiple_of(2) { Some(over_http().await?) } else { None };
    let full = testbed.references.turn(Reference::Full, jobs).await?;
    let textbook = testbed.references.turn(Reference::Textbook, jobs).await?;
    let http = match first {
        Some(turn) => turn,
        None => over_http().await?,
    };
    Ok(Paired { http, full, textbook })
}

fn write(testbed: &Testbed, report: &mut Report, connections: usize, rounds: &[Paired]) {
    // Only the rush has a goal.
    let wanted = |one, other| match connections {
        CONNECTIONS => Wanted::Least(testbed.either(one, other)),
        _ => Wanted::Nothing,
    };
    let title = |what: &str| format!("{what}, {connections} connection{}", if connections == 1 { "" } else { "s" });
    let mut row = |what: &str, of: fn(&Turn) -> f64, full: Wanted, textbook: Wanted| {
        let to = |reference: fn(&Paired) -> &Turn| -> Vec<_> {
            rounds.iter().map(|paired| (of(&paired.http), of(reference(paired)))).collect()
        };
        report.ratio(format!("{}, to full, /s", title(what)), &to(|paired| &paired.full), full);
        report.ratio(format!("{}, to textbook, /s", title(what)), &to(|paired| &paired.textbook), textbook);
    };
    row("holds", |turn| turn.holds, wanted(4.0, 3.0), wanted(2.0, 1.2));
    row("payments", |turn| turn.payments, wanted(3.0, 2.5), wanted(1.5, 1.0));
}

async fn pair_of_rushes(testbed: &mut Testbed, server: &Server, round: usize) -> Result<(Rush, Rush)> {
    let first = if round.is_multiple_of(2) { Some(rush(testbed, server).await?) } else { None };
    let jobs = Jobs { seats: WANTED, people: PEOPLE, connections: PEOPLE };
    let (answers, winners) = testbed.references.contend(jobs, (0..PEOPLE).map(wishes).collect()).await?;
    let http = match first {
        Some(rush) => rush,
        None => rush(testbed, server).await?,
    };
    Ok((http, Rush { answers, winners }))
}

/// What one of them tries to get, one seat after the other.
fn wishes(person: usize) -> Vec<Job> {
    (0..TRIES).map(|n| Job { person, seat: (person * 7 + n * 11) % WANTED }).collect()
}

/// Everybody has one connection.
async fn rush(testbed: &mut Testbed, server: &Server) -> Result<Rush> {
    let (show, people) = (testbed.show(server, WANTED).await?, testbed.people(PEOPLE).await?);
    let script = |(person, token): (usize, &String)| {
        let key = |n| format!("{}-{n}", show.performance.simple());
        let tries = wishes(person).into_iter().enumerate();
        tries.map(|(n, wish)| hold(show, wish.seat, token, &key(n))).collect()
    };
    let scripts = people.iter().enumerate().map(script).collect();
    let played = play(connect(server.address, PEOPLE).await?, scripts, None).await?;
    let winners = played.count(201);
    Ok(Rush { answers: per_second(winners + played.count(409), played.taken), winners })
}
