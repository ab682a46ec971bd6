//! Ticks that did not come.

use crate::Failure;
use crate::context::TestContext;
use crate::room::Room;
use frontrow_domain::waiting_room::Tick;
use frontrow_domain::{AdmissionPeriod, CLOCK_TOLERANCE};
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn an_outage_of_ticks_gives_its_time_back(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 4, |settings| settings.capacity = 2).await?;
    room.all_come(0..3).await?;
    ensure_eq!(room.tick().await?, [0, 1]);
    let until = context.now() + Tick::PICK_UP;
    // Person 1 is over by the last tick, person 0 is not.
    room.pass_until(until - Duration::from_secs(1), &[]).await?;
    let picked = room.pick_up(0).await?;
    room.pass(CLOCK_TOLERANCE + Duration::from_secs(1), &[]).await?;
    let open_time = room.queue().await?.open_time;
    ensure!(context.now() == until + CLOCK_TOLERANCE, "person 1 is at the end of the tolerance");
    let outage = Duration::from_mins(10);
    context.later(outage);
    let report = room.tick_report().await?;
    let extended = AdmissionPeriod { until: picked.until + outage, max_until: picked.max_until + outage };
    ensure_eq!(room.admission(0).await?, Some(extended), "whoever was alive gets the time back");
    ensure_eq!(room.admission(1).await?.map(|admission| admission.until), Some(until + outage), "to the last of them");
    ensure_eq!((report.ended, report.admitted.len()), (0, 0));
    ensure_eq!(report.queue.open_time, open_time + Duration::from_secs(1), "grace stands still meanwhile");
    ensure_eq!(room.store().admitted(&[room.key(0)]).await?.len(), 1);
    Ok(())
}

pub(super) async fn a_short_silence_of_ticks_gives_nothing_back(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 2, |settings| settings.capacity = 1).await?;
    let admission = room.admit(0).await?;
    context.later(Tick::OUTAGE);
    room.all_come([1]).await?;
    ensure_eq!(room.tick().await?, []);
    ensure_eq!(room.admission(0).await?, Some(admission));
    Ok(())
}

pub(super) async fn who_was_over_before_an_outage_stays_so(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 2, |settings| settings.capacity = 1).await?;
    room.all_come([0]).await?;
    ensure_eq!(room.tick().await?, [0]);
    context.execute(room.leave(0)).await?;
    let open_time = room.queue().await?.open_time;
    context.later(Duration::from_mins(10));
    room.all_come([1]).await?;
    ensure_eq!(room.tick().await?, [1], "an admission that was given back makes room");
    ensure_eq!(room.admission(0).await?, None);
    ensure_eq!(room.queue().await?.open_time, open_time + Duration::from_secs(1));
    Ok(())
}
