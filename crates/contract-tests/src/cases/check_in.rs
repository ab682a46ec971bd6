//! Who is admitted, and in which order.

use crate::Failure;
use crate::context::TestContext;
use crate::room::Room;
use frontrow_application::port::{BuyerPresence, QueueFigures};
use frontrow_domain::AdmissionPeriod;
use frontrow_domain::waiting_room::{Admitted, CheckIn, CheckInOutcome, Group, GroupTerms, Rank, Tick, WaitingRoom};
use std::sync::Arc;
use std::time::Duration;

const MICROSECOND: Duration = Duration::from_micros(1);

pub(super) async fn a_tick_admits_the_lowest_ranks_checked_in(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 6, |settings| settings.capacity = 3).await?;
    room.all_come((1..6).rev()).await?;
    let check_in = room.check_in_of(2)?;
    ensure_eq!(room.store().whereabouts(room.key(2)).await?.check_in, Some(check_in));
    ensure_eq!(room.figures().await?, QueueFigures { present: 5, ..QueueFigures::default() });
    let report = room.tick_report().await?;
    let mut admitted = report.admitted;
    admitted.sort_unstable();
    ensure_eq!(admitted, [room.key(1), room.key(2), room.key(3)]);
    ensure_eq!(report.queue, room.queue().await?);
    ensure_eq!((report.queue.admitted, report.ended), (3, 0));
    ensure_eq!(room.figures().await?, QueueFigures { present: 2, active: 3, admitted: 3, ..QueueFigures::default() });
    let BuyerPresence { buyer, check_in: stands } = room.store().whereabouts(room.key(2)).await?;
    let admission =
        AdmissionPeriod { until: context.now() + Tick::PICK_UP, max_until: context.now() + room.settings.session };
    let buyer = buyer.ok_or_else(|| Failure::new("whoever is admitted is a buyer"))?;
    ensure_eq!((buyer.admission, buyer.generation, stands), (Some(admission), 1, None));
    ensure_eq!(room.come(2).await?, CheckInOutcome::Admitted(buyer), "an admitted buyer is told so when they check in");
    ensure_eq!(room.store().admitted(&[room.key(4), room.key(2), room.key(9)]).await?, [buyer]);
    let expected: Vec<Admitted> =
        [1, 2, 3].map(|n| admitted_in_first_tick(&room, n, report.queue.version.get())).into();
    ensure_eq!(room.log(100).await?, expected);
    ensure_eq!(room.tick().await?, [], "it is full");
    Ok(())
}

fn admitted_in_first_tick(room: &Room, n: usize, tick: i64) -> Admitted {
    Admitted {
        key: room.key(n),
        tick,
        group: Group::FIRST,
        rank: Rank::new(n as u64 + 1),
        checked_in_at: room.context.now(),
        at: room.context.now(),
        active_after: 3,
        capacity: 3,
    }
}

pub(super) async fn no_tick_admits_more_than_there_is_room_for(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 20, |settings| settings.capacity = 7).await?;
    room.all_come(0..20).await?;
    ensure_eq!(room.tick().await?, (0..7).collect::<Vec<_>>());
    for _ in 0..3 {
        ensure_eq!(room.tick().await?, []);
    }
    for n in [2, 5] {
        context.execute(room.leave(n)).await?;
    }
    ensure_eq!(room.tick().await?, [7, 8]);
    let log = room.log(100).await?;
    let most = log.iter().map(|row| row.active_after).max();
    ensure_eq!((log.len(), most), (9, Some(7)));
    Ok(())
}

pub(super) async fn no_tick_admits_more_than_the_rate_allows(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 20, |settings| (settings.rate, settings.burst) = (60, 4)).await?;
    room.all_come(0..20).await?;
    ensure_eq!(room.tick().await?, [0, 1, 2, 3], "the burst");
    let then = context.now();
    context.set_now(then + Duration::from_secs(1) - MICROSECOND);
    ensure_eq!(room.tick().await?, []);
    context.set_now(then + Duration::from_secs(1));
    ensure_eq!(room.tick().await?, [4], "one a second");
    context.set_now(then - Duration::from_secs(3));
    ensure_eq!(room.tick().await?, [], "a clock that was put back earns nothing");
    context.set_now(then + Duration::from_secs(2));
    ensure_eq!(room.tick().await?, [5], "nor does one that goes on from there earn twice");
    Ok(())
}

pub(super) async fn who_comes_late_comes_with_their_own_rank(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 6, |settings| settings.capacity = 1).await?;
    room.all_come([3, 4, 5]).await?;
    ensure_eq!(room.tick().await?, [3]);
    context.later(Duration::from_secs(1));
    room.all_come([1, 0, 4, 5]).await?;
    for (leaves, next) in [(3, 0), (0, 1), (1, 4), (4, 5)] {
        context.execute(room.leave(leaves)).await?;
        ensure_eq!(room.tick().await?, [next]);
    }
    Ok(())
}

pub(super) async fn who_is_absent_is_passed_over_and_keeps_the_entry(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 4, |settings| settings.capacity = 1).await?;
    room.all_come([0, 1, 2]).await?;
    ensure_eq!(room.tick().await?, [0]);
    let seen = context.now();
    for _ in 0..3 {
        context.set_now(context.now() + Tick::OUTAGE - MICROSECOND);
        room.all_come([2]).await?;
        room.renew(0).await?;
        ensure_eq!(room.tick().await?, []);
    }
    ensure_eq!(room.figures().await?.present, 2, "not yet absent");
    context.set_now(seen + CheckIn::PRESENCE);
    context.execute(room.leave(0)).await?;
    ensure_eq!(room.figures().await?.present, 1);
    ensure_eq!(room.tick().await?, [2], "person 1 is absent");
    let come = room.check_in_of(1)?;
    ensure_eq!(room.check_in(come, true).await?, CheckInOutcome::Present, "whoever stood there before may come again");
    let check_in = room.store().whereabouts(room.key(1)).await?.check_in;
    ensure_eq!(check_in, Some(come), "they stand there anew");
    room.all_come([3]).await?;
    context.execute(room.leave(2)).await?;
    ensure_eq!(room.tick().await?, [1], "before those who come after them");
    Ok(())
}

pub(super) async fn who_is_gone_for_long_is_no_longer_checked_in(context: Arc<TestContext>) -> Result<(), Failure> {
    let long = |settings: &mut WaitingRoom| (settings.capacity, settings.session) = (1, CheckIn::GONE * 2);
    let room = Room::open(&context, 4, long).await?;
    room.admit(0).await?;
    room.all_come([1, 2]).await?;
    let seen = context.now();
    // Nobody is admitted meanwhile, and person 2 comes back now and then.
    let stay = async |until| {
        room.renew(0).await?;
        ensure_eq!(room.pass_until(until, &[2]).await?, []);
        Ok::<_, Failure>(room.store().whereabouts(room.key(1)).await?.check_in.is_some())
    };
    let mut until = seen;
    while until < seen + CheckIn::GONE {
        until = (until + Duration::from_mins(2)).min(seen + CheckIn::GONE);
        ensure!(stay(until).await?, "person 1 was seen less than 15 minutes ago");
    }
    ensure!(!stay(until + Duration::from_secs(1)).await?, "nobody has seen person 1 for longer");
    ensure!(room.store().whereabouts(room.key(2)).await?.check_in.is_some(), "person 2 is there");
    ensure_eq!(room.check_in(room.check_in_of(1)?, true).await?, CheckInOutcome::Lapsed, "they have to join again");
    ensure_eq!(room.check_in(room.check_in_of(1)?, false).await?, CheckInOutcome::Present, "unless the call has not");
    Ok(())
}

pub(super) async fn whose_call_has_lapsed_must_have_come_before(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 3, |settings| settings.capacity = 1).await?;
    ensure_eq!(room.check_in(room.check_in_of(0)?, true).await?, CheckInOutcome::Lapsed);
    ensure_eq!(room.store().whereabouts(room.key(0)).await?.check_in, None);
    ensure_eq!(room.tick().await?, []);
    let first = room.check_in_of(0)?;
    ensure_eq!(room.check_in(first, false).await?, CheckInOutcome::Present);
    context.later(Duration::from_secs(1));
    ensure_eq!(room.check_in(room.check_in_of(0)?, true).await?, CheckInOutcome::Present);
    let check_in = room.store().whereabouts(room.key(0)).await?.check_in;
    let times = check_in.map(|check_in| (check_in.checked_in_at, check_in.seen_at));
    ensure_eq!(times, Some((first.checked_in_at, context.now())), "they have stood there all the time");
    ensure_eq!(room.tick().await?, [0]);
    room.pass(Tick::PICK_UP, &[]).await?;
    ensure_eq!(room.check_in(room.check_in_of(0)?, true).await?, CheckInOutcome::Present, "it was not picked up");
    Ok(())
}

pub(super) async fn who_is_barred_is_not_admitted(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 5, |settings| settings.capacity = 2).await?;
    context.execute(room.bar(0, true)).await?;
    ensure_eq!(room.come(0).await?, CheckInOutcome::Barred);
    room.all_come([1, 2, 3, 4]).await?;
    context.execute(room.bar(1, true)).await?;
    ensure_eq!(room.tick().await?, [2], "person 1 takes nobody's turn but their own");
    ensure_eq!(room.tick().await?, [3]);
    context.execute(room.bar(3, true)).await?;
    ensure_eq!((room.admission(3).await?, room.active().await?), (None, 1), "barring takes the admission");
    for n in [0, 3] {
        context.execute(room.bar(n, false)).await?;
    }
    ensure_eq!(room.come(0).await?, CheckInOutcome::Present, "let in again");
    ensure_eq!(room.tick().await?, [0]);
    Ok(())
}

pub(super) async fn groups_take_turns_by_weight(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::new(&context, |settings| {
        settings.groups = [3, 1].map(|weight| GroupTerms { name: "Group".into(), weight, code: None }).into();
        settings.capacity = 8;
    });
    let room = room.await?;
    for n in 0..24 {
        room.join(n, u8::from(n >= 12)).await?;
    }
    room.tick().await?;
    room.all_come(0..24).await?;
    ensure_eq!(room.tick().await?, [0, 1, 2, 3, 4, 5, 12, 13], "three to one");
    let log = room.log(100).await?;
    let entries: Vec<(u8, u64)> = log.iter().map(|row| (row.group.get(), row.rank.get())).collect();
    ensure_eq!(entries, [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (1, 1), (1, 2)]);
    Ok(())
}
