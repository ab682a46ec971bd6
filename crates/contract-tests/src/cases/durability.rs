//! What was answered is there when the store is opened again: after every kind of write, at once.

use super::sessions::{begins, rotation};
use crate::context::{TestContext, charged, held};
use crate::room::Room;
use crate::snapshot::Snapshot;
use crate::{CataloguePorts, Failure};
use frontrow_application::Chore;
use frontrow_application::port::{
    BuyerPresence, ChoreLease, Credentials, Ending, Join, Joined, OperatorAction, QueueFigures, Rotated, Stored,
    StoredSeatMap,
};
use frontrow_domain::waiting_room::{Admitted, Group, Queue, QueueChange, QueueUpdate};
use frontrow_domain::{Command, Concert, IdempotencyRecord, Outcome, Performance, Role, Sale, UserId, Venue, testing};
use std::sync::Arc;
use uuid::Uuid;

/// How many people's belongings are looked at.
const PEOPLE: usize = 2;

type Reopened = Result<Arc<TestContext>, Failure>;

/// Carries a command out and opens the store again at once: all is there, and the command is known by its key.
async fn kept(context: Arc<TestContext>, command: Command) -> Result<(Arc<TestContext>, Outcome), Failure> {
    let name = command.operation.name();
    let outcome = context.execute(command.clone()).await?;
    let before = (Snapshot::take(&context, PEOPLE).await?, idempotency_record(&context, &command).await?);
    ensure!(before.1.is_some() || command.key.is_none(), "a {name} is not noted under its key");
    let context = context.reopen().await?;
    let after = (Snapshot::take(&context, PEOPLE).await?, idempotency_record(&context, &command).await?);
    ensure_eq!(after, before, "what is there when the store is opened again after a {name}");
    if command.key.is_some() {
        let again = context.execute(command).await;
        ensure_eq!(again, Ok(outcome.clone()), "the same {name} when the store is opened again");
    }
    Ok((context, outcome))
}

async fn idempotency_record(context: &TestContext, command: &Command) -> Result<Option<IdempotencyRecord>, Failure> {
    let Some(key) = &command.key else { return Ok(None) };
    Ok(context.fixture.booking.idempotency_records.idempotency_record(key).await?)
}

pub(super) async fn a_booking_outlives_the_process(context: Arc<TestContext>) -> Reopened {
    context.require_durability()?;
    let kim = context.user(0);
    context.fund(kim, 50_000).await?;
    let hold = context.hold(kim, &[1, 2])?;
    let (context, outcome) = kept(context, hold).await?;
    let reservation = held(Ok(outcome))?;
    let pay = context.pay(&reservation)?;
    let (context, _) = kept(context, pay).await?;
    let cancel = context.cancel(&reservation)?;
    let (context, _) = kept(context, cancel).await?;

    let best = context.hold_best(kim, &[vec![5, 6]], false)?;
    let (context, outcome) = kept(context, best).await?;
    let release = context.release(&held(Ok(outcome))?)?;
    let (context, _) = kept(context, release).await?;
    let paid = context.paid(context.user(1), &[7]).await?;
    let refund = context.refund(&paid)?;
    let (context, _) = kept(context, refund).await?;
    let lapsed = context.held(kim, &[8]).await?;
    context.set_now(lapsed.held_until);
    let (context, _) = kept(context, TestContext::expire(&lapsed)).await?;
    Ok(context)
}

pub(super) async fn a_charge_outlives_the_process(context: Arc<TestContext>) -> Reopened {
    context.require_durability()?;
    let mut context = context;
    for accepted in [true, false] {
        let charge = context.charge(context.user(0), 5000)?;
        let (reopened, outcome) = kept(context, charge).await?;
        let settle = reopened.settle(&charged(Ok(outcome))?, accepted);
        (context, _) = kept(reopened, settle).await?;
    }
    ensure_eq!(context.balance(context.user(0)).await?, 5000);
    Ok(context)
}

/// All rows of the programme.
#[derive(Debug, PartialEq)]
struct Saved {
    venue: Option<Stored<Venue>>,
    map: Option<StoredSeatMap>,
    concert: Option<Stored<Concert>>,
    performances: Vec<Option<Stored<Performance>>>,
    sales: Vec<Option<Stored<Sale>>>,
}

impl Saved {
    async fn read(context: &TestContext) -> Result<Self, Failure> {
        let CataloguePorts { venues, concerts, performances, sales, .. } = context.catalogue()?;
        let programme = &context.programme;
        let mut saved = Self {
            venue: venues.venue(programme.venue.id).await?,
            map: venues.seat_map(programme.map.venue, programme.map.version).await?,
            concert: concerts.concert(programme.concert.id).await?,
            performances: Vec::new(),
            sales: Vec::new(),
        };
        for performance in &programme.performances {
            saved.performances.push(performances.performance(performance.id).await?);
        }
        for sale in &programme.sales {
            saved.sales.push(sales.sale(sale.id).await?);
        }
        Ok(saved)
    }
}

async fn saved(context: Arc<TestContext>, what: &str) -> Reopened {
    let before = Saved::read(&context).await?;
    let context = context.reopen().await?;
    ensure_eq!(
        Saved::read(&context).await?,
        before,
        "what is there when the store is opened again after {what} was saved"
    );
    Ok(context)
}

pub(super) async fn the_catalogue_outlives_the_process(context: Arc<TestContext>) -> Reopened {
    context.require_durability()?;
    context.catalogue()?;
    let context = saved(context, "the programme").await?;
    ensure!(Saved::read(&context).await?.sales.iter().all(Option::is_some), "the sales are not there");
    let venue = Venue { name: "Other".into(), ..context.programme.venue.clone() };
    let read = Saved::read(&context).await?.venue.map(|stored| stored.revision);
    context.catalogue()?.venues.save_venue(&venue, read).await?;
    let context = saved(context, "a venue").await?;
    let concert = Concert { title: "Other".into(), ..context.programme.concert.clone() };
    let read = Saved::read(&context).await?.concert.map(|stored| stored.revision);
    context.catalogue()?.concerts.save_concert(&concert, read).await?;
    let context = saved(context, "a concert").await?;
    let sale = Sale { limit_per_person: 7, ..context.wide.clone() };
    let read = Saved::read(&context).await?.sales.swap_remove(0).map(|stored| stored.revision);
    context.catalogue()?.sales.save_sale(&sale, read).await?;
    saved(context, "a sale").await
}

pub(super) async fn accounts_and_sessions_outlive_the_process(context: Arc<TestContext>) -> Reopened {
    context.require_durability()?;
    let user =
        testing::user().id(UserId::new(context.id())).email("kim@example.org".parse()?).role(Role::Operator).build();
    let credentials = Credentials { user, password_hash: "h".repeat(100) };
    context.accounts()?.accounts.add(&credentials, context.now()).await?;
    let context = context.reopen().await?;
    let found = context.accounts()?.accounts.by_email(&credentials.user.email).await?;
    ensure_eq!(found.as_ref(), Some(&credentials), "the account when the store is opened again");

    let (start, now) = (begins(&context, context.user(0), 1), context.now());
    context.accounts()?.sessions.start(&start).await?;
    let mut context = context.reopen().await?;
    for shown in 1..3 {
        let rotated = context.accounts()?.sessions.rotate(&rotation(shown, shown + 1, now)).await?;
        ensure!(matches!(rotated, Rotated::Issued(_)), "token {shown} when the store is opened again: {rotated:?}");
        context = context.reopen().await?;
    }
    let ended = context.accounts()?.sessions.end(start.session.user, Ending::All, now).await?;
    let context = context.reopen().await?;
    let refused = context.accounts()?.sessions.rotate(&rotation(3, 9, now)).await?;
    ensure_eq!(refused, Rotated::Refused, "the session that ended, when the store is opened again");
    let known = context.accounts()?.sessions.ended_since(now, now, 10).await?;
    ensure_eq!(known, ended, "what was ended, when the store is opened again");
    Ok(context)
}

pub(super) async fn leases_and_watermarks_outlive_the_process(context: Arc<TestContext>) -> Reopened {
    context.require_durability()?;
    let now = context.now();
    let lease = |n| ChoreLease { holder: Uuid::from_u128(n), until: now + ChoreLease::LONGEST };
    let chores = context.keeping()?.chores.clone();
    chores.set_watermark(Chore::ExpireHolds, now).await?;
    ensure!(chores.take(Chore::ExpireHolds, lease(1), now).await?, "nobody has it");
    drop(chores);
    let context = context.reopen().await?;
    let chores = context.keeping()?.chores.clone();
    ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, Some(now), "the watermark when the store is opened again");
    ensure!(!chores.take(Chore::ExpireHolds, lease(2), now).await?, "the lease when the store is opened again");
    drop(chores);
    Ok(context)
}

/// All that can be read of a queue.
#[derive(Debug, PartialEq)]
struct Seen {
    queue: Queue,
    open: usize,
    people: Vec<BuyerPresence>,
    figures: QueueFigures,
    log: Vec<Admitted>,
    actions: Vec<OperatorAction>,
}

impl Seen {
    async fn of(room: &Room) -> Result<Self, Failure> {
        let mut people = Vec::new();
        for n in 0..3 {
            people.push(room.store().whereabouts(room.key(n)).await?);
        }
        Ok(Self {
            queue: room.queue().await?,
            open: room.store().queues().await?.len(),
            people,
            figures: room.figures().await?,
            log: room.log(100).await?,
            actions: room.actions(100).await?,
        })
    }
}

async fn seen(room: Arc<Room>, what: &str) -> Result<Arc<Room>, Failure> {
    let before = Seen::of(&room).await?;
    let room = room.reopen().await?;
    ensure_eq!(Seen::of(&room).await?, before, "what is there when the store is opened again after {what}");
    Ok(room)
}

pub(super) async fn a_queue_outlives_the_process(context: Arc<TestContext>) -> Reopened {
    context.require_durability()?;
    let room = Room::new(&context, |settings| settings.capacity = 2).await?;
    drop(context);
    let room = seen(room, "a queue was opened").await?;
    for n in 0..3 {
        room.join(n, 0).await?;
    }
    let room = seen(room, "somebody joined").await?;
    room.tick().await?;
    let room = seen(room, "a tick called people").await?;
    room.all_come(0..3).await?;
    let room = seen(room, "somebody checked in").await?;
    ensure_eq!(room.tick().await?, [0, 1]);
    let room = seen(room, "a tick admitted people").await?;
    room.pick_up(0).await?;
    let room = seen(room, "somebody picked their admission up").await?;
    room.context.execute(room.leave(0)).await?;
    let room = seen(room, "somebody left").await?;
    room.context.execute(room.bar(1, true)).await?;
    let room = seen(room, "somebody was barred").await?;

    let note = |what: &str| OperatorAction {
        id: room.context.id(),
        by: room.context.user(1),
        at: room.context.now(),
        sale: room.sale.id,
        what: what.into(),
    };
    let update = QueueUpdate::Operator(QueueChange { message: Some("Soon.".into()), ..QueueChange::default() });
    room.store().update_queue(room.sale.id, &update, Some(note("message"))).await?;
    let alone = note("bar");
    let room = seen(room, "an operator changed the queue").await?;
    room.store().note(&alone).await?;
    let room = seen(room, "an operator's action was noted").await?;
    ensure_eq!(room.tick().await?, [2], "the queue goes on");
    let whose: Vec<_> =
        (0..3).map(|n| Ok((room.entry(n)?.number, room.key(n).user))).collect::<Result<_, Failure>>()?;
    let listed = room.instance(0).dispenser.entries(room.sale.id, Group::FIRST, 0, 100).await?;
    ensure_eq!(listed, whose, "who has which number when the dispenser is opened again");
    let context = Arc::clone(&room.context);
    drop(room);
    Ok(context)
}

pub(super) async fn numbers_outlive_the_process(context: Arc<TestContext>) -> Reopened {
    context.require_durability()?;
    let mut room = Room::new(&context, |_| {}).await?;
    drop(context);
    for n in 0..4 {
        let entry = room.join(n, 0).await?;
        room = room.reopen().await?;
        let join = Join { key: room.key(n), group: Group::FIRST, worthless: None, proved: None };
        ensure_eq!(
            room.ask_for_entry(join, n).await?,
            Joined { entry, is_new: false },
            "the queue entry of person {n} when the dispenser is opened again"
        );
    }
    let mut numbers: Vec<u64> = (0..4).map(|n| Ok(room.entry(n)?.number.get())).collect::<Result<_, Failure>>()?;
    numbers.dedup();
    ensure_eq!(numbers.len(), 4, "different numbers: {numbers:?}");
    ensure!(numbers.is_sorted(), "a number that is above those before: {numbers:?}");

    let sale = room.sale.id;
    if let Some(leases) = room.context.queues()?.leases.clone() {
        leases.extend(sale, 1, Group::FIRST, 0, 100).await?;
        let leased = leases.lease(sale).await?;
        drop(leases);
        room = room.reopen().await?;
        let leases =
            room.context.queues()?.leases.clone().ok_or_else(|| Failure::new("it leases no numbers any more"))?;
        ensure_eq!(leases.lease(sale).await?, leased, "what was leased, when the store is opened again");
        // Numbers that the database has handed out begin an epoch of their own when others are leased.
        let epoch = leased.ok_or_else(|| Failure::new("nothing was leased"))?.epoch;
        let next = leases.next_epoch(sale, epoch, 50).await?;
        ensure!(next.is_some(), "another epoch after {epoch}");
        drop(leases);
        room = room.reopen().await?;
        let leases =
            room.context.queues()?.leases.clone().ok_or_else(|| Failure::new("it leases no numbers any more"))?;
        ensure_eq!(leases.lease(sale).await?, next, "the next epoch, when the store is opened again");
    }
    let context = Arc::clone(&room.context);
    drop(room);
    Ok(context)
}
