//! What was answered is there when the store is opened again: after every kind of write, at once.

use crate::room::Room;
use crate::snapshot::Snapshot;
use crate::stage::{Stage, charged, held};
use crate::{CataloguePorts, Failure};
use frontrow_application::Chore;
use frontrow_application::port::{
    BuyerPresence, ChoreLease, Credentials, Join, Joined, OperatorAction, QueueFigures, Rotated, Stored, StoredSeatMap,
};
use frontrow_domain::waiting_room::{Admitted, Group, Queue, QueueChange, QueueUpdate};
use frontrow_domain::{
    Command, Concert, IdempotencyRecord, Outcome, Performance, RefreshToken, Role, Sale, SessionId, UserId, Venue,
    testing,
};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How many people's belongings are looked at.
const PEOPLE: usize = 2;

type Reopened = Result<Arc<Stage>, Failure>;

/// Carries a command out and opens the store again at once: all is there, and the command is known by its key.
async fn kept(stage: Arc<Stage>, command: Command) -> Result<(Arc<Stage>, Outcome), Failure> {
    let name = command.operation.name();
    let outcome = stage.execute(command.clone()).await?;
    let before = (Snapshot::take(&stage, PEOPLE).await?, done(&stage, &command).await?);
    ensure!(before.1.is_some() || command.key.is_none(), "a {name} is not noted under its key");
    let stage = stage.reopen().await?;
    let after = (Snapshot::take(&stage, PEOPLE).await?, done(&stage, &command).await?);
    ensure_eq!(after, before, "what is there when the store is opened again after a {name}");
    if command.key.is_some() {
        let again = stage.execute(command).await;
        ensure_eq!(again, Ok(outcome.clone()), "the same {name} when the store is opened again");
    }
    Ok((stage, outcome))
}

async fn done(stage: &Stage, command: &Command) -> Result<Option<IdempotencyRecord>, Failure> {
    let Some(key) = &command.key else { return Ok(None) };
    Ok(stage.fixture.booking.done.done(key).await?)
}

pub(super) async fn a_booking_outlives_the_process(stage: Arc<Stage>) -> Reopened {
    stage.require_durability()?;
    let kim = stage.user(0);
    stage.fund(kim, 50_000).await?;
    let hold = stage.hold(kim, &[1, 2])?;
    let (stage, outcome) = kept(stage, hold).await?;
    let reservation = held(Ok(outcome))?;
    let pay = stage.pay(&reservation)?;
    let (stage, _) = kept(stage, pay).await?;
    let cancel = stage.cancel(&reservation)?;
    let (stage, _) = kept(stage, cancel).await?;

    let best = stage.hold_best(kim, &[vec![5, 6]], false)?;
    let (stage, outcome) = kept(stage, best).await?;
    let release = stage.release(&held(Ok(outcome))?)?;
    let (stage, _) = kept(stage, release).await?;
    let paid = stage.paid(stage.user(1), &[7]).await?;
    let refund = stage.refund(&paid)?;
    let (stage, _) = kept(stage, refund).await?;
    let lapsed = stage.held(kim, &[8]).await?;
    stage.set_now(lapsed.held_until);
    let (stage, _) = kept(stage, Stage::expire(&lapsed)).await?;
    Ok(stage)
}

pub(super) async fn a_charge_outlives_the_process(stage: Arc<Stage>) -> Reopened {
    stage.require_durability()?;
    let mut stage = stage;
    for accepted in [true, false] {
        let charge = stage.charge(stage.user(0), 5000)?;
        let (reopened, outcome) = kept(stage, charge).await?;
        let settle = reopened.settle(&charged(Ok(outcome))?, accepted);
        (stage, _) = kept(reopened, settle).await?;
    }
    ensure_eq!(stage.balance(stage.user(0)).await?, 5000);
    Ok(stage)
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
    async fn read(stage: &Stage) -> Result<Self, Failure> {
        let CataloguePorts { venues, concerts, performances, sales, .. } = stage.catalogue()?;
        let programme = &stage.programme;
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

async fn saved(stage: Arc<Stage>, what: &str) -> Reopened {
    let before = Saved::read(&stage).await?;
    let stage = stage.reopen().await?;
    ensure_eq!(
        Saved::read(&stage).await?,
        before,
        "what is there when the store is opened again after {what} was saved"
    );
    Ok(stage)
}

pub(super) async fn the_catalogue_outlives_the_process(stage: Arc<Stage>) -> Reopened {
    stage.require_durability()?;
    stage.catalogue()?;
    let stage = saved(stage, "the programme").await?;
    ensure!(Saved::read(&stage).await?.sales.iter().all(Option::is_some), "the sales are not there");
    let venue = Venue { name: "Other".into(), ..stage.programme.venue.clone() };
    let read = Saved::read(&stage).await?.venue.map(|stored| stored.revision);
    stage.catalogue()?.venues.save_venue(&venue, read).await?;
    let stage = saved(stage, "a venue").await?;
    let concert = Concert { title: "Other".into(), ..stage.programme.concert.clone() };
    let read = Saved::read(&stage).await?.concert.map(|stored| stored.revision);
    stage.catalogue()?.concerts.save_concert(&concert, read).await?;
    let stage = saved(stage, "a concert").await?;
    let sale = Sale { limit_per_person: 7, ..stage.wide.clone() };
    let read = Saved::read(&stage).await?.sales.swap_remove(0).map(|stored| stored.revision);
    stage.catalogue()?.sales.save_sale(&sale, read).await?;
    saved(stage, "a sale").await
}

pub(super) async fn accounts_and_sessions_outlive_the_process(stage: Arc<Stage>) -> Reopened {
    stage.require_durability()?;
    let user =
        testing::user().id(UserId::new(stage.id())).email("kim@example.org".parse()?).role(Role::Operator).build();
    let credentials = Credentials { user, password_hash: "h".repeat(100) };
    stage.accounts()?.accounts.add(&credentials, stage.now()).await?;
    let stage = stage.reopen().await?;
    let found = stage.accounts()?.accounts.by_email(&credentials.user.email).await?;
    ensure_eq!(found.as_ref(), Some(&credentials), "the account when the store is opened again");

    let (session, now) = (SessionId::new(stage.id()), stage.now());
    let expires = now + Duration::from_hours(24);
    let token = RefreshToken { hash: [1; 32], session, user: stage.user(0), expires, replaced: None };
    stage.accounts()?.sessions.start(&token).await?;
    let mut stage = stage.reopen().await?;
    for shown in 1..3 {
        let rotated = stage.accounts()?.sessions.rotate([shown; 32], [shown + 1; 32], expires, now).await?;
        ensure!(matches!(rotated, Rotated::Issued(_)), "token {shown} when the store is opened again: {rotated:?}");
        stage = stage.reopen().await?;
    }
    stage.accounts()?.sessions.end(session).await?;
    let stage = stage.reopen().await?;
    let ended = stage.accounts()?.sessions.rotate([3; 32], [9; 32], expires, now).await?;
    ensure_eq!(ended, Rotated::Refused, "the session that ended, when the store is opened again");
    Ok(stage)
}

pub(super) async fn leases_and_watermarks_outlive_the_process(stage: Arc<Stage>) -> Reopened {
    stage.require_durability()?;
    let now = stage.now();
    let lease = |n| ChoreLease { holder: Uuid::from_u128(n), until: now + ChoreLease::LONGEST };
    let chores = stage.keeping()?.chores.clone();
    chores.set_watermark(Chore::ExpireHolds, now).await?;
    ensure!(chores.take(Chore::ExpireHolds, lease(1), now).await?, "nobody has it");
    drop(chores);
    let stage = stage.reopen().await?;
    let chores = stage.keeping()?.chores.clone();
    ensure_eq!(chores.watermark(Chore::ExpireHolds).await?, Some(now), "the watermark when the store is opened again");
    ensure!(!chores.take(Chore::ExpireHolds, lease(2), now).await?, "the lease when the store is opened again");
    drop(chores);
    Ok(stage)
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

pub(super) async fn a_queue_outlives_the_process(stage: Arc<Stage>) -> Reopened {
    stage.require_durability()?;
    let room = Room::new(&stage, |settings| settings.capacity = 2).await?;
    drop(stage);
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
    room.stage.execute(room.leave(0)).await?;
    let room = seen(room, "somebody left").await?;
    room.stage.execute(room.bar(1, true)).await?;
    let room = seen(room, "somebody was barred").await?;

    let note = |what: &str| OperatorAction {
        id: room.stage.id(),
        by: room.stage.user(1),
        at: room.stage.now(),
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
    let stage = Arc::clone(&room.stage);
    drop(room);
    Ok(stage)
}

pub(super) async fn numbers_outlive_the_process(stage: Arc<Stage>) -> Reopened {
    stage.require_durability()?;
    let mut room = Room::new(&stage, |_| {}).await?;
    drop(stage);
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
    if let Some(leases) = room.stage.queues()?.leases.clone() {
        leases.extend(sale, 1, Group::FIRST, 0, 100).await?;
        let leased = leases.lease(sale).await?;
        drop(leases);
        room = room.reopen().await?;
        let leases =
            room.stage.queues()?.leases.clone().ok_or_else(|| Failure::new("it leases no numbers any more"))?;
        ensure_eq!(leases.lease(sale).await?, leased, "what was leased, when the store is opened again");
        // Numbers that the database has handed out begin an epoch of their own when others are leased.
        let epoch = leased.ok_or_else(|| Failure::new("nothing was leased"))?.epoch;
        let next = leases.next_epoch(sale, epoch, 50).await?;
        ensure!(next.is_some(), "another epoch after {epoch}");
        drop(leases);
        room = room.reopen().await?;
        let leases =
            room.stage.queues()?.leases.clone().ok_or_else(|| Failure::new("it leases no numbers any more"))?;
        ensure_eq!(leases.lease(sale).await?, next, "the next epoch, when the store is opened again");
    }
    let stage = Arc::clone(&room.stage);
    drop(room);
    Ok(stage)
}
