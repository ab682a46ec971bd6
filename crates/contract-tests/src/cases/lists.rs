//! What readers show, and in which order.

use crate::context::{TestContext, held};
use crate::{Failure, Programme};
use frontrow_application::PageRequest;
use frontrow_application::port::{HoldPosition, LapsedHold, SeatSnapshot};
use frontrow_domain::{Instant, PaymentId, PaymentKind, Points, Reservation, ReservationId, TAKEOVER_GRACE};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn reservations_are_listed_the_newest_first(context: Arc<TestContext>) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    let mut expected = Vec::new();
    for seat in 1..=5 {
        expected.insert(0, context.held(kim, &[seat]).await?);
        context.held(lee, &[seat + 50]).await?;
    }
    let reader = &context.fixture.booking.reservations;
    let mut found = Vec::new();
    let mut after = None;
    for items in [2, 2, 1] {
        let page = reader.reservations_of(kim, PageRequest::new(2, after)?).await?;
        ensure_eq!(page.items.len(), items, "items of a page");
        found.extend(page.items);
        after = page.next;
        ensure_eq!(after, (found.len() < 5).then(|| found[found.len() - 1].id), "the next page");
    }
    ensure_eq!(found, expected);
    let all = reader.reservations_of(kim, PageRequest::new(5, None)?).await?;
    ensure_eq!((all.items.len(), all.next), (5, None));
    ensure_eq!(reader.reservation(ReservationId::new(context.id())).await?, None);
    Ok(())
}

pub(super) async fn wallet_entries_are_listed_the_newest_first(context: Arc<TestContext>) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    context.paid(lee, &[9]).await?;
    let paid = context.paid(kim, &[1]).await?;
    context.execute(context.cancel(&paid)?).await?;
    let reader = &context.fixture.booking.wallets;
    let mut found = Vec::new();
    let mut after = None;
    for more in [true, true, false] {
        let page = reader.entries(kim, PageRequest::new(1, after)?).await?;
        ensure_eq!((page.items.len(), page.next.is_some()), (1, more));
        found.extend(page.items);
        after = page.next;
    }
    let kinds: Vec<_> = found.iter().map(|entry| (entry.kind, entry.reservation)).collect();
    let of = Some(paid.id);
    ensure_eq!(kinds, [(PaymentKind::Refund, of), (PaymentKind::Reservation, of), (PaymentKind::Charge, None)]);
    ensure!(found.iter().all(|entry| entry.transfer.amount == paid.amount), "{found:?}");
    ensure_eq!(reader.balance(context.user(2)).await?, Points::ZERO, "of somebody who never charged");
    ensure_eq!(reader.charge(found[1].transfer.payment).await?, None, "a payment that is no charge");
    ensure_eq!(reader.charge(PaymentId::new(context.id())).await?, None);
    Ok(())
}

pub(super) async fn lapsed_holds_are_found_the_oldest_first(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    let mut holds = Vec::new();
    for seat in 1..=4 {
        holds.push(context.held(kim, &[seat]).await?);
        context.later(SECOND);
    }
    let paid = context.paid(kim, &[10]).await?;
    let released = context.held(kim, &[11]).await?;
    context.execute(context.release(&released)?).await?;
    ensure!(paid.held_until >= released.held_until, "all lapse together");

    let last = &holds[3];
    expect_lapsed(&context, last.held_until - Duration::from_micros(1), 10, &holds[..3]).await?;
    expect_lapsed(&context, last.held_until + 10 * SECOND, 10, &holds).await?;
    expect_lapsed(&context, last.held_until + 10 * SECOND, 2, &holds[..2]).await?;
    context.set_now(last.held_until + 10 * SECOND);
    context.execute(TestContext::expire(&holds[0])).await?;
    expect_lapsed(&context, context.now(), 10, &holds[1..]).await?;
    expect_lapsed(&context, holds[1].held_until, 10, &holds[1..2]).await
}

/// The first `limit` lapsed holds are these.
async fn expect_lapsed(
    context: &TestContext,
    now: Instant,
    limit: u32,
    expected: &[Reservation],
) -> Result<(), Failure> {
    let found = lapsed(context, HoldPosition::before_all_at(Programme::OPENS), now, limit).await?;
    let expected: Vec<_> = expected.iter().map(LapsedHold::of).collect();
    ensure_eq!(found[..found.len().min(limit as usize)], expected);
    Ok(())
}

/// All pages after that hold. None may have more than `limit` holds; a store may give fewer, and none at all.
async fn lapsed(
    context: &TestContext,
    mut after: HoldPosition,
    now: Instant,
    limit: u32,
) -> Result<Vec<LapsedHold>, Failure> {
    let mut found = Vec::new();
    loop {
        let page = context.fixture.booking.reservations.lapsed(after, now, limit).await?;
        ensure!(page.items.len() <= limit as usize, "a page of {limit}: {page:?}");
        found.extend(page.items);
        let Some(next) = page.next else { return Ok(found) };
        ensure!(after < next, "after {after:?} comes {next:?}");
        after = next;
    }
}

pub(super) async fn lapsed_holds_are_found_page_by_page(context: Arc<TestContext>) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    let mut holds = Vec::new();
    // Ten end at the same instant, and among them are some that were paid.
    for seat in 1..=10 {
        holds.push(context.held(kim, &[seat]).await?);
        context.paid(lee, &[100 + seat]).await?;
    }
    context.later(SECOND);
    holds.push(context.held(kim, &[11]).await?);
    let now = context.now() + Duration::from_hours(1);
    let mut expected: Vec<_> = holds.iter().map(LapsedHold::of).collect();
    expected.sort_by_key(|hold| hold.position);
    for limit in [1, 3, 10, 11, 100] {
        let first = HoldPosition::before_all_at(holds[0].held_until);
        ensure_eq!(lapsed(&context, first, now, limit).await?, expected, "by {limit}");
        ensure_eq!(
            lapsed(&context, expected[4].position, now, limit).await?,
            expected[5..],
            "after the fifth, by {limit}"
        );
        let later = HoldPosition::before_all_at(holds[0].held_until + Duration::from_micros(1));
        ensure_eq!(lapsed(&context, later, now, limit).await?, expected[10..], "later ones, by {limit}");
        ensure_eq!(
            lapsed(&context, first, holds[0].held_until, limit).await?,
            expected[..10],
            "earlier ones, by {limit}"
        );
    }
    Ok(())
}

pub(super) async fn reservations_that_have_ended_leave_the_others_counted(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    context.fund(context.user(0), 1_000_000).await?;
    // Of each kind that has ended one, and all of them again after that.
    for round in 0..3 {
        let first = 10 * round;
        let released = hold_narrow(&context, first + 1).await?;
        context.execute(context.release(&released)?).await?;
        let cancelled = hold_narrow(&context, first + 2).await?;
        context.execute(context.pay(&cancelled)?).await?;
        context.execute(context.cancel(&cancelled)?).await?;
        let refunded = hold_narrow(&context, first + 3).await?;
        context.execute(context.pay(&refunded)?).await?;
        context.execute(context.refund(&refunded)?).await?;
        let expired = hold_narrow(&context, first + 4).await?;
        context.set_now(expired.held_until);
        context.execute(TestContext::expire(&expired)).await?;
    }
    // A late payment makes one that was marked count again.
    let late = hold_narrow(&context, 40).await?;
    context.set_now(late.held_until);
    context.execute(TestContext::expire(&late)).await?;
    context.execute(context.pay(&late)?).await?;
    for seat in 41..=43 {
        context.execute(context.pay(&hold_narrow(&context, seat).await?)?).await?;
    }
    let refused = hold_narrow(&context, 44).await;
    ensure!(refused.is_err(), "one paid late, three paid, and the limit is four: {refused:?}");
    Ok(())
}

/// One seat, in the sale with a limit of four.
async fn hold_narrow(context: &TestContext, seat: u32) -> Result<Reservation, Failure> {
    held(context.execute(context.hold_in(&context.narrow, context.user(0), &[seat])?).await)
}

pub(super) async fn unsettled_charges_are_found_the_oldest_first(context: Arc<TestContext>) -> Result<(), Failure> {
    let (kim, lee) = (context.user(0), context.user(1));
    let mut charges = Vec::new();
    for n in 0..4 {
        charges.push(context.pending(if n % 2 == 0 { kim } else { lee }, 500 + n).await?);
        context.later(SECOND);
    }
    context.fund(kim, 500).await?;
    context.paid(kim, &[1]).await?;
    let declined = context.pending(kim, 500).await?;
    context.execute(context.settle(&declined, false)).await?;

    let reader = &context.fixture.booking.wallets;
    ensure_eq!(reader.unsettled(Programme::OPENS, context.now() + SECOND, 10).await?, charges);
    ensure_eq!(reader.unsettled(Programme::OPENS, charges[3].at, 10).await?, charges[..3], "begun before that instant");
    ensure_eq!(reader.unsettled(Programme::OPENS, context.now(), 2).await?, charges[..2]);
    context.execute(context.settle(&charges[0], true)).await?;
    ensure_eq!(reader.unsettled(Programme::OPENS, context.now(), 10).await?, charges[1..]);
    Ok(())
}

pub(super) async fn seats_that_can_be_had_are_counted(context: Arc<TestContext>) -> Result<(), Failure> {
    let kim = context.user(0);
    context.paid(kim, &[1, 2]).await?;
    let early = context.held(kim, &[3]).await?;
    context.later(SECOND);
    let late = held(context.execute(context.hold(kim, &[4])?).await)?;
    let other = context.programme.performances[1].id;
    let takeover = early.held_until + TAKEOVER_GRACE;
    let all = crate::Programme::SEATS;
    for (now, expected) in [
        (late.held_until, all - 4),
        (takeover - Duration::from_micros(1), all - 4),
        (takeover, all - 3),
        (late.held_until + TAKEOVER_GRACE, all - 2),
    ] {
        let rows = context.fixture.booking.seats.not_free(context.performance()).await?;
        ensure_eq!(SeatSnapshot::of(&rows, now).left_of(all), expected, "at {now:?}");
    }
    let not_free = context.fixture.booking.seats.not_free(context.performance()).await?;
    let numbers: Vec<u32> = not_free.iter().map(|seat| seat.key.number.get()).collect();
    ensure_eq!(numbers, [1, 2, 3, 4]);
    ensure_eq!(context.fixture.booking.seats.not_free(other).await?, Vec::new());
    Ok(())
}
