//! What a server keeps in memory of a hundred large performances.

use crate::driver::Server;
use crate::figures::number;
use crate::load::Client;
use crate::programme::Programme;
use crate::report::{Report, Wanted};
use crate::testbed::Testbed;
use anyhow::Result;
use std::time::Duration;
use tokio::time::sleep;

/// From the start until what a server does then is done.
const SETTLED: Duration = Duration::from_secs(2);
const MEGABYTE: f64 = 1_000_000.0;

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let programme = testbed.programme().await?;
    let (mut grown, mut failed) = (Vec::new(), 0);
    for round in 0..testbed.rounds {
        let server = testbed.serve().await?;
        sleep(SETTLED).await;
        let before = server.resident_bytes()?;
        failed += read_all(&server, &programme).await?;
        let after = server.resident_bytes()?;
        grown.push(number(after.saturating_sub(before)) / MEGABYTE);
        testbed.stop(server).await?;
        testbed.progress("memory", round);
    }
    report.figure("memory of 100 performances of 50,000 seats, MB", &grown, Wanted::Most(150.0));
    if failed > 0 {
        report.note(format!("memory: {failed} reads failed"));
    }
    Ok(())
}

/// One read after the other; how many did not get their answer.
async fn read_all(server: &Server, programme: &Programme) -> Result<usize> {
    let mut client = Client::connect(server.address).await?;
    let mut failed = 0;
    for request in programme.once() {
        failed += usize::from(client.ask(&request).await? != 200);
    }
    Ok(failed)
}
