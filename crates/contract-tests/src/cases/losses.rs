//! A dispenser that loses everything that it knew, while the queue goes on.

use crate::context::TestContext;
use crate::room::{Room, patiently};
use crate::{Failure, Part};
use frontrow_application::port::{Join, Joined};
use frontrow_domain::waiting_room::{CheckInOutcome, Group, QueueEntry};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everybody's queue entries so far; then the dispenser knows nothing any more.
async fn lose(room: &Room, people: usize) -> Result<Vec<QueueEntry>, Failure> {
    let lose = room.context.queues()?.lose_numbers.as_ref().ok_or_else(|| Failure::lacks(Part::LostNumbers))?;
    let entries = (0..people).map(|n| room.entry(n)).collect::<Result<_, _>>()?;
    lose().await?;
    Ok(entries)
}

fn highest(entries: &[QueueEntry]) -> u64 {
    entries.iter().map(|entry| entry.number.get()).max().unwrap_or(0)
}

/// Joins with what they can prove, if anything.
async fn again(room: Arc<Room>, n: usize, proved: Option<QueueEntry>) -> Result<(usize, Joined), Failure> {
    let join = Join { key: room.key(n), group: Group::FIRST, worthless: None, proved };
    Ok((n, patiently(|| room.instance(n).dispenser.join(join)).await?))
}

pub(super) async fn who_has_a_token_keeps_the_entry_when_all_numbers_are_lost(
    context: Arc<TestContext>,
) -> Result<(), Failure> {
    let room = Room::open(&context, 6, |settings| settings.capacity = 2).await?;
    room.admit(0).await?;
    room.all_come([1]).await?;
    let entries = lose(&room, 6).await?;
    let before = room.queue().await?.epoch;
    ensure_eq!(room.tick().await?, [1], "whoever is checked in is admitted, whatever was lost");
    room.pick_up(1).await?;

    for n in [2, 5] {
        let kept = Joined { entry: entries[n], is_new: false };
        ensure_eq!(again(Arc::clone(&room), n, Some(entries[n])).await?.1, kept, "person {n} has a token");
        ensure_eq!(again(Arc::clone(&room), n, None).await?.1, kept, "and is known again");
    }
    let mut last = highest(&entries);
    // Person 3 has no token any more, person 6 never had one.
    for n in [3, 6] {
        let joined = again(Arc::clone(&room), n, None).await?.1;
        ensure!(joined.is_new && joined.entry.number.get() > last, "{joined:?} is not above {last}");
        last = joined.entry.number.get();
        if let Some(lost) = entries.get(n) {
            let theirs = patiently(|| room.instance(n).dispenser.entry_of(room.key(n), *lost)).await?;
            ensure_eq!(theirs, joined.entry, "person {n} finds the old token again, and has one place");
        }
    }
    let kept = patiently(|| room.instance(4).dispenser.entry_of(room.key(4), entries[4])).await?;
    ensure_eq!(kept, entries[4], "person 4 has not joined again");
    ensure_eq!(again(Arc::clone(&room), 4, None).await?.1, Joined { entry: kept, is_new: false });
    ensure!(room.queue().await?.epoch > before, "it is known that numbers were lost");
    let issued = room.issued_once(0, room.sale.id, |issued| issued.first() >= Some(&last)).await?;
    ensure_eq!(issued.len(), 1);

    context.execute(room.leave(0)).await?;
    room.all_come([2]).await?;
    ensure_eq!(room.tick().await?, [2], "by the queue entry that they always had");
    ensure!(matches!(room.come(2).await?, CheckInOutcome::Admitted(_)), "person 2 is in");
    Ok(())
}

pub(super) async fn numbers_after_a_loss_are_new_whoever_notices_it(context: Arc<TestContext>) -> Result<(), Failure> {
    const PEOPLE: usize = 40;
    let room = Room::open(&context, PEOPLE, |_| {}).await?;
    let entries = lose(&room, PEOPLE).await?;
    let before = room.queue().await?.epoch;
    // Every other one has a token.
    let token = |n: usize| (n % 4 < 2).then(|| entries[n]);
    let told = context.together((0..PEOPLE).map(|n| again(Arc::clone(&room), n, token(n)))).await?;
    let mut new = BTreeSet::new();
    for (n, joined) in told {
        if token(n).is_some() {
            ensure_eq!(joined, Joined { entry: entries[n], is_new: false }, "person {n}");
        } else {
            ensure!(joined.is_new && joined.entry.number.get() > highest(&entries), "person {n}: {joined:?}");
            new.insert(joined.entry.number);
        }
    }
    ensure_eq!(new.len(), PEOPLE / 2, "a number each");
    ensure!(room.queue().await?.epoch > before, "it is known that numbers were lost");
    Ok(())
}
