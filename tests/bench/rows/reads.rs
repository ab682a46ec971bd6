//! Reads beside a bare server that sends the same headers and the same bytes.

use crate::bare::Bare;
use crate::load::{TURN, Tally, again, connect, tally};
use crate::report::{Report, Wanted};
use crate::testbed::{CONNECTIONS, Testbed};
use anyhow::{Context, Result};
use std::net::SocketAddr;

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let programme = testbed.programme().await?;
    let server = testbed.start().await?;
    let show = *programme.shows.first().context("no show")?;
    let (reads, missing) = programme.reads(server.address, show).await?;
    let answers: Vec<_> = reads.iter().map(|read| read.answer.clone()).collect();
    let bare = Bare::start(&answers).await?;
    let mut pairs = vec![Vec::new(); reads.len()];
    let mut others = vec![None; reads.len()];
    for round in 0..testbed.rounds {
        for (n, read) in reads.iter().enumerate() {
            let expected = [read.answer.status];
            let ours = async || answered(server.address, read.request.clone()).await;
            let first = if round.is_multiple_of(2) { Some(ours().await?) } else { None };
            let theirs = answered(bare.address, read.bare.clone()).await?;
            let ours = match first {
                Some(tally) => tally,
                None => ours().await?,
            };
            pairs[n].push((ours.rate(&expected), theirs.rate(&expected)));
            others[n] = others[n].take().or(ours.others(&expected));
        }
        testbed.progress("reads", round);
    }
    for ((read, pairs), others) in reads.iter().zip(&pairs).zip(others) {
        report.ratio(format!("{}, to a bare answer, /s", read.name), pairs, Wanted::Least(0.85));
        report.notes(others.map(|others| format!("{}: also {others}", read.name)));
    }
    report.notes(missing);
    testbed.stop(server).await
}

async fn answered(address: SocketAddr, request: Vec<u8>) -> Result<Tally> {
    tally(connect(address, CONNECTIONS).await?, again(request), TURN).await
}
