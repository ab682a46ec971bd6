//! What is refused has not happened.

use crate::context::{Answer, TestContext, held};
use crate::snapshot::Snapshot;
use crate::{Failure, Programme};
use frontrow_application::port::BookingError;
use frontrow_domain::{
    Command, Payment, PaymentId, Points, Rejection, Reservation, ReservationId, SeatNumber, testing,
};
use std::sync::Arc;
use std::time::Duration;

type Refusals = Vec<(Command, Rejection)>;

pub(super) async fn a_rejection_leaves_nothing_behind(context: Arc<TestContext>) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    let kims = context.held(kim, &[1, 2]).await?;
    context.fund(lee, 100).await?;
    let before = Snapshot::take(&context, 2).await?;

    let mut refusals = refused_holds(&context)?;
    refusals.extend(refused_changes(&context, &kims)?);
    for (command, expected) in refusals {
        let answer = context.execute(command.clone()).await;
        ensure_eq!(answer, Err(expected.into()));
        ensure_eq!(Snapshot::take(&context, 2).await?, before, "after {command:?}");
        if let Some(key) = &command.key {
            ensure_eq!(context.fixture.booking.idempotency_records.idempotency_record(key).await?, None);
        }
    }
    Ok(())
}

fn refused_holds(context: &TestContext) -> Result<Refusals, Failure> {
    let lee = context.user(1);
    let numbers = |numbers: &[u32]| numbers.iter().filter_map(|number| SeatNumber::new(*number)).collect::<Vec<_>>();
    let soon = context.now() + Duration::from_micros(1);
    let mut early = context.wide.clone();
    early.opens = soon;
    let mut over = context.wide.clone();
    over.closes = context.now();
    Ok(vec![
        (context.hold(lee, &[3, 2])?, Rejection::SeatsTaken { seats: numbers(&[2]), yours: Vec::new() }),
        (context.hold(context.user(0), &[2, 3])?, Rejection::SeatsTaken { seats: numbers(&[2]), yours: numbers(&[2]) }),
        (context.hold(lee, &[3, Programme::SEATS + 1])?, Rejection::SeatsUnknown(numbers(&[Programme::SEATS + 1]))),
        (
            context.hold_in(&context.narrow, lee, &[3, 4, 5, 6, 7])?,
            Rejection::LimitReached { limit: 4, used: 0, asked: 5 },
        ),
        (context.hold_in(&early, lee, &[3])?, Rejection::SaleNotOpen { opens: soon }),
        (context.hold_in(&over, lee, &[3])?, Rejection::SaleClosed { closed: context.now() }),
    ])
}

fn refused_changes(context: &TestContext, kims: &Reservation) -> Result<Refusals, Failure> {
    let lee = context.user(1);
    let as_lee = Reservation { user: lee, ..kims.clone() };
    let unknown = Reservation { id: ReservationId::new(context.id()), ..kims.clone() };
    let fewer = Reservation { line_items: kims.line_items[..1].to_vec(), ..kims.clone() };
    let nobodys = testing::payment().id(PaymentId::new(context.id())).user(lee).build();
    let poor = Rejection::BalanceTooLow { balance: Points::ZERO, amount: kims.amount };
    Ok(vec![
        (context.pay(kims)?, poor),
        (context.pay(&as_lee)?, Rejection::ReservationUnknown),
        (context.pay(&fewer)?, Rejection::ReservationUnknown),
        (context.release(&as_lee)?, Rejection::ReservationUnknown),
        (context.release(&unknown)?, Rejection::ReservationUnknown),
        (TestContext::expire(&unknown), Rejection::ReservationUnknown),
        (context.cancel(kims)?, Rejection::NotPaid),
        (context.refund(kims)?, Rejection::NotPaid),
        (context.settle(&nobodys, true), Rejection::PaymentUnknown),
        (context.charge(lee, Payment::MIN_CHARGE - 1)?, Rejection::ChargeOutOfRange),
        (context.charge(lee, Payment::MAX_CHARGE + 1)?, Rejection::ChargeOutOfRange),
    ])
}

pub(super) async fn what_was_rejected_can_be_asked_for_again_with_its_key(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    let kims = context.held(kim, &[1]).await?;
    let wanted = context.hold(lee, &[1])?;
    let refused: Answer = context.execute(wanted.clone()).await;
    ensure!(matches!(refused, Err(BookingError::Rejected(Rejection::SeatsTaken { .. }))), "{refused:?}");
    context.execute(context.release(&kims)?).await?;
    let lees = held(context.execute(wanted).await)?;
    ensure_eq!(lees.user, lee);
    Ok(())
}
