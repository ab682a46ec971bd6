use super::*;
use futures::FutureExt;
use std::time::Duration;

/// A request: its route, who asks, and its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Request {
    id: u8,
    route: Option<u128>,
    asker: Option<u128>,
    weight: usize,
    gives_way: bool,
}

impl Queued for Request {
    fn route(&self) -> Option<Uuid> {
        self.route.map(Uuid::from_u128)
    }

    fn asker(&self) -> Option<Uuid> {
        self.asker.map(Uuid::from_u128)
    }

    fn gives_way(&self) -> bool {
        self.gives_way
    }

    fn weight(&self) -> usize {
        self.weight
    }
}

fn free(id: u8) -> Request {
    Request { id, route: None, asker: None, weight: 1, gives_way: false }
}

fn to(route: u128, id: u8) -> Request {
    Request { route: Some(route), ..free(id) }
}

fn by(asker: u128, id: u8) -> Request {
    Request { asker: Some(asker), ..to(1, id) }
}

const LIMITS: Limits =
    Limits { capacity: 100, reserved: 0, per_asker: 100, batch: 100, shared_batch: 100, weight: 100 };

struct World {
    queue: Queue<Request, u8>,
    jobs: Jobs<Request, u8>,
}

impl World {
    fn new(limits: Limits) -> Self {
        let (queue, jobs) = Queue::new(limits);
        Self { queue, jobs }
    }

    fn push(&self, request: Request) -> Result<Asked<u8>, NotQueued> {
        self.queue.push(request, Instant::now() + Duration::from_hours(1))
    }

    fn push_all(&self, requests: impl IntoIterator<Item = Request>) -> Vec<Asked<u8>> {
        requests.into_iter().map(|request| self.push(request).unwrap()).collect()
    }

    /// What a worker gets that comes now.
    fn next(&self) -> Option<Batch<Request, u8>> {
        self.jobs.next().now_or_never().flatten()
    }

    fn ids(&self) -> Vec<u8> {
        self.next().map_or(Vec::new(), |batch| ids(&batch))
    }
}

fn ids(batch: &Batch<Request, u8>) -> Vec<u8> {
    batch.jobs.iter().map(|job| job.request.id).collect()
}

#[tokio::test]
async fn what_is_let_go_of_is_never_begun_and_what_is_begun_is_not_let_go_of() {
    let world = World::new(LIMITS);
    let [late, begun] = [1, 2].map(|id| world.queue.push(free(id), Instant::now()).unwrap());
    assert_eq!(late.answer().await, Answered::NotBegun);
    let mut jobs = world.next().unwrap().jobs.into_iter();
    assert!(jobs.next().unwrap().begin().is_none());
    let (request, waiting) = jobs.next().unwrap().begin().unwrap();
    assert_eq!(begun.answer().await, Answered::Begun);
    assert_eq!(request.id, 2);
    waiting.answer(7);
}

#[tokio::test]
async fn a_queue_takes_no_more_than_it_has_room_for_and_none_once_it_is_closed() {
    let world = World::new(Limits { capacity: 1, ..LIMITS });
    let first = world.push(free(1)).unwrap();
    assert_eq!(world.push(free(2)).err(), Some(NotQueued::Full));
    world.queue.close();
    assert_eq!(world.push(free(3)).err(), Some(NotQueued::Closed));
    assert!(!world.jobs.is_finished());
    for job in world.jobs.waiting() {
        job.refuse(4);
    }
    assert!(world.jobs.is_finished() && world.jobs.next().now_or_never().unwrap().is_none());
    assert_eq!(first.answer().await, Answered::With(4));
}

#[tokio::test]
async fn some_room_is_left_to_those_who_do_not_give_way() {
    let world = World::new(Limits { capacity: 4, reserved: 2, ..LIMITS });
    let polite = |id| Request { gives_way: true, ..free(id) };
    let _asked = world.push_all([free(1), polite(2)]);
    assert_eq!(world.push(polite(3)).err(), Some(NotQueued::Full));
    let _others = world.push_all([free(4), free(5)]);
    assert_eq!(world.queue.waiting(), 4);
    assert_eq!(world.push(free(6)).err(), Some(NotQueued::Full));
    assert_eq!(world.ids(), [1, 2, 4, 5]);
    assert_eq!(world.queue.waiting(), 0);
    assert!(world.push(polite(7)).is_ok());
}

#[tokio::test]
async fn nobody_has_more_than_their_share_of_the_queue() {
    let world = World::new(Limits { per_asker: 2, ..LIMITS });
    let _asked = world.push_all([by(1, 1), by(1, 2), by(2, 3)]);
    assert_eq!(world.push(by(1, 4)).err(), Some(NotQueued::TooMany { most: 2 }));
    let _theirs = world.push_all([by(2, 5), to(1, 6)]);
    assert_eq!(world.ids(), [1, 2, 3, 5, 6]);
    assert!(world.push(by(1, 7)).is_ok(), "what is worked on is not in the queue");
}

#[tokio::test]
async fn one_worker_at_a_time_works_on_a_route_and_what_comes_meanwhile_is_the_next_batch() {
    let world = World::new(LIMITS);
    let _asked = world.push_all([to(1, 1)]);
    let first = world.next().unwrap();
    let _more = world.push_all([to(1, 2), to(1, 3)]);
    assert!(world.next().is_none(), "it is being worked on");
    drop(first);
    assert_eq!(world.ids(), [2, 3]);
}

/// A worker that waits; whether it has been woken is seen by polling it.
macro_rules! waits {
    ($world:ident, $waiting:ident) => {
        let mut $waiting = std::pin::pin!($world.jobs.next());
        assert!((&mut $waiting).now_or_never().is_none());
    };
}

#[tokio::test]
async fn whoever_ends_a_turn_goes_on_with_what_came_meanwhile() {
    let world = World::new(LIMITS);
    let _asked = world.push_all([to(1, 1)]);
    let first = world.next().unwrap();
    let _more = world.push_all([to(1, 2)]);
    drop(first);
    assert_eq!(world.ids(), [2]);
}

#[tokio::test]
async fn a_worker_that_ends_its_turn_and_cannot_go_on_wakes_another() {
    let world = World::new(LIMITS);
    let _asked = world.push_all([to(1, 1)]);
    let first = world.next().unwrap();
    let _more = world.push_all([to(1, 2)]);
    waits!(world, waiting);
    drop(first);
    world.jobs.pass_on();
    assert_eq!(ids(&waiting.await.unwrap()), [2]);
}

#[tokio::test]
async fn whoever_takes_a_route_wakes_another_worker_for_the_next_one() {
    let world = World::new(LIMITS);
    // Nobody waits: the two routes leave one permit.
    let _asked = world.push_all([to(1, 1), to(2, 2)]);
    let first = world.next().unwrap();
    waits_for(&world, &[2]).await;
    assert_eq!(ids(&first), [1]);
}

async fn waits_for(world: &World, expected: &[u8]) {
    assert_eq!(ids(&world.jobs.next().await.unwrap()), expected);
}

#[tokio::test]
async fn routes_are_taken_in_turn_and_each_in_its_order() {
    let world = World::new(Limits { batch: 2, ..LIMITS });
    let _asked = world.push_all([to(1, 1), to(1, 2), to(1, 3), to(2, 4), to(1, 5)]);
    assert_eq!([world.ids(), world.ids(), world.ids()], [vec![1, 2], vec![4], vec![3, 5]]);
}

/// However many come for the busy route meanwhile, and however many workers there are.
#[tokio::test]
async fn a_quiet_route_waits_for_one_batch_of_a_busy_one_at_most() {
    let world = World::new(Limits { batch: 2, ..LIMITS });
    let mut asked = world.push_all((1..=20).map(|id| to(1, id)));
    for round in 0..5 {
        let busy = world.next().unwrap();
        assert_eq!(busy.jobs[0].request.route, Some(1));
        asked.extend(world.push_all([to(2, 100 + round), to(1, 200 + round)]));
        // Another worker takes it at once; the same one takes it next.
        if round % 2 == 0 {
            assert_eq!(world.ids(), [100 + round]);
            drop(busy);
        } else {
            drop(busy);
            assert_eq!(world.ids(), [100 + round]);
        }
    }
}

#[tokio::test]
async fn batches_are_short_while_routes_take_turns_and_long_again_soon_after() {
    let world = World::new(Limits { batch: 4, shared_batch: 2, ..LIMITS });
    let _busy = world.push_all((1..=30).map(|id| to(1, id)));
    assert_eq!(world.ids(), [1, 2, 3, 4], "nobody else is there");
    let _quiet = world.push_all([to(2, 100)]);
    assert_eq!(world.ids(), [5, 6]);
    assert_eq!(world.ids(), [100]);
    let turns: Vec<_> = (1..SHARED_TURNS).map(|_| world.ids().len()).collect();
    assert!(turns.iter().all(|len| *len == 2), "{turns:?}");
    assert_eq!(world.ids().len(), 4);
}

#[tokio::test]
async fn many_quiet_routes_have_their_turns_before_a_busy_one_comes_again() {
    let world = World::new(Limits { batch: 2, ..LIMITS });
    let _asked = world.push_all([to(1, 1), to(1, 2), to(1, 3), to(2, 4), to(3, 5), to(4, 6)]);
    let batches: Vec<_> = (0..5).map(|_| world.ids()).collect();
    assert_eq!(batches, [vec![1, 2], vec![4], vec![5], vec![6], vec![3]]);
}

#[tokio::test]
async fn a_route_keeps_its_order_whatever_comes_between_its_batches() {
    let world = World::new(Limits { batch: 3, ..LIMITS });
    let mut asked = world.push_all((1..=4).map(|id| to(1, id)));
    let mut order = Vec::new();
    for id in 5..=12 {
        let batch = world.next().unwrap();
        order.extend(ids(&batch));
        // One comes while others of the route are worked on, one before the route is taken again.
        asked.extend(world.push_all([to(1, id)]));
        drop(batch);
        if id % 4 == 0 {
            asked.extend(world.push_all([to(1, 100 + id)]));
        }
    }
    while let Some(batch) = world.next() {
        order.extend(ids(&batch));
    }
    assert_eq!(order, [1, 2, 3, 4, 5, 6, 7, 8, 108, 9, 10, 11, 12, 112]);
}

#[tokio::test]
async fn a_worker_that_is_gone_leaves_its_route_to_the_others() {
    let world = World::new(LIMITS);
    let asked = world.push_all([to(1, 1)]);
    // As when it panics: what it had taken goes with it.
    drop(world.next().unwrap());
    assert_eq!(asked.into_iter().next().unwrap().answer().now_or_never(), Some(Answered::Begun));
    let _more = world.push_all([to(1, 2)]);
    assert_eq!(world.ids(), [2]);
}

#[tokio::test]
async fn several_workers_take_what_has_no_route() {
    let world = World::new(Limits { batch: 2, ..LIMITS });
    let _asked = world.push_all((1..=3).map(free));
    let (first, second) = (world.next().unwrap(), world.next().unwrap());
    assert_eq!([ids(&first), ids(&second)], [vec![1, 2], vec![3]]);
}

#[tokio::test]
async fn a_batch_is_no_heavier_than_it_may_be_unless_one_request_is() {
    let world = World::new(Limits { weight: 10, ..LIMITS });
    let heavy = |id, weight| Request { weight, ..to(1, id) };
    let _asked = world.push_all([heavy(1, 6), heavy(2, 4), heavy(3, 1), heavy(4, 50), heavy(5, 1)]);
    assert_eq!([world.ids(), world.ids(), world.ids(), world.ids()], [vec![1, 2], vec![3], vec![4], vec![5]]);
}

#[tokio::test]
async fn the_weight_of_a_batch_counts_each_of_its_requests_and_none_of_another_route() {
    let world = World::new(Limits { weight: 10, ..LIMITS });
    let heavy = |route, id| Request { weight: 4, ..to(route, id) };
    let _asked = world.push_all([heavy(1, 1), heavy(2, 2), heavy(1, 3), heavy(2, 4), heavy(1, 5)]);
    assert_eq!([world.ids(), world.ids(), world.ids()], [vec![1, 3], vec![2, 4], vec![5]]);
}

#[tokio::test]
async fn who_was_refused_a_place_in_the_queue_has_used_none_of_their_share() {
    let world = World::new(Limits { per_asker: 1, capacity: 2, ..LIMITS });
    let _asked = world.push_all([by(1, 1), by(2, 2)]);
    assert_eq!(world.push(by(3, 3)).err(), Some(NotQueued::Full));
    assert_eq!(world.ids(), [1, 2]);
    let _again = world.push_all([by(1, 4)]);
    assert_eq!(world.push(by(1, 5)).err(), Some(NotQueued::TooMany { most: 1 }));
    let _others = world.push_all([by(3, 6)]);
    assert_eq!(world.ids(), [4, 6]);
}

/// A batch takes only some of them.
#[tokio::test]
async fn a_share_of_the_queue_is_free_again_for_each_request_that_is_taken() {
    let world = World::new(Limits { per_asker: 3, batch: 2, ..LIMITS });
    let mut asked = world.push_all([by(1, 1), by(1, 2), by(1, 3)]);
    assert_eq!(world.push(by(1, 4)).err(), Some(NotQueued::TooMany { most: 3 }));
    let batch = world.next().unwrap();
    asked.extend(world.push_all([by(1, 4), by(1, 5)]));
    assert_eq!(world.push(by(1, 6)).err(), Some(NotQueued::TooMany { most: 3 }));
    drop(batch);
    assert_eq!(world.jobs.waiting().len(), 3);
    asked.extend(world.push_all([by(1, 6), by(1, 7), by(1, 8)]));
    assert_eq!(world.push(by(1, 9)).err(), Some(NotQueued::TooMany { most: 3 }));
}

/// They have no answer to wait for, but are in the queue until a worker sees that.
#[tokio::test]
async fn whoever_goes_away_leaves_a_job_that_says_so() {
    let world = World::new(Limits { capacity: 2, ..LIMITS });
    let mut asked = world.push_all([to(1, 1), to(1, 2)]).into_iter();
    drop(asked.next());
    assert_eq!(world.push(to(1, 3)).err(), Some(NotQueued::Full));
    let jobs = world.next().unwrap().jobs;
    assert_eq!(jobs.iter().map(Job::is_deserted).collect::<Vec<_>>(), [true, false]);
    for job in jobs {
        // It can be begun all the same, and whoever has gone is told nothing.
        job.begin().unwrap().1.answer(7);
    }
    assert_eq!(asked.next().unwrap().answer().await, Answered::With(7));
    assert!(world.push(to(1, 3)).is_ok());
}

/// They were told that it won't begin.
#[tokio::test]
async fn what_was_let_go_of_is_deserted_too() {
    let world = World::new(LIMITS);
    let late = world.queue.push(to(1, 1), Instant::now()).unwrap();
    assert_eq!(late.answer().await, Answered::NotBegun);
    let job = world.next().unwrap().jobs.remove(0);
    assert!(job.is_deserted() && job.begin().is_none());
}

#[tokio::test]
async fn all_workers_see_the_end() {
    let world = World::new(LIMITS);
    let workers = [world.jobs.next(), world.jobs.next(), world.jobs.next()];
    let ended = futures::future::join_all(workers);
    world.queue.close();
    assert!(ended.await.iter().all(Option::is_none));
}
