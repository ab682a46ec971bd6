//! What is refused has not happened.

use crate::snapshot::Snapshot;
use crate::stage::{Answer, Stage, held};
use crate::{Failure, Programme};
use frontrow_application::port::BookingError;
use frontrow_domain::{
    Command, Payment, PaymentId, Points, Rejection, Reservation, ReservationId, SeatNumber, testing,
};
use std::sync::Arc;
use std::time::Duration;

type Refusals = Vec<(Command, Rejection)>;

pub(super) async fn a_rejection_leaves_nothing_behind(stage: Arc<Stage>) -> Result<(), Failure> {
    let (kim, lee) = (stage.user(0), stage.user(1));
    let kims = stage.held(kim, &[1, 2]).await?;
    stage.fund(lee, 100).await?;
    let before = Snapshot::take(&stage, 2).await?;

    let mut refusals = refused_holds(&stage)?;
    refusals.extend(refused_changes(&stage, &kims)?);
    for (command, expected) in refusals {
        let answer = stage.execute(command.clone()).await;
        ensure_eq!(answer, Err(expected.into()));
        ensure_eq!(Snapshot::take(&stage, 2).await?, before, "after {command:?}");
        if let Some(key) = &command.key {
            ensure_eq!(stage.fixture.booking.idempotency_records.idempotency_record(key).await?, None);
        }
    }
    Ok(())
}

fn refused_holds(stage: &Stage) -> Result<Refusals, Failure> {
    let lee = stage.user(1);
    let numbers = |numbers: &[u32]| numbers.iter().filter_map(|number| SeatNumber::new(*number)).collect::<Vec<_>>();
    let soon = stage.now() + Duration::from_micros(1);
    let mut early = stage.wide.clone();
    early.opens = soon;
    let mut over = stage.wide.clone();
    over.closes = stage.now();
    Ok(vec![
        (stage.hold(lee, &[3, 2])?, Rejection::SeatsTaken(numbers(&[2]))),
        (stage.hold(lee, &[3, Programme::SEATS + 1])?, Rejection::SeatsUnknown(numbers(&[Programme::SEATS + 1]))),
        (stage.hold_in(&stage.narrow, lee, &[3, 4, 5, 6, 7])?, Rejection::LimitReached { limit: 4, used: 0, asked: 5 }),
        (stage.hold_in(&early, lee, &[3])?, Rejection::SaleNotOpen { opens: soon }),
        (stage.hold_in(&over, lee, &[3])?, Rejection::SaleClosed { closed: stage.now() }),
    ])
}

fn refused_changes(stage: &Stage, kims: &Reservation) -> Result<Refusals, Failure> {
    let lee = stage.user(1);
    let as_lee = Reservation { user: lee, ..kims.clone() };
    let unknown = Reservation { id: ReservationId::new(stage.id()), ..kims.clone() };
    let fewer = Reservation { line_items: kims.line_items[..1].to_vec(), ..kims.clone() };
    let nobodys = testing::payment().id(PaymentId::new(stage.id())).user(lee).build();
    let poor = Rejection::BalanceTooLow { balance: Points::ZERO, amount: kims.amount };
    Ok(vec![
        (stage.pay(kims)?, poor),
        (stage.pay(&as_lee)?, Rejection::ReservationUnknown),
        (stage.pay(&fewer)?, Rejection::ReservationUnknown),
        (stage.release(&as_lee)?, Rejection::ReservationUnknown),
        (stage.release(&unknown)?, Rejection::ReservationUnknown),
        (Stage::expire(&unknown), Rejection::ReservationUnknown),
        (stage.cancel(kims)?, Rejection::NotPaid),
        (stage.refund(kims)?, Rejection::NotPaid),
        (stage.settle(&nobodys, true), Rejection::PaymentUnknown),
        (stage.charge(lee, Payment::MIN_CHARGE - 1)?, Rejection::ChargeOutOfRange),
        (stage.charge(lee, Payment::MAX_CHARGE + 1)?, Rejection::ChargeOutOfRange),
    ])
}

pub(super) async fn what_was_rejected_can_be_asked_for_again_with_its_key(stage: Arc<Stage>) -> Result<(), Failure> {
    let (kim, lee) = (stage.user(0), stage.user(1));
    let kims = stage.held(kim, &[1]).await?;
    let wanted = stage.hold(lee, &[1])?;
    let refused: Answer = stage.execute(wanted.clone()).await;
    ensure!(matches!(refused, Err(BookingError::Rejected(Rejection::SeatsTaken(_)))), "{refused:?}");
    stage.execute(stage.release(&kims)?).await?;
    let lees = held(stage.execute(wanted).await)?;
    ensure_eq!(lees.user, lee);
    Ok(())
}
