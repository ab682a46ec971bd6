//! A hold in a hall of 50,000 seats beside one in a hall of 500.

use crate::callers::Jobs;
use crate::driver::{Server, Show};
use crate::figures::percentile;
use crate::load::connect;
use crate::report::{Report, Wanted};
use crate::scripts::{hold, play, scripts};
use crate::testbed::{CONNECTIONS, LARGE, PEOPLE, Testbed};
use anyhow::Result;
use std::time::Duration;

const SMALL: usize = 500;
/// Small halls a round, each of which is booked as a whole.
const PARTS: usize = 8;

pub async fn measure(testbed: &mut Testbed, report: &mut Report) -> Result<()> {
    let server = testbed.start().await?;
    let large = testbed.shows(&server, LARGE, testbed.rounds).await?;
    let mut pairs = Vec::new();
    for (round, large) in large.into_iter().enumerate() {
        let (mut in_large, mut in_small) = (Vec::new(), Vec::new());
        for part in 0..PARTS {
            let small = testbed.show(&server, SMALL).await?;
            // By turns, so that whatever else the machine does affects both.
            if part % 2 == round % 2 {
                in_large.extend(times(testbed, &server, large, part, LARGE).await?);
            }
            in_small.extend(times(testbed, &server, small, 0, SMALL).await?);
            if part % 2 != round % 2 {
                in_large.extend(times(testbed, &server, large, part, LARGE).await?);
            }
        }
        pairs.push((percentile(&in_large, 99), percentile(&in_small, 99)));
        testbed.progress("halls", round);
    }
    report.ratio("p99 of a hold in a hall of 50,000 seats, to one of 500, ms", &pairs, Wanted::Most(1.2));
    testbed.stop(server).await
}

/// As many holds as the small hall has seats, from all over the hall: those of one part follow those of the last.
async fn times(testbed: &mut Testbed, server: &Server, show: Show, part: usize, hall: usize) -> Result<Vec<Duration>> {
    let people = testbed.people(PEOPLE).await?;
    let jobs = Jobs { seats: SMALL, people: PEOPLE, connections: CONNECTIONS };
    let scripts = scripts(jobs, &people, |job, token| {
        let seat = job.seat * (hall / SMALL) + part;
        hold(show, seat, token, &format!("{}-{seat}", show.performance.simple()))
    });
    let played = play(connect(server.address, CONNECTIONS).await?, scripts, None).await?;
    Ok(played.all_created()?.times())
}
