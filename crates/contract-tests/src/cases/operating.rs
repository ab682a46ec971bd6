//! What operators do with queues.

use crate::Failure;
use crate::context::TestContext;
use crate::room::Room;
use frontrow_application::port::OperatorAction;
use frontrow_domain::waiting_room::{
    DrawState, Ending, GroupTerms, NotNow, NothingLeft, Phase, Queue, QueueChange, QueueUpdate, SaleDates, Sample,
};
use frontrow_domain::{
    Bar, BuyerKey, Command, Finding, Instant, Operation, Outcome, Rule, Sale, SaleId, UserId, Version,
};
use std::sync::Arc;
use std::time::Duration;

fn message(text: &str) -> QueueChange {
    QueueChange { message: Some(text.into()), ..QueueChange::default() }
}

/// Every value as large as it gets, or there where it need not be.
fn full_queue(room: &Room) -> Queue {
    let mut queue = room.new_queue();
    queue.phase = Phase::Paused;
    (queue.capacity, queue.rate, queue.burst) = (100_000, 1_000_000, 100_000);
    // Whoever it has admitted the auditor looks for in the log.
    (queue.allowance, queue.checked_in, queue.admitted, queue.epoch) = (6_000_000_000_000, 50_000_000, 0, u32::MAX);
    queue.open_time = Duration::from_micros(7 * 24 * 3600 * 1_000_000 + 1);
    queue.last_tick = Instant::from_micros(i64::MIN);
    queue.message = Some("줄이 잠시 멈췄습니다 \u{1f3ab} \"'\\ ".repeat(20).chars().take(Queue::MAX_MESSAGE).collect());
    queue.holds_stopped = true;
    queue.ending = Some(Ending::AllHeld);
    let last = Instant::from_micros(i64::MAX);
    queue.ordered = Some(Phase::Draining);
    queue.dates = Some(SaleDates { opens: queue.last_tick, closes: last });
    queue.nothing_left = Some(NothingLeft { since: queue.last_tick, seen: last });
    queue.closed_since = Some(last);
    let (round, value) = (Some("drand 1234567".into()), Some("00ff".into()));
    let lists = Some(vec![[0; 32], [255; 32], [1; 32], [2; 32]]);
    queue.draw = Some(DrawState { secret: [9; 32], round, lists, value, seed: Some([4; 32]) });
    for (group, n) in queue.groups.iter_mut().zip(1..) {
        (group.drawn, group.issued, group.called, group.lapsed, group.admission_turns) =
            (n, n + 50_000_000, n, n - 1, 1 << 50);
    }
    let sample = |seconds| Sample {
        at: Duration::from_secs(seconds),
        called: vec![1, 2, 3, seconds],
        checked_in: seconds,
        admitted: seconds,
    };
    queue.trail = (0..120).map(sample).collect();
    queue
}

pub(super) async fn a_queue_is_opened_once_and_kept_as_it_was(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::new(&context, |settings| {
        let group = |weight| GroupTerms { name: "Group".into(), weight, code: None };
        settings.groups = [1, 2, 50, 100].map(group).into();
    });
    let room = room.await?;
    let first = room.new_queue();
    ensure_eq!(room.queue().await?, first);
    let full = full_queue(&room);
    room.store().open_queue(&full).await?;
    ensure_eq!(room.queue().await?, first, "it has one already");
    let other = Sale { id: context.narrow.id, ..context.gated.clone() };
    let other = Queue { sale: other.id, ..full };
    room.store().open_queue(&other).await?;
    ensure_eq!(room.instance(1).store.queue(other.sale).await?, Some(other.clone()));
    let mut queues = room.store().queues().await?;
    queues.sort_by_key(|queue| queue.sale);
    let mut both = vec![first, other];
    both.sort_by_key(|queue| queue.sale);
    ensure_eq!(queues, both);
    let nobodys = SaleId::new(context.id());
    ensure_eq!(room.store().queue(nobodys).await?, None);
    ensure_eq!(room.store().update_queue(nobodys, &QueueUpdate::Operator(message("x")), None).await?, None);
    Ok(())
}

pub(super) async fn an_operator_changes_what_they_name(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 1, |_| {}).await?;
    let before = room.queue().await?;
    let next = |queue: &Queue| Version::new(queue.version.get() + 1);
    let told = room.change(message("Soon.")).await?;
    ensure_eq!(told, Queue { message: Some("Soon.".into()), version: next(&before), ..before });
    ensure_eq!(room.queue().await?, told);
    let change = QueueChange {
        capacity: Some(20),
        rate: Some(30),
        burst: Some(4),
        weights: Some(vec![7]),
        holds_stopped: Some(true),
        ..QueueChange::default()
    };
    let changed = room.change(change).await?;
    ensure_eq!((changed.capacity, changed.rate, changed.burst), (20, 30, 4));
    ensure_eq!((changed.groups[0].weight, changed.holds_stopped, changed.version), (7, true, next(&told)));
    ensure_eq!(changed.allowance, 4 * Queue::ADMISSION_COST, "what was saved up does not outlast a smaller burst");
    ensure_eq!((room.change(message("")).await?.message, room.queue().await?.message), (None, None));
    let update = QueueUpdate::Operator(QueueChange { phase: Some(Phase::Lobby), ..message("never said") });
    let refused = room.store().update_queue(room.sale.id, &update, None).await?;
    ensure_eq!(refused, Some(Err(NotNow { from: Phase::Open, to: Phase::Lobby })));
    ensure_eq!(room.queue().await?.message, None, "nothing of it was done");
    Ok(())
}

pub(super) async fn a_smaller_capacity_admits_nobody_until_enough_have_gone(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let room = Room::open(&context, 10, |settings| settings.capacity = 5).await?;
    room.all_come(0..10).await?;
    ensure_eq!(room.tick().await?, [0, 1, 2, 3, 4]);
    room.capacity(3).await?;
    for n in [1, 0] {
        ensure_eq!(room.tick().await?, []);
        context.execute(room.leave(n)).await?;
    }
    ensure_eq!(room.tick().await?, [], "three are admitted, of three");
    context.execute(room.leave(2)).await?;
    ensure_eq!(room.tick().await?, [5]);
    room.capacity(4).await?;
    ensure_eq!(room.tick().await?, [6]);
    let log = room.log(100).await?;
    let last: Vec<(u32, u32)> = log[5..].iter().map(|row| (row.active_after, row.capacity)).collect();
    ensure_eq!(last, [(3, 3), (4, 4)]);
    Ok(())
}

pub(super) async fn what_a_queue_does_is_what_its_phase_says(context: Arc<TestContext>) -> Result<(), Failure> {
    let opens = context.now();
    context.set_now(opens - Duration::from_secs(1));
    let room = Room::new(&context, |settings| settings.capacity = 2).await?;
    for n in 0..6 {
        room.join(n, 0).await?;
    }
    ensure_eq!(room.tick_report().await?.queue.phase, Phase::Lobby);
    context.set_now(opens);
    ensure_eq!(room.tick_report().await?.queue.phase, Phase::Open, "the sale opens");
    room.all_come(0..6).await?;
    ensure_eq!(room.tick().await?, [0, 1]);
    room.phase(Phase::Paused).await?;
    context.execute(room.leave(0)).await?;
    ensure_eq!(room.tick().await?, [], "in a pause");
    room.held(1, &[1]).await?;
    room.phase(Phase::Open).await?;
    ensure_eq!(room.tick().await?, [2]);
    room.phase(Phase::Draining).await?;
    context.execute(room.leave(2)).await?;
    ensure_eq!(room.tick().await?, [3], "whoever is there is admitted, though nobody joins any more");
    room.phase(Phase::Closed).await?;
    context.execute(room.leave(3)).await?;
    ensure_eq!(room.tick().await?, []);
    ensure_eq!(room.store().queues().await?.len(), 1, "person 1 finishes");
    context.execute(room.leave(1)).await?;
    room.tick().await?;
    ensure_eq!(room.store().queues().await?, [], "it is over");
    ensure_eq!(room.queue().await?.phase, Phase::Closed, "and can be read");
    Ok(())
}

pub(super) async fn a_sale_that_closes_closes_its_queue(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 2, |_| {}).await?;
    context.set_now(room.sale.closes);
    room.all_come([0]).await?;
    ensure_eq!(room.tick().await?, []);
    ensure_eq!(room.queue().await?.phase, Phase::Closed);
    ensure_eq!(room.store().queues().await?, []);
    Ok(())
}

pub(super) async fn a_queue_waits_for_its_draw(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 3, |settings| settings.draw = true).await?;
    let opened = room.queue().await?;
    ensure_eq!((opened.phase, opened.groups[0].drawn, opened.is_drawn()), (Phase::Open, 3, false));
    room.join(3, 0).await?;
    room.all_come([0, 3]).await?;
    ensure_eq!(room.tick().await?, [], "nobody knows yet whose turn it is");
    let draw = opened.draw.ok_or_else(|| Failure::new("it is drawn by lot"))?;
    let lists = DrawState { lists: Some(vec![[5; 32]]), ..draw.clone() };
    let seed = DrawState { value: Some("ab".into()), seed: Some([6; 32]), ..lists.clone() };
    let late = DrawState { seed: Some([7; 32]), ..seed.clone() };
    for (drawing, known) in [(&lists, &lists), (&seed, &seed), (&late, &seed)] {
        let update = QueueUpdate::Draw(drawing.clone());
        let updated = room.store().update_queue(room.sale.id, &update, None).await?;
        let updated = updated.ok_or_else(|| Failure::new("the queue is there"))??;
        ensure_eq!(updated.draw.as_ref(), Some(known));
        ensure_eq!(room.queue().await?, updated);
    }
    ensure_eq!(room.queue().await?.groups[0].drawn, 3, "whoever came later is not in the draw");
    ensure_eq!(room.tick().await?, [0, 3]);
    Ok(())
}

pub(super) async fn what_operators_do_is_noted_with_it(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 1, |_| {}).await?;
    let action = |what: &str| OperatorAction {
        id: context.id(),
        by: context.user(1),
        at: context.now(),
        sale: room.sale.id,
        what: what.into(),
    };
    let (done, alone) = (action("{\"message\":\"줄\"}"), action("bar"));
    let update = |change| QueueUpdate::Operator(change);
    let store = room.store();
    ensure!(
        store.update_queue(room.sale.id, &update(message("줄")), Some(done.clone())).await?.is_some(),
        "it is there"
    );
    store.note(&alone).await?;
    let back = QueueChange { phase: Some(Phase::Lobby), ..QueueChange::default() };
    let refused = store.update_queue(room.sale.id, &update(back), Some(action("refused"))).await?;
    ensure!(refused.is_some_and(|refused| refused.is_err()), "a queue does not go back to its lobby");
    store.update_queue(SaleId::new(context.id()), &update(message("x")), Some(action("nobody's"))).await?;
    ensure_eq!(room.actions(100).await?, [alone, done]);
    Ok(())
}

pub(super) async fn what_operators_did_is_read_a_page_at_a_time(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 1, |_| {}).await?;
    let elsewhere = SaleId::new(context.id());
    let mut noted = Vec::new();
    for n in 0..12 {
        let sale = if n % 4 == 3 { elsewhere } else { room.sale.id };
        let at = context.now() - Duration::from_secs(n);
        let what = "줄\u{1f3ab}\"'\\".repeat(500);
        let action = OperatorAction { id: context.id(), by: context.user(1), at, sale, what };
        room.instance(1).store.note(&action).await?;
        noted.extend(Some(action).filter(|action| action.sale == room.sale.id));
    }
    noted.reverse();
    for limit in [1, 4, 8, 9, 10] {
        ensure_eq!(room.actions(limit).await?, noted, "pages of {limit}");
    }
    Ok(())
}

pub(super) async fn a_bar_on_nobody_is_found_until_it_is_lifted(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 1, |_| {}).await?;
    let buyer = BuyerKey { sale: room.sale.id, user: UserId::new(context.id()) };
    let bar = |barred| context.execute(Command::unkeyed(Operation::Bar(Bar { buyer, barred })));
    ensure_eq!(bar(true).await, Ok(Outcome::Left(buyer)));
    let row = room.store().whereabouts(buyer).await?.buyer;
    ensure!(row.is_some_and(|row| row.barred), "{row:?}");
    let findings = context.fixture.booking.auditor.audit(context.now()).await?;
    let named = |finding: &Finding| (finding.rule, finding.row.contains(&buyer.user.to_string()));
    let named: Vec<_> = findings.iter().map(named).collect();
    ensure_eq!(named, [(Rule::NoOrphans, true)]);
    ensure_eq!(bar(false).await, Ok(Outcome::Left(buyer)));
    context.audit().await
}

pub(super) async fn the_admission_log_is_read_a_page_at_a_time(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 0, |settings| {
        settings.groups = [1, 1].map(|weight| GroupTerms { name: "Group".into(), weight, code: None }).into();
        settings.burst = 5;
        settings.rate = 300;
    });
    let room = room.await?;
    for n in 0..20 {
        room.join(n, u8::from(n % 2 == 1)).await?;
    }
    room.all_come((0..20).rev()).await?;
    for _ in 0..2 {
        room.tick().await?;
        context.later(Duration::from_secs(1));
    }
    let log = room.log(100).await?;
    let keys: Vec<_> = log.iter().map(|row| (row.tick, row.group.get(), row.rank.get())).collect();
    ensure!(log.len() == 10 && keys.is_sorted(), "{keys:?}");
    for limit in [1, 3, 5, 9, 10, 11] {
        ensure_eq!(room.log(limit).await?, log, "pages of {limit}");
    }
    Ok(())
}
