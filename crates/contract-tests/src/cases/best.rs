//! The best seats that are left, according to a plan.

use crate::Failure;
use crate::context::{TestContext, held};
use frontrow_application::port::BookingError;
use frontrow_domain::{Command, HoldBest, Operation, Reservation, SeatNumber, TAKEOVER_GRACE};
use std::collections::BTreeSet;
use std::sync::Arc;

fn numbers(reservation: &Reservation) -> Vec<u32> {
    reservation.seats().map(SeatNumber::get).collect()
}

pub(super) async fn the_best_block_that_can_be_had_is_held(context: Arc<TestContext>) -> Result<(), Failure> {
    let other = context.held(context.user(0), &[1]).await?;
    context.paid(context.user(0), &[6]).await?;
    let blocks = [vec![1, 2], vec![5, 6], vec![4, 3], vec![8, 9]];
    for (user, wait, expected) in [(1, false, [3, 4]), (2, true, [8, 9])] {
        let best = context.hold_best(context.user(user), &blocks, wait)?;
        ensure_eq!(numbers(&held(context.execute(best).await)?), expected);
    }
    context.set_now(other.held_until + TAKEOVER_GRACE);
    let best = context.hold_best(context.user(3), &blocks, false)?;
    ensure_eq!(numbers(&held(context.execute(best).await)?), [1, 2], "the hold of seat 1 has lapsed");
    Ok(())
}

pub(super) async fn a_plan_that_has_come_to_nothing_is_made_again(context: Arc<TestContext>) -> Result<(), Failure> {
    context.held(context.user(0), &[1]).await?;
    context.held(context.user(0), &[4]).await?;
    for wait in [false, true] {
        for blocks in [vec![vec![1, 2], vec![3, 4]], vec![]] {
            let best = context.hold_best(context.user(1), &blocks, wait)?;
            let answer = context.execute(best).await;
            ensure!(answer == Err(BookingError::Replan), "{answer:?} for {blocks:?}");
        }
    }
    context.held(context.user(2), &[2, 3]).await?;
    Ok(())
}

pub(super) async fn buyers_of_the_best_get_different_seats(context: Arc<TestContext>) -> Result<(), Failure> {
    const BUYERS: u32 = 30;
    const ROUNDS: u32 = 20;
    let blocks: Vec<Vec<u32>> = (0..BUYERS).map(|n| vec![2 * n + 1, 2 * n + 2]).collect();
    let mut waiting: Vec<Command> = (0..BUYERS as usize)
        .map(|n| context.hold_best(context.user(n), &blocks, n % 5 == 0))
        .collect::<Result<_, _>>()?;
    let mut taken = BTreeSet::new();
    // There are enough for all: whoever was passed over tries again. Two who lock at the same moment may each get half of
    // what both want, so that a round comes to nothing.
    for _ in 0..ROUNDS {
        let mut answers = context.at_once(waiting.clone()).await?.into_iter();
        let mut passed_over = Vec::new();
        for (command, answer) in waiting.into_iter().zip(&mut answers) {
            if answer == Err(BookingError::Replan) {
                passed_over.push(command);
                continue;
            }
            for seat in numbers(&held(answer)?) {
                ensure!(taken.insert(seat), "seat {seat} was given to two");
            }
        }
        waiting = passed_over;
    }
    ensure!(waiting.is_empty(), "{} of {BUYERS} got no seats", waiting.len());
    ensure_eq!(taken.len(), 2 * BUYERS as usize);
    let late = context.execute(context.hold_best(context.user(60), &blocks, true)?).await;
    ensure!(late == Err(BookingError::Replan), "{late:?} after all seats were taken");
    Ok(())
}

pub(super) async fn a_best_hold_is_repeated_like_any_other(context: Arc<TestContext>) -> Result<(), Failure> {
    let command = context.hold_best(context.user(0), &[vec![1, 2]], false)?;
    let first = held(context.execute(command.clone()).await)?;
    let Operation::HoldBest(best) = command.operation.clone() else { return Err(Failure::new("it is a best hold")) };
    for blocks in [vec![], best.blocks.clone()] {
        let again = Command { operation: Operation::HoldBest(HoldBest { blocks, ..best.clone() }), ..command.clone() };
        ensure_eq!(held(context.execute(again).await)?, first);
    }
    Ok(())
}
