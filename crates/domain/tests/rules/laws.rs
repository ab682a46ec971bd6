//! What holds for every history.

use crate::fixture::*;
use frontrow_domain::testing::one_by_one;
use frontrow_domain::*;
use proptest::prelude::*;

/// One thing that somebody does; numbers choose among what is there.
#[derive(Clone, Debug)]
enum Step {
    Hold {
        user: u8,
        seats: Vec<u8>,
    },
    HoldBest {
        user: u8,
        first: u8,
        count: u8,
        wait: bool,
    },
    Pay(u8),
    Release(u8),
    Cancel(u8),
    Refund(u8),
    /// The bits of the second number choose among the seats.
    CancelSeats(u8, u8),
    RefundSeats(u8, u8),
    Expire(u8),
    Charge {
        user: u8,
        amount: u16,
    },
    Settle(u8, u8),
    Again(u8),
    Reuse(u8),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..=3_u8, prop::collection::vec(1..=6_u8, 1..=3)).prop_map(|(user, seats)| Step::Hold { user, seats }),
        2 => (1..=3_u8, 1..=4_u8, 1..=2_u8, any::<bool>())
            .prop_map(|(user, first, count, wait)| Step::HoldBest { user, first, count, wait }),
        3 => any::<u8>().prop_map(Step::Pay),
        1 => any::<u8>().prop_map(Step::Release),
        1 => any::<u8>().prop_map(Step::Cancel),
        1 => any::<u8>().prop_map(Step::Refund),
        2 => (any::<u8>(), 0..8_u8).prop_map(|(n, seats)| Step::CancelSeats(n, seats)),
        1 => (any::<u8>(), 0..8_u8).prop_map(|(n, seats)| Step::RefundSeats(n, seats)),
        1 => any::<u8>().prop_map(Step::Expire),
        1 => (1..=6_u8, 0..5_000_u16).prop_map(|(user, amount)| Step::Charge { user, amount }),
        2 => (any::<u8>(), 0..4_u8).prop_map(|(n, says)| Step::Settle(n, says)),
        1 => any::<u8>().prop_map(Step::Again),
        1 => any::<u8>().prop_map(Step::Reuse),
        1 => (0..400_u16).prop_map(Step::Wait),
    ]
}

/// Turns steps into commands, by carrying them out one by one.
struct Script {
    world: World,
    commands: Vec<Command>,
    outcomes: Vec<Result<Outcome, Stop>>,
    reservations: Vec<Reservation>,
    payments: Vec<Payment>,
}

fn choose<T: Clone>(list: &[T], number: u8) -> Option<T> {
    if list.is_empty() { None } else { list.get(usize::from(number) % list.len()).cloned() }
}

/// Now and then none of them, or one of somebody else's.
fn some_of(reservation: &Reservation, bits: u8) -> Vec<u32> {
    let seats = reservation.seats().map(SeatNumber::get).enumerate();
    let mut some: Vec<u32> = seats.filter(|(index, _)| bits >> index & 1 == 1).map(|(_, number)| number).collect();
    if bits == 6 {
        some.push(6);
    }
    some
}

impl Script {
    fn new() -> Self {
        let mut world = World::new();
        // Somebody who has almost all that there can be, and once began more charges than there is room for.
        world.enrich(6, Points::MAX.amount() - 5_000);
        let payments = [3_000, 2_500, 0].map(|amount| world.old_charge(6, amount)).into();
        Self { world, commands: vec![], outcomes: vec![], reservations: vec![], payments }
    }

    fn command(&mut self, step: &Step) -> Option<Command> {
        let world = &mut self.world;
        match step {
            Step::Hold { user, seats } => {
                let mut seats: Vec<u32> = seats.iter().map(|n| u32::from(*n)).collect();
                seats.sort_unstable();
                seats.dedup();
                Some(world.hold(u128::from(*user), &seats))
            }
            Step::HoldBest { user, first, count, wait } => {
                let seats: Vec<u32> = (u32::from(*first)..=6).collect();
                let blocks: Vec<_> = seats.chunks_exact(usize::from(*count)).collect();
                Some(world.hold_best(u128::from(*user), &blocks, *wait))
            }
            Step::Pay(n) => choose(&self.reservations, *n).map(|r| world.pay(&r)),
            Step::Release(n) => choose(&self.reservations, *n).map(|r| release(&r)),
            Step::Cancel(n) => choose(&self.reservations, *n).map(|r| world.cancel(&r)),
            Step::Refund(n) => choose(&self.reservations, *n).map(|r| world.refund(&r)),
            Step::CancelSeats(n, seats) => {
                choose(&self.reservations, *n).map(|r| world.cancel_seats(&r, &some_of(&r, *seats)))
            }
            Step::RefundSeats(n, seats) => {
                choose(&self.reservations, *n).map(|r| world.refund_seats(&r, &some_of(&r, *seats)))
            }
            Step::Expire(n) => choose(&self.reservations, *n).map(|r| expire(&r)),
            Step::Charge { user, amount } => Some(world.charge(u128::from(*user), i64::from(*amount))),
            Step::Settle(n, 0) => choose(&self.payments, *n).map(|p| world.settle(&p, Settlement::Declined)),
            Step::Settle(n, 1) => choose(&self.payments, *n).map(|p| world.settle(&p, Settlement::Returned)),
            Step::Settle(n, _) => choose(&self.payments, *n).map(|p| world.accept(&p)),
            Step::Again(n) => choose(&self.commands, *n),
            Step::Reuse(n) => choose(&self.commands, *n).map(|command| Command { request_hash: [99; 32], ..command }),
            Step::Wait(seconds) => {
                world.now = world.now + std::time::Duration::from_secs(u64::from(*seconds));
                None
            }
        }
    }

    fn play(&mut self, steps: &[Step]) {
        for step in steps {
            let Some(command) = self.command(step) else { continue };
            let outcome = self.world.run(&command);
            match &outcome {
                Ok(Outcome::Held(reservation)) => self.reservations.push(reservation.clone()),
                Ok(Outcome::Charged(payment)) => self.payments.push(payment.clone()),
                _ => {}
            }
            self.commands.push(command);
            self.outcomes.push(outcome);
        }
    }
}

/// Time passes between batches; and whoever takes the best seats plans again when others of the same batch have taken
/// them, where alone they would have had more to choose from.
fn can_be_merged(step: &Step) -> bool {
    !matches!(step, Step::Wait(_) | Step::HoldBest { wait: false, .. })
}

/// What is done at one instant, by people of whom many want the best seats.
fn best_or_any() -> impl Strategy<Value = Step> {
    let best = (1..=6_u8, 1..=5_u8, 1..=2_u8).prop_map(|(user, first, count)| Step::HoldBest {
        user,
        first,
        count,
        wait: false,
    });
    prop_oneof![2 => best, 3 => step().prop_filter("at one instant", |step| !matches!(step, Step::Wait(_)))]
}

/// Locks the union of the scopes once, decides one after another, writes the net once.
fn batch(bookings: &mut BookingState, commands: &[Command], now: Instant) -> Vec<Result<Outcome, Stop>> {
    let mut scope = Scope::default();
    for command in commands {
        scope.extend(command.scope());
    }
    let mut locked = bookings.lock(&scope, now);
    let carried_out = carry_out_batch(commands, &mut locked, now).unwrap();
    bookings.store(carried_out.writes).unwrap();
    carried_out.results.into_iter().map(|result| result.map(|(outcome, _)| outcome)).collect()
}

/// Its seat is still kept for a moment.
#[test]
fn a_hold_that_expires_in_the_same_batch_is_no_more_its_owners_than_one_by_one() {
    let mut world = World::new();
    let held = world.held(3, &[4]);
    world.now = held.held_until;
    let commands = [expire(&held), world.hold(3, &[4])];
    let taken = Stop::Rejected(Rejection::SeatsTaken { seats: vec![seat(4)], yours: vec![] });
    let (mut together, mut alone) = (world.bookings.clone(), world.bookings.clone());
    assert_eq!(batch(&mut together, &commands, world.now), [Ok(Outcome::Expired(held.id)), Err(taken.clone())]);
    assert_eq!(alone.execute(&commands[0], world.now), Ok(Outcome::Expired(held.id)));
    assert_eq!(alone.execute(&commands[1], world.now), Err(taken));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(400),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_batch_gives_the_same_as_its_commands_one_by_one(
        before in prop::collection::vec(step(), 0..30),
        together in prop::collection::vec(step().prop_filter("at one instant, of one mind", can_be_merged), 1..20),
    ) {
        let mut script = Script::new();
        script.play(&before);
        let (mut bookings, done) = (script.world.bookings.clone(), script.commands.len());
        script.play(&together);
        prop_assume!(script.commands[done..].iter().all(|command| command.scope().candidates.is_empty()));
        let outcomes = batch(&mut bookings, &script.commands[done..], script.world.now);
        prop_assert_eq!(&outcomes[..], &script.outcomes[done..]);
        prop_assert!(bookings == script.world.bookings);
    }

    /// Time passes between batches only.
    #[test]
    fn who_wants_the_best_seats_in_a_batch_gets_a_block_that_is_left_or_plans_again(
        before in prop::collection::vec(step(), 0..30),
        together in prop::collection::vec(best_or_any(), 1..20),
    ) {
        let mut script = Script::new();
        script.play(&before);
        let (mut bookings, done) = (script.world.bookings.clone(), script.commands.len());
        let mut alone = bookings.clone();
        script.play(&together);
        let (commands, now) = (&script.commands[done..], script.world.now);
        let outcomes = batch(&mut bookings, commands, now);
        for (command, told) in commands.iter().zip(&outcomes) {
            prop_assert_eq!(told, &one_by_one(&mut alone, command, told.as_ref().ok(), now), "{:?}", command);
        }
        prop_assert!(bookings == alone);
    }

    #[test]
    fn no_history_leaves_its_scope_breaks_the_schema_or_spoils_the_books(steps in prop::collection::vec(step(), 1..80)) {
        let mut script = Script::new();
        script.play(&steps);
        for outcome in &script.outcomes {
            prop_assert!(matches!(outcome, Ok(_) | Err(Stop::Rejected(_) | Stop::Replan)), "{:?}", outcome);
        }
        let owed = script.world.bookings.payments.values().filter(|p| p.state == PaymentState::Returning).count();
        let (told, wrong): (Vec<_>, Vec<_>) =
            script.world.findings().into_iter().partition(|finding| finding.rule == Rule::ChargesCredited);
        prop_assert_eq!((told.len(), wrong), (owed, vec![]));
    }

    #[test]
    fn running_a_command_again_changes_nothing_and_gives_the_same(steps in prop::collection::vec(step(), 1..60), pick in any::<u8>()) {
        let mut script = Script::new();
        script.play(&steps);
        let keyed: Vec<_> = script.commands.iter().zip(&script.outcomes).filter(|(c, o)| c.key.is_some() && o.is_ok()).collect();
        let Some((command, outcome)) = choose(&keyed, pick) else { return Ok(()) };
        let mut bookings = script.world.bookings.clone();
        prop_assert_eq!(&bookings.execute(command, script.world.now), outcome);
        prop_assert!(bookings == script.world.bookings);
    }

    #[test]
    fn a_refused_command_changes_nothing(steps in prop::collection::vec(step(), 1..60), last in step()) {
        let mut script = Script::new();
        script.play(&steps);
        let Some(command) = script.command(&last) else { return Ok(()) };
        let mut bookings = script.world.bookings.clone();
        if bookings.execute(&command, script.world.now).is_err() {
            prop_assert!(bookings == script.world.bookings);
        }
    }
}
