//! A queue follows its sale, ends by itself and goes on by itself, and is forgotten after a month.

use crate::Failure;
use crate::context::TestContext;
use crate::room::{Room, patiently};
use frontrow_application::port::{Revision, StoreError, TickOrder, TickReport};
use frontrow_domain::waiting_room::{Ending, Phase, Queue, SaleDates, Stock};
use frontrow_domain::{Sale, SaleId, Version};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A tick that sees this stock, a second later than the last one.
async fn tick_with(room: &Room, stock: Stock) -> Result<TickReport, Failure> {
    room.context.later(SECOND);
    let order = TickOrder { stock, ..room.order().await? };
    let ticked = patiently(|| room.store().tick(&order)).await?;
    ticked.ok_or_else(|| Failure::new("nobody else ticks"))
}

/// The sale of the room, as it is stored.
async fn saved(room: &Room) -> Result<(Sale, Revision), Failure> {
    let sales = &room.context.catalogue()?.sales;
    let stored = sales.sale(room.sale.id).await?;
    let stored = stored.ok_or_else(|| Failure::new("the sale is part of the programme"))?;
    Ok((stored.value, stored.revision))
}

async fn is_live(room: &Room, n: usize) -> Result<bool, Failure> {
    let store = &room.instance(n).store;
    let (live, over) = (store.queues().await?, store.over_queues().await?);
    let has = |queues: &[Queue]| queues.iter().any(|queue| queue.sale == room.sale.id);
    ensure!(has(&live) != has(&over), "it is in one list");
    Ok(has(&live))
}

pub(super) async fn a_queue_that_closed_by_itself_goes_on_by_itself(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 6, |settings| settings.capacity = 2).await?;
    room.all_come([3, 2, 1, 0]).await?;
    ensure_eq!(tick_with(&room, Stock::SoldOut).await?.queue.phase, Phase::Open, "one tick may have seen a moment");
    ensure_eq!(tick_with(&room, Stock::Unknown).await?.queue.phase, Phase::Open);
    let closed = tick_with(&room, Stock::SoldOut).await?.queue;
    ensure_eq!((closed.phase, closed.ending), (Phase::Closed, Some(Ending::SoldOut)));
    ensure_eq!(closed.closed_since, Some(context.now()));
    ensure_eq!(room.instance(1).store.queue(room.sale.id).await?, Some(closed.clone()), "all of it is kept");
    ensure_eq!(is_live(&room, 1).await?, false);
    ensure!(closed.goes_on(Stock::Left(2), context.now()), "{closed:?}");

    room.all_come([3, 2, 1, 0]).await?;
    let report = tick_with(&room, Stock::Left(2)).await?;
    ensure_eq!((report.queue.phase, report.queue.ending), (Phase::Open, None));
    ensure_eq!(report.admitted, [room.key(0), room.key(1)], "they have kept their places");
    ensure_eq!(is_live(&room, 1).await?, true);

    room.phase(Phase::Closed).await?;
    for n in 0..2 {
        context.execute(room.leave(n)).await?;
    }
    room.all_come([3, 2]).await?;
    let report = tick_with(&room, Stock::Left(2)).await?;
    ensure_eq!((report.queue.phase, report.admitted), (Phase::Closed, Vec::new()), "an operator closed it");
    ensure_eq!(is_live(&room, 0).await?, false);
    Ok(())
}

pub(super) async fn a_queue_follows_the_dates_of_its_sale(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 2, |_| {}).await?;
    let sales = &context.catalogue()?.sales;
    let (sale, revision) = saved(&room).await?;
    let before = room.queue().await?;
    sales.save_sale(&Sale { name: "Another name".into(), ..sale.clone() }, Some(revision)).await?;
    ensure_eq!(room.queue().await?, before, "its dates are the same");

    context.later(SECOND);
    let ended = Sale { closes: context.now(), ..sale.clone() };
    ensure_eq!(sales.save_sale(&ended, Some(revision)).await, Err(StoreError::Stale));
    ensure_eq!(room.queue().await?, before, "it was not saved");
    let (_, revision) = saved(&room).await?;
    sales.save_sale(&ended, Some(revision)).await?;
    let queue = room.queue().await?;
    ensure_eq!((queue.dates, queue.phase), (Some(SaleDates::of(&ended)), Phase::Closed));
    ensure!(queue.message.is_some() && queue.version > before.version, "{queue:?}");
    ensure_eq!(is_live(&room, 1).await?, false);

    let (_, revision) = saved(&room).await?;
    let later = Sale { closes: context.now() + SECOND * 100, ..sale };
    sales.save_sale(&later, Some(revision)).await?;
    ensure_eq!(room.queue().await?.phase, Phase::Open);
    ensure_eq!(is_live(&room, 1).await?, true, "it is ticked again");
    room.all_come([1, 0]).await?;
    ensure_eq!(room.tick().await?, [0, 1]);
    Ok(())
}

/// A sale of its own that is not public yet.
async fn hidden(context: &TestContext) -> Result<(Sale, Queue), Failure> {
    let sale = Sale { id: SaleId::new(context.id()), published: false, ..context.gated.clone() };
    context.catalogue()?.sales.save_sale(&sale, None).await?;
    let room = sale.waiting_room.clone().ok_or_else(|| Failure::new("the sale has one"))?;
    let queue = Queue::new(&sale, &room, [7; 32], context.now());
    Ok((sale, queue))
}

pub(super) async fn a_sale_and_its_queue_become_public_together(context: Arc<TestContext>) -> Result<(), Failure> {
    let (sales, queues) = (&context.catalogue()?.sales, &context.queues()?.instances[0].store);
    let (sale, queue) = hidden(&context).await?;
    let public = Sale { published: true, ..sale.clone() };
    let refused = sales.save_with_queue(&public, Revision(2), &queue).await;
    ensure_eq!(refused, Err(StoreError::Stale));
    ensure_eq!(queues.queue(sale.id).await?, None, "nothing of it was done");
    ensure_eq!(sales.sale(sale.id).await?.map(|stored| stored.value), Some(sale.clone()));

    // The operator changes the waiting room, and tries again.
    let other = Queue { capacity: queue.capacity + 1, ..queue };
    sales.save_with_queue(&public, Revision(1), &other).await?;
    ensure_eq!(queues.queue(sale.id).await?, Some(other));
    ensure_eq!(sales.sale(sale.id).await?.map(|stored| stored.value), Some(public));
    Ok(())
}

pub(super) async fn a_queue_from_before_the_publication_is_replaced(context: Arc<TestContext>) -> Result<(), Failure> {
    let (sales, queues) = (&context.catalogue()?.sales, &context.queues()?.instances[0].store);
    let (sale, queue) = hidden(&context).await?;
    queues.open_queue(&queue).await?;
    let other = Queue { capacity: queue.capacity + 1, ..queue.clone() };
    let racing = (0..4).map(|_| {
        let (sales, public, other) = (Arc::clone(sales), Sale { published: true, ..sale.clone() }, other.clone());
        async move { Ok(sales.save_with_queue(&public, Revision(1), &other).await) }
    });
    let mut published = 0;
    for answer in context.together(racing).await? {
        match answer {
            Ok(()) => published += 1,
            Err(error) => ensure_eq!(error, StoreError::Stale),
        }
    }
    ensure_eq!(published, 1, "publications");
    let version = Version::new(queue.version.get() + 1);
    ensure_eq!(queues.queue(sale.id).await?, Some(Queue { version, ..other }));
    Ok(())
}

pub(super) async fn a_queue_is_forgotten_after_a_month(context: Arc<TestContext>) -> Result<(), Failure> {
    let room = Room::open(&context, 5, |_| {}).await?;
    room.all_come([0, 1]).await?;
    room.phase(Phase::Closed).await?;
    let (store, sale) = (room.store(), room.sale.id);
    ensure_eq!(store.over_queues().await?.len(), 1);
    let forgotten = async |at| patiently(|| store.forget_queue(sale, at)).await;
    let month = room.queue().await?.closed_since.ok_or_else(|| Failure::new("it is closed"))? + Queue::REMEMBERED;
    ensure_eq!(forgotten(month - Duration::from_micros(1)).await?, false);
    ensure_eq!(store.over_queues().await?.len(), 1, "it is shown");
    let mut steps = 0;
    while !forgotten(month).await? {
        steps += 1;
        ensure!(steps < 10, "it takes too many steps");
    }
    ensure_eq!((store.over_queues().await?, store.queues().await?), (Vec::new(), Vec::new()));
    ensure_eq!(store.whereabouts(room.key(0)).await?.check_in, None);
    ensure_eq!(room.queue().await?.phase, Phase::Closed, "the books have it");
    context.audit().await
}
