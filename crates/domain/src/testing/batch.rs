//! What a batch of commands has to come to: the same as its commands one by one.

use crate::{Block, BookingState, Command, HoldBest, Instant, Operation, Outcome, Stop, carry_out};
use std::collections::BTreeSet;

/// What a command of a batch has to come to after those before it, which is done to the books. `told` is what it came
/// to in the batch, if it was not refused.
///
/// That matters to a hold of the best seats that does not wait for others. Which of its seats are locked depends on the
/// plans of the others in its batch: it may get a later block than alone, or has to plan again although there is one
/// left. But what it gets is a whole block of its plan that can be had, and what else it may be told depends on no
/// plan.
pub fn one_by_one(
    books: &mut BookingState,
    command: &Command,
    told: Option<&Outcome>,
    now: Instant,
) -> Result<Outcome, Stop> {
    let Operation::HoldBest(best @ HoldBest { wait: false, .. }) = &command.operation else {
        return books.execute(command, now);
    };
    let of = |blocks: Vec<Block>| {
        let operation = Operation::HoldBest(HoldBest { blocks, wait: true, ..best.clone() });
        Command { operation, ..command.clone() }
    };
    let any = of(best.blocks.clone());
    let possible = carry_out(&any, &mut books.lock(&any.scope(), now), now)?;
    if possible.writes.is_empty() {
        return Ok(possible.outcome);
    }
    let Some(Outcome::Held(held)) = told else { return Err(Stop::Replan) };
    let is_held = |block: &&Block| block.iter().copied().collect::<BTreeSet<_>>() == held.seats().collect();
    books.execute(&of(best.blocks.iter().find(is_held).cloned().into_iter().collect()), now)
}
