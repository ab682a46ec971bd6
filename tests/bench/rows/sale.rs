//! A whole sale: every seat of a hall is held and paid.

use crate::callers::{Jobs, together};
use crate::driver::Server;
use crate::load::{Client, connect};
use crate::report::{Report, Wanted};
use crate::scripts::{Script, holds, pay, reservation};
use crate::testbed::{CONNECTIONS, PEOPLE, Testbed};
use anyhow::{Context, Result, ensure};
use std::time::Duration;

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let server = testbed.start().await?;
    let jobs = Jobs { seats: testbed.sale_seats, people: PEOPLE, connections: CONNECTIONS };
    let mut pairs = Vec::new();
    for round in 0..testbed.rounds {
        let first = if round.is_multiple_of(2) { Some(sell(testbed, &server, jobs).await?) } else { None };
        let full = testbed.references.sell(jobs).await?;
        let http = match first {
            Some(taken) => taken,
            None => sell(testbed, &server, jobs).await?,
        };
        pairs.push((http.as_secs_f64(), full.as_secs_f64()));
        testbed.progress("sale", round);
    }
    report.ratio(format!("{} seats held and paid, to full, s", jobs.seats), &pairs, Wanted::Most(0.5));
    testbed.stop(server).await
}

async fn sell(testbed: &mut Testbed, server: &Server, jobs: Jobs) -> Result<Duration> {
    let show = testbed.shows(server, jobs.seats, 1).await?.pop().context("no show")?;
    let people = testbed.people(jobs.people).await?;
    let clients = connect(server.address, jobs.connections).await?;
    let buyers = jobs.deal().into_iter().map(|jobs| jobs.into_iter().map(|job| people[job.person].clone()).collect());
    let parts = clients.into_iter().zip(holds(show, jobs, &people)).zip(buyers);
    let parts = parts.map(|((client, holds), buyers)| hold_and_pay(client, holds, buyers)).collect();
    Ok(together(parts).await?.1)
}

/// Every seat is paid before the next one is held.
async fn hold_and_pay(mut client: Client, holds: Script, buyers: Vec<String>) -> Result<()> {
    for (hold, buyer) in holds.into_iter().zip(buyers) {
        let held = client.ask(&hold).await?;
        let id = reservation(&client, held).with_context(|| format!("a hold is answered with {held}"))?;
        let paid = client.ask(&pay(&id, &buyer)).await?;
        ensure!(paid == 201, "a payment is answered with {paid}");
    }
    Ok(())
}
