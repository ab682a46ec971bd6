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
}

impl Queued for Request {
    fn route(&self) -> Option<Uuid> {
        self.route.map(Uuid::from_u128)
    }

    fn asker(&self) -> Option<Uuid> {
        self.asker.map(Uuid::from_u128)
    }

    fn weight(&self) -> usize {
        self.weight
    }
}

fn free(id: u8) -> Request {
    Request { id, route: None, asker: None, weight: 1 }
}

fn to(route: u128, id: u8) -> Request {
    Request { route: Some(route), ..free(id) }
}

const LIMITS: Limits = Limits { capacity: 100, per_asker: 100, batch: 100, weight: 100 };

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
async fn nobody_has_more_than_their_share_of_the_queue() {
    let world = World::new(Limits { per_asker: 2, ..LIMITS });
    let by = |asker: u128, id| Request { asker: Some(asker), ..to(1, id) };
    let _asked = world.push_all([by(1, 1), by(1, 2), by(2, 3)]);
    assert_eq!(world.push(by(1, 4)).err(), Some(NotQueued::TooMany));
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
async fn all_workers_see_the_end() {
    let world = World::new(LIMITS);
    let workers = [world.jobs.next(), world.jobs.next(), world.jobs.next()];
    let ended = futures::future::join_all(workers);
    world.queue.close();
    assert!(ended.await.iter().all(Option::is_none));
}
