//! Whether a performance can be booked: every state at every instant, through everything that asks.

use crate::fixture::*;
use frontrow_domain::*;
use std::collections::BTreeSet;

const STARTS: i64 = 1000;
const SOLD_UNTIL: i64 = 2000;

fn show(status: PerformanceStatus, sold_until: Option<Instant>) -> Performance {
    testing::performance()
        .id(performance(1))
        .starts_at(at(STARTS))
        .sold_until(sold_until)
        .status(status)
        .prices(testing::price_list().tiers(vec![testing::tier("R", PRICE)]).build())
        .build()
}

fn on_sale(performances: BTreeSet<PerformanceId>) -> Sale {
    let SaleTerms { opens, closes, pay_until, cancel_until, limit_per_person, hold_duration, .. } = terms(1);
    testing::sale()
        .id(sale(1))
        .performances(performances)
        .opens(opens)
        .closes(closes)
        .pay_until(pay_until)
        .cancel_until(cancel_until)
        .limit_per_person(limit_per_person)
        .hold_duration(hold_duration)
        .build()
}

/// The same command, for a performance that says that of its seats.
fn of(bookable: Bookable, mut command: Command) -> Command {
    match &mut command.operation {
        Operation::Hold(Hold { terms, .. })
        | Operation::HoldBest(HoldBest { terms, .. })
        | Operation::Pay(Pay { terms, .. })
        | Operation::Cancel(Cancel { terms, .. })
        | Operation::Refund(Refund { cancel: Cancel { terms, .. }, .. }) => terms.bookable = bookable,
        other => panic!("{other:?}"),
    }
    command
}

/// What comes of holding, holding the best, paying in time and late, cancelling and refunding at that instant.
fn done(bookable: Bookable, now: Instant) -> Vec<Result<(), Rejection>> {
    let mut world = World::new();
    let (late, paid, refunded) = (world.held(1, &[1]), world.held(2, &[2]), world.held(3, &[3]));
    world.paid(&paid);
    world.paid(&refunded);
    // So soon before that it has not lapsed, where anything can still be held.
    world.now = now - Sale::SHORTEST_HOLD;
    let held = world.held(4, &[4]);
    world.now = now;
    let commands = [
        world.hold(5, &[5]),
        world.hold_best(5, &[&[6]], false),
        world.pay(&held),
        world.pay(&late),
        world.cancel(&paid),
        world.refund(&refunded),
    ];
    let run = |command| match world.run(&of(bookable, command)) {
        Ok(_) => Ok(()),
        Err(Stop::Rejected(rejection)) => Err(rejection),
        Err(other) => panic!("{other}"),
    };
    commands.into_iter().map(run).collect()
}

#[test]
fn everything_that_asks_hears_the_same_at_every_instant() {
    use PerformanceStatus::{Cancelled, Postponed, Published};
    for sold_until in [None, Some(at(SOLD_UNTIL))] {
        for now in [just_before(STARTS), at(STARTS), just_before(SOLD_UNTIL), at(SOLD_UNTIL)] {
            let ends = sold_until.unwrap_or(at(STARTS));
            let begun = |until: Instant| if until <= now { Err(NotBookable::Begun { until }) } else { Ok(()) };
            for (status, hold, pay, cancel) in [
                (Published, begun(ends), begun(ends), begun(at(STARTS))),
                (Postponed, Err(NotBookable::Postponed), Ok(()), Ok(())),
                (Cancelled, Err(NotBookable::Cancelled), Err(NotBookable::Cancelled), Ok(())),
            ] {
                let show = show(status, sold_until);
                let expected = [hold, hold, pay, pay, cancel, Ok(())].map(|said| said.map_err(Rejection::NotBookable));
                assert_eq!(done(show.bookable(), now), expected, "{status:?}, {sold_until:?} at {now:?}");
                let shown = match hold {
                    Ok(()) => PublicStatus::OnSale,
                    Err(NotBookable::Begun { .. }) => PublicStatus::Closed,
                    Err(NotBookable::Postponed) => PublicStatus::Postponed,
                    Err(NotBookable::Cancelled) => PublicStatus::Cancelled,
                    Err(other) => panic!("{other}"),
                };
                let sales = [on_sale([show.id].into())];
                assert_eq!(PublicStatus::of(&show, &sales, 5, now), shown, "{status:?}, {sold_until:?} at {now:?}");
            }
        }
    }
}

#[test]
fn nothing_is_done_with_the_seats_of_a_draft() {
    let draft = show(PerformanceStatus::Draft, None);
    let hidden = Sale { published: false, ..on_sale([draft.id].into()) };
    for deed in [Action::Hold, Action::Pay, Action::Cancel] {
        assert_eq!(on_sale([draft.id].into()).check_action(&draft, deed, at(10)), Err(NotBookable::Draft));
        let public = show(PerformanceStatus::Published, None);
        assert_eq!(hidden.check_action(&public, deed, at(10)), Err(NotBookable::Draft));
    }
}

#[test]
fn the_sale_has_a_say_in_holds_and_cancellations_once_the_performance_lets_them() {
    let long = Performance { starts_at: at(CANCEL_UNTIL + 10), ..show(PerformanceStatus::Published, None) };
    let sale = on_sale([long.id].into());
    let (opens, closed, cancel_until) = (at(10), at(CLOSES), at(CANCEL_UNTIL));
    for (now, hold, cancel) in [
        (just_before(10), Err(NotBookable::SaleNotOpen { opens }), Ok(())),
        (opens, Ok(()), Ok(())),
        (just_before(CLOSES), Ok(()), Ok(())),
        (closed, Err(NotBookable::SaleClosed { closed }), Ok(())),
        (cancel_until, Err(NotBookable::SaleClosed { closed }), Err(NotBookable::TooLateToCancel { cancel_until })),
    ] {
        let said = [Action::Hold, Action::Pay, Action::Cancel].map(|action| sale.check_action(&long, action, now));
        assert_eq!(said, [hold, Ok(()), cancel], "{now:?}");
        assert_eq!((sale.is_open(now), sale.is_over(now)), (hold.is_ok(), closed <= now));
        let cancelled = Performance { status: PerformanceStatus::Cancelled, ..long.clone() };
        assert_eq!(sale.check_action(&cancelled, Action::Hold, now), Err(NotBookable::Cancelled));
    }
}

#[test]
fn a_hold_ends_when_the_performance_is_no_longer_sold() {
    let mut world = World::new();
    world.now = just_before(STARTS);
    let bookable = show(PerformanceStatus::Published, None).bookable();
    let hold = of(bookable, world.hold(1, &[1]));
    let Ok(Outcome::Held(held)) = world.run(&hold) else { panic!("it has not begun") };
    assert_eq!((held.held_until, held.late_until), (at(STARTS), at(STARTS)));
    assert_eq!(world.findings(), []);
}

#[test]
fn a_repetition_is_answered_after_the_beginning_as_it_was_before() {
    let mut world = World::new();
    let bookable = show(PerformanceStatus::Published, None).bookable();
    let hold = of(bookable, world.hold(1, &[1]));
    let Ok(Outcome::Held(held)) = world.run(&hold) else { panic!("it has not begun") };
    let pay = of(bookable, world.pay(&held));
    let paid = world.run(&pay);
    assert!(matches!(paid, Ok(Outcome::Paid { .. })), "{paid:?}");
    world.now = at(STARTS);
    assert_eq!(world.run(&hold), Ok(Outcome::Held(held.clone())));
    assert_eq!(world.run(&pay), paid);
    let again = of(bookable, world.pay(&held));
    assert_eq!(world.refused(&again), Rejection::AlreadyPaid);
}

#[test]
fn a_sale_closes_before_its_last_performance_is_over_for_buyers() {
    use PerformanceStatus::{Cancelled, Draft, Postponed, Published};
    let sale = |closes| Sale { closes, ..on_sale([performance(1), performance(2)].into()) };
    let later = |status| Performance { id: performance(2), starts_at: at(1500), ..show(status, None) };
    let first = show(Published, None);
    for (second, last) in [
        (later(Published), 1500),
        (later(Draft), 1500),
        (later(Cancelled), STARTS),
        (Performance { sold_until: Some(at(SOLD_UNTIL)), ..later(Published) }, SOLD_UNTIL),
    ] {
        let both = [first.clone(), second];
        assert_eq!(sale(at(last)).check_closes(&both), Ok(()));
        let Err(Invalid(flaws)) = sale(at(last) + Sale::SHORTEST_HOLD).check_closes(&both) else { panic!("{last}") };
        assert_eq!((flaws.len(), flaws[0].pointer.as_str()), (1, "/closes"));
    }
    // While it is not known when one takes place, and where none does.
    for both in [[first.clone(), later(Postponed)], [Cancelled, Cancelled].map(|status| show(status, None))] {
        assert_eq!(sale(at(CLOSES)).check_closes(&both), Ok(()));
    }
}

#[test]
fn a_performance_is_sold_from_its_beginning_to_a_month_later_at_most() {
    let layout = testing::seat_map().build().layout().unwrap();
    let month = at(STARTS) + Performance::LONGEST_SOLD;
    let tick = std::time::Duration::from_micros(1);
    for (sold_until, fine) in
        [(just_before(STARTS), false), (at(STARTS), true), (month, true), (month + tick, false), (at(0), false)]
    {
        let checked = show(PerformanceStatus::Draft, Some(sold_until)).check(&layout);
        assert_eq!(checked.is_ok(), fine, "{sold_until:?}");
        if let Err(Invalid(flaws)) = checked {
            assert_eq!((flaws[0].pointer.as_str(), flaws[0].code), ("/sold_until", "range"));
        }
    }
}
