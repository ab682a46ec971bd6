//! Numbers that are leased to a dispenser that may lose what it knows.

use crate::context::TestContext;
use crate::room::{Room, patiently};
use crate::{Failure, Part};
use frontrow_application::port::{Lease, NumberLeases};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Group, GroupTerms};
use std::sync::Arc;

/// How many ask at the same time, and in how many epochs.
const RACERS: usize = 32;
const EPOCHS: u32 = 5;

fn leases(context: &TestContext) -> Result<Arc<dyn NumberLeases>, Failure> {
    context.queues()?.leases.clone().ok_or_else(|| Failure::lacks(Part::Leases))
}

async fn two_groups(context: &Arc<TestContext>) -> Result<Arc<Room>, Failure> {
    let group = |weight| GroupTerms { name: "Group".into(), weight, code: None };
    Room::new(context, |settings| settings.groups = [1, 1].map(group).into()).await
}

fn lease(epoch: u32, above: [u64; 2], ceiling: [u64; 2]) -> Lease {
    Lease { epoch, above: above.into(), ceiling: ceiling.into() }
}

pub(super) async fn a_ceiling_goes_up_and_never_down(context: Arc<TestContext>) -> Result<(), Failure> {
    let (leases, room) = (leases(&context)?, two_groups(&context).await?);
    let (sale, second) = (room.sale.id, Group::new(1).unwrap_or_default());
    ensure_eq!(leases.lease(sale).await?, Some(lease(1, [0, 0], [0, 0])));
    for (group, above, ceiling) in
        [(Group::FIRST, 0, 100), (Group::FIRST, 90, 190), (second, 5, 105), (Group::FIRST, 3, 190)]
    {
        ensure_eq!(leases.extend(sale, 1, group, above, 100).await?, Some(ceiling), "above {above}");
    }
    ensure_eq!(leases.lease(sale).await?, Some(lease(1, [0, 0], [190, 105])));
    ensure_eq!(leases.extend(sale, 2, Group::FIRST, 0, 1000).await?, None, "an epoch that never was");
    let nobodys = SaleId::new(context.id());
    ensure_eq!(leases.lease(nobodys).await?, None);
    ensure_eq!(leases.extend(nobodys, 1, Group::FIRST, 0, 1).await?, None);
    ensure_eq!(leases.next_epoch(nobodys, 1, 1).await?, None);
    Ok(())
}

pub(super) async fn the_next_epoch_begins_once_and_above_all_that_was_leased(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let (leases, room) = (leases(&context)?, two_groups(&context).await?);
    let sale = room.sale.id;
    leases.extend(sale, 1, Group::FIRST, 0, 100).await?;
    let version = room.queue().await?.version.get();
    let mut highest = 100;
    for lost in 1..=EPOCHS {
        let racing = (0..RACERS).map(|_| {
            let leases = Arc::clone(&leases);
            async move { Ok(patiently(|| leases.next_epoch(sale, lost, 50)).await?) }
        });
        let begun: Vec<Lease> = context.together(racing).await?.into_iter().flatten().collect();
        let second = 50 * u64::from(lost - 1);
        let next = lease(lost + 1, [highest, second], [highest + 50, second + 50]);
        ensure_eq!(begun, vec![next.clone()], "one of them begins the epoch after {lost}");
        ensure_eq!(leases.lease(sale).await?, Some(next));
        let queue = room.queue().await?;
        ensure_eq!((queue.epoch, queue.version.get()), (lost + 1, version + i64::from(lost)));
        ensure_eq!(leases.extend(sale, lost, Group::FIRST, 0, 1000).await?, None, "the old one is over");
        highest += 50;
    }
    let current = EPOCHS + 1;
    ensure_eq!(leases.extend(sale, current, Group::FIRST, highest - 10, 100).await?, Some(highest + 90));
    ensure_eq!(leases.next_epoch(sale, 1, 50).await?, None);
    let second = 50 * u64::from(EPOCHS);
    let last = lease(current + 1, [highest + 90, second], [highest + 140, second + 50]);
    ensure_eq!(leases.next_epoch(sale, current, 50).await?, Some(last));
    Ok(())
}

pub(super) async fn leases_never_overlap(context: Arc<TestContext>) -> Result<(), Failure> {
    let (leases, room) = (leases(&context)?, two_groups(&context).await?);
    let sale = room.sale.id;
    let mut highest = 0;
    for epoch in 1..=EPOCHS {
        let extending = (1..=RACERS as u64).map(|n| {
            let leases = Arc::clone(&leases);
            async move { Ok(patiently(|| leases.extend(sale, epoch, Group::FIRST, highest, n * 10)).await?) }
        });
        let ceilings: Vec<Option<u64>> = context.together(extending).await?;
        ensure!(ceilings.iter().all(|ceiling| ceiling.is_some_and(|ceiling| ceiling > highest)), "{ceilings:?}");
        let leased = leases.lease(sale).await?.ok_or_else(|| Failure::new("there is a lease"))?;
        let most = ceilings.into_iter().flatten().max().unwrap_or(0);
        ensure_eq!(
            (leased.ceiling[0], most),
            (highest + 10 * RACERS as u64, leased.ceiling[0]),
            "ceilings of epoch {epoch}"
        );
        let next = leases.next_epoch(sale, epoch, 10).await?.ok_or_else(|| Failure::new("it begins"))?;
        ensure_eq!(next.above[0], leased.ceiling[0], "above all that was leased in epoch {epoch}");
        highest = next.ceiling[0];
    }
    Ok(())
}

/// Whoever hands out numbers where they are leased from hands out none of those, and leases none that it has handed out.
pub(super) async fn a_number_is_leased_or_handed_out_and_never_both(context: Arc<TestContext>) -> Result<(), Failure> {
    let (leases, room) = (leases(&context)?, two_groups(&context).await?);
    let sale = room.sale.id;
    ensure_eq!(leases.next_epoch(sale, 1, 100).await?, Some(lease(2, [0, 0], [100, 100])));
    ensure_eq!(room.join(0, 0).await?.number.get(), 101, "above all that were leased");
    ensure_eq!(room.join(1, 0).await?.number.get(), 102);
    ensure_eq!(leases.extend(sale, 2, Group::FIRST, 90, 100).await?, None, "that lease is over");
    let next = leases.lease(sale).await?.ok_or_else(|| Failure::new("there is a lease"))?;
    ensure!(next.epoch > 2 && next.above[0] >= 102, "above all that were handed out: {next:?}");
    let ceiling = next.ceiling[0];
    ensure_eq!(room.join(2, 0).await?.number.get(), ceiling + 1);
    Ok(())
}
