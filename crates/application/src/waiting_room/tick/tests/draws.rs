//! Draws: what is fixed when, and by whom.

use super::*;
use frontrow_domain::waiting_room::{EntryStatus, WaitingRoom, seed};

/// One tick, and the draw that is due after it.
async fn tick_and_draw(ticks: &Arc<TickQueues>) {
    run(ticks, false).await.unwrap();
    let draws = ticks.due(true).into_iter().filter(DueTick::keeps_busy);
    for draw in draws {
        let meanwhile: Vec<bool> = ticks.due(true).iter().map(DueTick::keeps_busy).collect();
        assert_eq!(meanwhile, [false], "one draw at a time, and the queue is ticked meanwhile");
        draw.run().await.report.unwrap();
    }
}

/// A sale whose lobby is drawn.
fn drawn_sale() -> Sale {
    let room = sale_with_room(0).waiting_room.map(|room| WaitingRoom { draw: true, ..room });
    Sale { waiting_room: room, ..sale_with_room(0) }
}

/// One tick of that queue, whose draw goes on to exactly there.
fn draws(before: &Queue, to: Option<DrawState>, dispenser: MockNumberDispenser) -> Arc<TickQueues> {
    let mut store = store_with(before.clone());
    if let Some(to) = to {
        let (expected, queue) = (QueueUpdate::Draw(to), ticked(before.clone()));
        store
            .expect_update_queue()
            .withf(move |id, update, action| *id == sale(0).id && *update == expected && action.is_none())
            .times(1)
            .return_once(move |_, update, _| Ok(Some(queue.update(update))));
    }
    let ticks = ticks(queues(before.clone(), drawn_sale()), store);
    Arc::new(TickQueues { dispenser: Arc::new(dispenser), ..ticks })
}

/// Number 2 of the lobby's 3 is nobody's any more.
fn lobby() -> MockNumberDispenser {
    let mut dispenser = issues();
    let everybody = |after: u64| {
        let entries = [(entry(1).number, user(1)), (entry(3).number, user(3))];
        entries.into_iter().filter(|(number, _)| number.get() > after).take(1).collect()
    };
    dispenser
        .expect_entries()
        .withf(|id, group, _, _| (*id, *group) == (sale(0).id, Group::FIRST))
        .returning(move |_, _, after, _| Ok(everybody(after)));
    dispenser
}

fn lists() -> Vec<[u8; 32]> {
    let queue = |n| list_line(digest, sale(0).id, user(n));
    vec![list_digest(digest, &[queue(1), [0; 16], queue(3)]), list_digest(digest, &[])]
}

#[tokio::test]
async fn first_the_lists_are_published_and_nothing_is_decided() {
    let listed = DrawState { lists: Some(lists()), ..drawing() };
    let ticks = draws(&queue_drawn_by(drawing()), Some(listed.clone()), lobby());
    tick_and_draw(&ticks).await;
    assert_eq!(view(&ticks).queue.draw, Some(listed));
    assert!(!view(&ticks).queue.is_drawn());
}

#[tokio::test]
async fn then_a_draw_that_names_a_round_waits_for_its_value() {
    let listed = queue_drawn_by(DrawState { lists: Some(lists()), ..drawing() });
    let ticks = draws(&listed, None, issues());
    tick_and_draw(&ticks).await;
    assert_eq!(view(&ticks).queue, ticked(listed));
    assert_eq!(view(&ticks).status(Group::FIRST, entry(1).number), EntryStatus::Lobby);
}

#[tokio::test]
async fn then_a_draw_without_a_round_is_decided_and_that_is_all() {
    let listed = DrawState { round: None, lists: Some(lists()), ..drawing() };
    let decides = seed(digest, &[3; 32], "", &[3, 0], &lists());
    let decided = DrawState { value: Some(String::new()), seed: Some(decides), ..listed.clone() };
    let ticks = draws(&queue_drawn_by(listed), Some(decided.clone()), issues());
    tick_and_draw(&ticks).await;
    assert_eq!(view(&ticks).queue.draw.as_ref(), Some(&decided));
    assert!(view(&ticks).queue.is_drawn() && view(&ticks).is_ranked());

    let over = queue_drawn_by(decided);
    let again = draws(&over, None, issues());
    tick_and_draw(&again).await;
    assert_eq!(view(&again).queue, ticked(over));
}

#[tokio::test]
async fn a_lobby_is_not_drawn() {
    let lobby = Queue { phase: Phase::Lobby, ..queue_drawn_by(drawing()) };
    let ticks = draws(&lobby, None, issues());
    tick_and_draw(&ticks).await;
    assert_eq!(view(&ticks).queue, ticked(lobby));
}

#[tokio::test]
async fn whoever_does_not_tick_the_queue_only_draws_its_ranks() {
    let others = Arc::new(TickQueues {
        dispenser: Arc::new(issues()),
        ..ticks(queues(queue_drawn_by(drawing()), drawn_sale()), MockQueueStore::new())
    });
    assert!(others.due(true).iter().all(|due| !due.keeps_busy()), "the lists are another instance's");
    let decided = DrawState { lists: Some(lists()), value: Some("cafe".into()), seed: Some([9; 32]), ..drawing() };
    others.queues.replace(ticked(queue_drawn_by(decided)), Arc::new(drawn_sale()), at(NOW));
    assert!(!view(&others).is_ranked());
    let draw = others.due(true).into_iter().find(DueTick::keeps_busy).unwrap();
    assert!(draw.run().await.report.unwrap().is_none() && view(&others).is_ranked());
}

#[tokio::test]
async fn a_list_ends_where_nobody_is_known_any_more() {
    let list = lobby_list(&lobby(), digest, sale(0).id, Group::FIRST, 5).await.unwrap();
    let queue = |n| list_line(digest, sale(0).id, user(n));
    assert_eq!(list, [queue(1), [0; 16], queue(3), [0; 16], [0; 16]]);
    assert_eq!(lobby_list(&lobby(), digest, sale(0).id, Group::FIRST, 2).await.unwrap(), [queue(1), [0; 16]]);
}
