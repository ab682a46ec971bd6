//! What was promised at the hold.

use crate::Failure;
use crate::context::TestContext;
use frontrow_domain::{Cancel, Command, Instant, Operation, Outcome, Pay, Rejection};
use std::sync::Arc;
use std::time::Duration;

const MICROSECOND: Duration = Duration::from_micros(1);

/// The same command, after an operator has set both deadlines of its sale to that instant.
fn edited(until: Instant, mut command: Command) -> Command {
    if let Operation::Pay(Pay { terms, .. }) | Operation::Cancel(Cancel { terms, .. }) = &mut command.operation {
        (terms.pay_until, terms.cancel_until) = (until, until);
    }
    command
}

pub(super) async fn a_deadline_that_was_promised_is_kept(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let promised = context.wide.cancel_until;
    let (first, second) = (context.paid(kim, &[1]).await?, context.paid(kim, &[2]).await?);
    ensure_eq!(context.reservation(first.id).await?.cancel_until, promised, "it is stored");
    let earlier = context.now();
    context.set_now(promised - MICROSECOND);
    let given_back = context.execute(edited(earlier, context.cancel(&first)?)).await?;
    ensure!(matches!(given_back, Outcome::GivenBack(_)), "{given_back:?}");
    context.set_now(promised);
    let refused = context.execute(edited(earlier, context.cancel(&second)?)).await;
    ensure_eq!(refused, Err(Rejection::TooLateToCancel { cancel_until: promised }.into()));
    // What is extended is extended for everybody.
    let later = promised + Duration::from_hours(1);
    context.set_now(later - MICROSECOND);
    context.execute(edited(later, context.cancel(&second)?)).await?;
    Ok(())
}

pub(super) async fn a_payment_has_as_long_as_was_promised(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    context.fund(kim, 100_000).await?;
    let (first, second) = (context.held(kim, &[1]).await?, context.held(kim, &[2]).await?);
    let (earlier, promised) = (context.now(), first.late_until);
    context.set_now(promised - MICROSECOND);
    context.execute(edited(earlier, context.pay(&first)?)).await?;
    context.set_now(promised);
    let refused = context.execute(edited(earlier, context.pay(&second)?)).await;
    ensure_eq!(refused, Err(Rejection::HoldLapsed { held_until: second.held_until }.into()));
    let later = promised + Duration::from_hours(1);
    context.set_now(later - MICROSECOND);
    context.execute(edited(later, context.pay(&second)?)).await?;
    Ok(())
}
