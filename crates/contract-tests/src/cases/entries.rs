//! Numbers, and who has them.

use crate::Failure;
use crate::context::TestContext;
use crate::room::{Room, entry, number, patiently};
use frontrow_application::port::{Join, Joined};
use frontrow_domain::waiting_room::{Group, GroupTerms, Phase, Queue, QueueEntry, QueueNumber};
use frontrow_domain::{BuyerKey, Sale, SaleId, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many join at the same time.
const CROWD: usize = 64;

fn join(room: &Room, n: usize, worthless: Option<QueueEntry>) -> Join {
    Join { key: room.key(n), group: Group::FIRST, worthless, proved: None }
}

async fn joined(room: &Room, n: usize, worthless: Option<QueueEntry>) -> Result<Joined, Failure> {
    Ok(patiently(|| room.instance(n).dispenser.join(join(room, n, worthless))).await?)
}

/// Everybody who has a number of that group, a page at a time.
async fn listed(room: &Room, group: Group, limit: u32) -> Result<Vec<(QueueNumber, UserId)>, Failure> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = room.instance(0).dispenser.entries(room.sale.id, group, after, limit).await?;
        ensure!(page.len() <= limit as usize, "{} queue entries on a page of {limit}", page.len());
        let Some((last, _)) = page.last() else { return Ok(all) };
        after = last.get();
        all.extend(page);
    }
}

pub(super) async fn joining_twice_gives_the_same_entry(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::new(&context, |settings| settings.groups.push(second_group())).await?;
    ensure_eq!(joined(&room, 0, None).await?, Joined { entry: entry(1)?, is_new: true });
    ensure_eq!(joined(&room, 1, None).await?, Joined { entry: entry(2)?, is_new: true });
    let known = Joined { entry: entry(1)?, is_new: false };
    ensure_eq!(joined(&room, 0, None).await?, known);
    let other = Group::new(1).unwrap_or_default();
    let elsewhere = Join { group: other, ..join(&room, 0, None) };
    ensure_eq!(
        patiently(|| room.instance(1).dispenser.join(elsewhere)).await?,
        known,
        "one queue entry per person and sale"
    );
    ensure_eq!(joined(&room, 0, Some(entry(2)?)).await?, known, "what was worthless is not what they have");
    let proved = Join { proved: Some(known.entry), ..join(&room, 0, None) };
    ensure_eq!(patiently(|| room.instance(0).dispenser.join(proved)).await?, known, "and can prove it");
    room.issued_once(0, room.sale.id, |issued| *issued == [2, 0]).await?;
    Ok(())
}

pub(super) async fn joins_at_once_get_numbers_one_after_the_other(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::new(&context, |_| {}).await?;
    let mut entries = BTreeMap::new();
    // Those who join once others have their number come after them.
    for (begin, end) in [(0, CROWD / 2), (CROWD / 2, CROWD)] {
        let twice = (begin..end).chain(begin..end).map(|n| {
            let room = Arc::clone(&room);
            async move { Ok((n, joined(&room, n, None).await?)) }
        });
        let mut firsts = 0;
        for (n, joined) in context.together(twice).await? {
            firsts += usize::from(joined.is_new);
            ensure_eq!(*entries.entry(n).or_insert(joined.entry), joined.entry, "the queue entry of person {n}");
        }
        ensure_eq!(firsts, end - begin, "queue entries that were said to be new");
        let numbers: BTreeSet<u64> = entries.values().map(|entry| entry.number.get()).collect();
        ensure_eq!(numbers, (1..=end as u64).collect::<BTreeSet<u64>>());
    }
    let whose: BTreeMap<QueueNumber, UserId> =
        entries.iter().map(|(n, entry)| (entry.number, room.key(*n).user)).collect();
    ensure_eq!(listed(&room, Group::FIRST, 1000).await?, whose.into_iter().collect::<Vec<_>>());
    room.issued_once(1, room.sale.id, |issued| *issued == [CROWD as u64]).await?;
    Ok(())
}

pub(super) async fn a_worthless_entry_is_replaced_at_the_end(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::new(&context, |_| {}).await?;
    for n in 0..3 {
        joined(&room, n, None).await?;
    }
    let worthless = Some(entry(1)?);
    let again = (0..CROWD / 2).map(|_| {
        let room = Arc::clone(&room);
        async move { joined(&room, 0, worthless).await }
    });
    let answers = context.together(again).await?;
    ensure!(answers.iter().all(|joined| joined.entry.number.get() == 4), "{answers:?}");
    ensure_eq!(answers.iter().filter(|joined| joined.is_new).count(), 1, "new queue entries");
    ensure_eq!(joined(&room, 0, None).await?, Joined { entry: entry(4)?, is_new: false });
    let whose = [(number(2)?, room.key(1).user), (number(3)?, room.key(2).user), (number(4)?, room.key(0).user)];
    ensure_eq!(listed(&room, Group::FIRST, 1000).await?, whose);
    Ok(())
}

pub(super) async fn groups_and_sales_have_numbers_of_their_own(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::new(&context, |settings| settings.groups.push(second_group())).await?;
    let other = Sale { waiting_room: Some(room.settings.clone()), ..context.narrow.clone() };
    room.store().open_queue(&Queue::new(&other, &room.settings, [8; 32], context.now())).await?;
    let groups: Vec<Group> = Group::all(2).collect();
    for (n, group, expected) in [(0, groups[0], 1), (1, groups[1], 1), (2, groups[1], 2), (3, groups[0], 2)] {
        let joined = room.ask_for_entry(Join { group, ..join(&room, n, None) }, n).await?;
        ensure_eq!(
            joined,
            Joined { entry: QueueEntry { group, number: number(expected)? }, is_new: true },
            "person {n}"
        );
    }
    let elsewhere = Join { key: BuyerKey { sale: other.id, ..room.key(0) }, ..join(&room, 0, None) };
    let joined = patiently(|| room.instance(0).dispenser.join(elsewhere)).await?;
    ensure_eq!(joined, Joined { entry: entry(1)?, is_new: true }, "the first in another sale");
    room.issued_once(0, room.sale.id, |issued| *issued == [2, 2]).await?;
    room.issued_once(0, other.id, |issued| *issued == [1, 0]).await?;
    Ok(())
}

pub(super) async fn entries_are_listed_a_page_at_a_time(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::new(&context, |settings| settings.groups.push(second_group())).await?;
    for n in 0..12 {
        room.join(n, u8::from(n % 4 == 3)).await?;
    }
    let people = (0..12).filter(|n| n % 4 != 3);
    let whose: Vec<_> =
        people.zip(1..).map(|(n, at)| Ok((number(at)?, room.key(n).user))).collect::<Result<_, Failure>>()?;
    for limit in [1, 4, 9, 100] {
        ensure_eq!(listed(&room, Group::FIRST, limit).await?, whose, "pages of {limit}");
    }
    let last = room.instance(0).dispenser.entries(room.sale.id, Group::FIRST, 8, 100).await?;
    ensure_eq!(last, whose[8..], "above 8");
    Ok(())
}

pub(super) async fn what_may_be_forgotten_can_still_be_read(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 5, |_| {}).await?;
    room.phase(Phase::Closed).await?;
    room.tick().await?;
    let whose: Vec<_> =
        (0..5).map(|n| Ok((room.entry(n)?.number, room.key(n).user))).collect::<Result<_, Failure>>()?;
    for n in 0..3 {
        let dispenser = &room.instance(n).dispenser;
        patiently(|| dispenser.forget(room.sale.id)).await?;
        patiently(|| dispenser.forget(SaleId::new(context.id()))).await?;
        ensure_eq!(listed(&room, Group::FIRST, 2).await?, whose, "said {} times", n + 1);
        room.issued_once(n, room.sale.id, |issued| *issued == [5]).await?;
    }
    Ok(())
}

fn second_group() -> GroupTerms {
    GroupTerms { name: "Presale".into(), weight: 1, code: Some("x".into()) }
}
