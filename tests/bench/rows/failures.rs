//! One command in 64 breaks a constraint. The others, whose transaction it is as well, must not suffer for it.

use crate::callers::Jobs;
use crate::driver::{Server, Show};
use crate::figures::number;
use crate::load::connect;
use crate::raw::{Database, Value};
use crate::report::{Report, Wanted};
use crate::scripts::{Played, holds, payments, play};
use crate::testbed::{CONNECTIONS, PEOPLE, Testbed};
use anyhow::{Context, Result};

const SEATS: usize = 2 * PEOPLE;

/// Payments of a hall.
struct Payments {
    rate: f64,
    /// Of those that nothing is wrong with, in percent.
    succeeded: f64,
    /// The others that were answered with 201 all the same.
    wrong: usize,
}

/// Whether the seat already has a valid ticket when it is paid: the schema allows no second one. There is one such seat
/// in every 64, on another connection each time.
fn fails(seat: usize) -> bool {
    seat % CONNECTIONS == seat / CONNECTIONS % CONNECTIONS
}

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let server = testbed.start().await?;
    let (mut pairs, mut succeeded, mut wrong) = (Vec::new(), Vec::new(), 0);
    for round in 0..testbed.rounds {
        let first = if round.is_multiple_of(2) { Some(pay(testbed, &server, true).await?) } else { None };
        let without = pay(testbed, &server, false).await?;
        let with = match first {
            Some(payments) => payments,
            None => pay(testbed, &server, true).await?,
        };
        pairs.push((with.rate, without.rate));
        succeeded.push(with.succeeded);
        wrong += with.wrong;
        testbed.progress("failures", round);
    }
    // Its log is full of what was broken on purpose.
    server.stop().await?;
    report.ratio("payments, one in 64 breaks a constraint, to none, /s", &pairs, Wanted::Least(0.7));
    report.figure("success of the other 63, %", &succeeded, Wanted::Exactly(100.0));
    if wrong > 0 {
        report.note(format!("failures: {wrong} payments succeeded that could not"));
    }
    Ok(())
}

async fn pay(testbed: &mut Testbed, server: &Server, breaks: bool) -> Result<Payments> {
    let jobs = Jobs { seats: SEATS, people: PEOPLE, connections: CONNECTIONS };
    let (show, people) = (testbed.show(server, SEATS).await?, testbed.people(PEOPLE).await?);
    let held = play(connect(server.address, CONNECTIONS).await?, holds(show, jobs, &people), None).await?;
    let held = held.all_created()?;
    let by_hand = testbed.by_hand().await?;
    if breaks {
        issue_tickets(&by_hand, show).await?;
    }
    let paid = play(connect(server.address, CONNECTIONS).await?, payments(&held, jobs, &people), None).await?;
    if breaks {
        withdraw_tickets(&by_hand, show).await?;
    }
    Ok(tally(&paid, jobs, breaks))
}

fn tally(paid: &Played, jobs: Jobs, breaks: bool) -> Payments {
    let (mut good, mut succeeded, mut wrong) = (0, 0, 0);
    for (answer, job) in paid.answers.iter().zip(jobs.deal()).flat_map(|(answers, jobs)| answers.iter().zip(jobs)) {
        let is_paid = answer.status == 201;
        if breaks && fails(job.seat) {
            wrong += usize::from(is_paid);
        } else {
            good += 1;
            succeeded += usize::from(is_paid);
        }
    }
    Payments { rate: paid.rate(), succeeded: 100.0 * number(succeeded) / number(good), wrong }
}

/// Tickets of no reservation. Their version is one that no ticket of Frontrow has.
async fn issue_tickets(database: &Database, show: Show) -> Result<()> {
    let insert = "INSERT INTO ticket (performance_id, number, version, reservation_id, live) VALUES (?, ?, 0, ?, 1)";
    let insert = database.text(insert);
    let performance = Value::Id(show.performance);
    let mut raw = database.connect().await?;
    raw.begin().await?;
    for seat in (0..SEATS).filter(|seat| fails(*seat)) {
        let number = Value::Number(i64::try_from(seat + 1).context("a small number")?);
        raw.run(insert, &[performance.clone(), number, performance.clone()]).await?;
    }
    raw.commit().await
}

async fn withdraw_tickets(database: &Database, show: Show) -> Result<()> {
    let delete = database.text("DELETE FROM ticket WHERE performance_id = ? AND version = 0");
    let mut raw = database.connect().await?;
    raw.begin().await?;
    raw.run(delete, &[Value::Id(show.performance)]).await?;
    raw.commit().await
}
