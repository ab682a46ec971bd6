//! Sales.

use super::{Saved, found, has_to_be_saved};
use crate::port::{Clock, IdSource, OnSaleReader, PerformanceRepository, Revision, SaleRepository, Stored};
use crate::{ActingOperator, Conflict, Error, Missing};
use frontrow_domain::waiting_room::Queue;
use frontrow_domain::{Invalid, PerformanceStatus, Sale, SaleId, Violation};
use std::sync::Arc;

/// Puts and publishes sales.
pub struct ManageSales {
    /// Keeps them.
    pub sales: Arc<dyn SaleRepository>,
    /// Finds the performances that they sell.
    pub performances: Arc<dyn PerformanceRepository>,
    /// Knows which other sales sell the same.
    pub on_sale: Arc<dyn OnSaleReader>,
    /// Whether sales may have waiting rooms.
    pub waiting_rooms: bool,
    /// Makes the secret of a draw.
    pub ids: Arc<dyn IdSource>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl ManageSales {
    /// The sale as it was put, and whether it is public.
    pub async fn read(&self, _by: ActingOperator, id: SaleId) -> Result<Stored<Sale>, Error> {
        found(self.sales.sale(id).await?, Missing::Sale)
    }

    /// Adds a sale, or replaces the one that was read at that revision. Whether it is public stays what it is (a new one is
    /// not); once it is, performances can be added to it, not taken away, and its waiting room stays: an operator changes the
    /// queue instead, which follows the sale's dates by itself. What has to be confirmed when it is published has to be when
    /// that is changed later.
    pub async fn put(
        &self,
        _by: ActingOperator,
        sale: &Sale,
        read: Option<Revision>,
        confirmed: bool,
    ) -> Result<Saved, Error> {
        sale.check()?;
        if sale.waiting_room.is_some() && !self.waiting_rooms {
            return Err(no_waiting_rooms());
        }
        let stored = self.sales.sale(sale.id).await?;
        let published = stored.as_ref().is_some_and(|stored| stored.value.published);
        let sale = Sale { published, ..sale.clone().normalized() };
        let has_to_be_saved = has_to_be_saved(stored.as_ref(), &sale, read)?;
        let public = stored.as_ref().map(|stored| &stored.value).filter(|known| known.published);
        let stays = |known: &Sale| {
            sale.performances.is_superset(&known.performances) && sale.waiting_room == known.waiting_room
        };
        if public.is_some_and(|known| !stays(known)) {
            return Err(Conflict::SalePublic.into());
        }
        self.check_performances(&sale).await?;
        let sells_the_same = |known: &Sale| {
            let what = |sale: &Sale| (sale.performances.clone(), sale.opens, sale.closes);
            what(known) == what(&sale)
        };
        if public.is_some_and(|known| !sells_the_same(known)) {
            self.confirm(&sale, confirmed).await?;
        }
        if has_to_be_saved {
            self.sales.save_sale(&sale, read).await?;
        }
        Ok(Saved::over(stored.as_ref()))
    }

    /// Shows the sale to buyers; its performances have to be public. That one of them is sold with and without a waiting
    /// room at the same time has to be confirmed.
    pub async fn publish(&self, _by: ActingOperator, id: SaleId, confirmed: bool) -> Result<Sale, Error> {
        let Stored { value, revision } = self.sales.sale(id).await?.ok_or(Error::NotFound(Missing::Sale))?;
        if value.published {
            return Ok(value);
        }
        let sale = Sale { published: true, ..value };
        self.check_performances(&sale).await?;
        self.confirm(&sale, confirmed).await?;
        match &sale.waiting_room {
            Some(_) if !self.waiting_rooms => return Err(no_waiting_rooms()),
            Some(room) => {
                let queue = Queue::new(&sale, room, self.ids.secret(), self.clock.now());
                self.sales.save_with_queue(&sale, revision, &queue).await?;
            }
            None => self.sales.save_sale(&sale, Some(revision)).await?,
        }
        Ok(sale)
    }

    /// Whether it is confirmed, or need not be, that one of the sale's performances is sold with and without a waiting room
    /// at the same time.
    async fn confirm(&self, sale: &Sale, confirmed: bool) -> Result<(), Error> {
        if !confirmed && self.is_open_besides(sale).await? {
            return Err(Conflict::OpenBesides.into());
        }
        Ok(())
    }

    async fn is_open_besides(&self, sale: &Sale) -> Result<bool, Error> {
        for performance in &sale.performances {
            let Some(on_sale) = self.on_sale.on_sale(*performance).await? else { continue };
            let besides = on_sale.sales.iter().any(|other| {
                let overlaps = other.opens < sale.closes && sale.opens < other.closes;
                other.id != sale.id && overlaps && other.waiting_room.is_some() != sale.waiting_room.is_some()
            });
            if besides {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn check_performances(&self, sale: &Sale) -> Result<(), Error> {
        let mut performances = Vec::with_capacity(sale.performances.len());
        for id in &sale.performances {
            let stored = self.performances.performance(*id).await?.ok_or(Error::NotFound(Missing::Performance))?;
            if sale.published && stored.value.status == PerformanceStatus::Draft {
                return Err(Conflict::PerformanceNotPublic.into());
            }
            performances.push(stored.value);
        }
        Ok(sale.check_closes(&performances)?)
    }
}

fn no_waiting_rooms() -> Error {
    let detail = "left out: there are no waiting rooms here".into();
    Invalid(vec![Violation { pointer: "/waiting_room".into(), code: "unsupported", detail }]).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{MockPerformanceRepository, MockSaleRepository, OnSale, StoreError};
    use crate::testing::{at, clock, ids, on_sale, operator, performance, reads, room, sale, sale_with_room};
    use frontrow_domain::{Performance, PerformanceId};
    use std::collections::BTreeSet;
    use std::time::Duration;
    use uuid::Uuid;

    /// What [`manage`] has stored.
    const READ: Option<Revision> = Some(Revision(1));

    fn manage(stored: Sale, status: PerformanceStatus) -> ManageSales {
        let (mut sales, mut performances) = (MockSaleRepository::new(), MockPerformanceRepository::new());
        let stored = Stored { value: stored, revision: Revision(1) };
        sales.expect_sale().returning(move |_| Ok(Some(stored.clone())));
        sales.expect_save_sale().returning(|_, _| Ok(()));
        sales.expect_save_with_queue().returning(|_, _, _| Ok(()));
        let value = Performance { status, ..performance() };
        let found = Stored { value, revision: Revision(1) };
        performances.expect_performance().returning(move |_| Ok(Some(found.clone())));
        ManageSales {
            sales: Arc::new(sales),
            performances: Arc::new(performances),
            on_sale: reads(on_sale()),
            waiting_rooms: true,
            ids: ids(),
            clock: clock(0),
        }
    }

    #[tokio::test]
    async fn a_public_sale_keeps_its_performances() {
        let other = PerformanceId::new(Uuid::from_u128(77));
        let more = Sale { performances: sale(0).performances.into_iter().chain([other]).collect(), ..sale(0) };
        let less = Sale { performances: BTreeSet::from([other]), ..sale(0) };
        let manage = manage(sale(0), PerformanceStatus::Published);
        assert_eq!(manage.put(operator(9), &more, READ, false).await, Ok(Saved::Replaced));
        assert_eq!(manage.put(operator(9), &less, READ, false).await, Err(Conflict::SalePublic.into()));
    }

    #[tokio::test]
    async fn a_sale_closes_before_its_last_performance_is_over_for_buyers() {
        let closing = |closes| Sale { closes, pay_until: closes, published: false, ..sale(0) };
        let begins = performance().starts_at;
        let late = closing(begins + Duration::from_micros(1));
        assert_eq!(
            manage(late.clone(), PerformanceStatus::Published).put(operator(9), &closing(begins), READ, false).await,
            Ok(Saved::Replaced)
        );
        let here = manage(late.clone(), PerformanceStatus::Published);
        for refused in [
            here.put(operator(9), &late, READ, false).await.err(),
            here.publish(operator(9), late.id, false).await.err(),
        ] {
            let Some(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
            assert_eq!(flaws[0].pointer, "/closes");
            assert!(flaws[0].detail.contains("sold_until"), "{flaws:?}");
        }
        for status in [PerformanceStatus::Postponed, PerformanceStatus::Cancelled] {
            assert_eq!(
                manage(late.clone(), status).put(operator(9), &late, READ, false).await,
                Ok(Saved::Replaced),
                "{status:?}"
            );
        }
    }

    #[tokio::test]
    async fn performances_are_published_before_their_sale() {
        let hidden = Sale { published: false, ..sale(0) };
        let refused = manage(hidden.clone(), PerformanceStatus::Draft).publish(operator(9), hidden.id, false).await;
        assert_eq!(refused, Err(Conflict::PerformanceNotPublic.into()));
        assert!(
            manage(hidden.clone(), PerformanceStatus::Published)
                .publish(operator(9), hidden.id, false)
                .await
                .unwrap()
                .published
        );
    }

    /// Sale 1, with a waiting room and not public, besides these.
    fn manage_besides(sales: Vec<Sale>) -> ManageSales {
        let hidden = Sale { published: false, ..sale_with_room(1) };
        let on_sale = reads(OnSale { sales, ..on_sale() });
        ManageSales { on_sale, ..manage(hidden, PerformanceStatus::Published) }
    }

    #[tokio::test]
    async fn a_sale_and_its_queue_become_public_together() {
        for answer in [Ok(()), Err(StoreError::Stale)] {
            let mut sales = MockSaleRepository::new();
            let hidden = Sale { published: false, ..sale_with_room(1) };
            let stored = Stored { value: hidden, revision: Revision(4) };
            sales.expect_sale().return_once(move |_| Ok(Some(stored)));
            let saved = answer.clone();
            sales
                .expect_save_with_queue()
                .withf(|sale, read, queue| {
                    let opened = Queue::new(&sale_with_room(1), &room(), [0xab; 32], at(0));
                    *sale == sale_with_room(1) && *read == Revision(4) && *queue == opened
                })
                .times(1)
                .return_once(move |_, _, _| saved);
            let manage = ManageSales { sales: Arc::new(sales), ..manage_besides(vec![]) };
            let published = manage.publish(operator(9), sale(1).id, false).await;
            assert_eq!(published, answer.map(|()| sale_with_room(1)).map_err(Error::from));
        }
    }

    #[tokio::test]
    async fn that_a_performance_is_sold_besides_the_waiting_room_has_to_be_confirmed() {
        let publish = async |besides: Sale, confirmed| {
            manage_besides(vec![besides]).publish(operator(9), sale(1).id, confirmed).await
        };
        assert_eq!(publish(sale(0), false).await, Err(Conflict::OpenBesides.into()));
        assert!(publish(sale(0), true).await.is_ok());
        let before = Sale { closes: sale(1).opens, ..sale(0) };
        for harmless in [sale_with_room(0), before, sale(1)] {
            assert!(publish(harmless, false).await.is_ok());
        }
        // The other way round too.
        let hidden = Sale { published: false, ..sale(1) };
        let queued = reads(OnSale { sales: vec![sale_with_room(0)], ..on_sale() });
        let besides = ManageSales { on_sale: queued, ..manage(hidden, PerformanceStatus::Published) };
        assert_eq!(besides.publish(operator(9), sale(1).id, false).await, Err(Conflict::OpenBesides.into()));
        assert!(besides.publish(operator(9), sale(1).id, true).await.is_ok());
    }

    #[tokio::test]
    async fn what_has_to_be_confirmed_at_the_publication_has_to_be_at_every_edit() {
        let more = |n| sale(n).performances.into_iter().chain([PerformanceId::new(Uuid::from_u128(77))]).collect();
        let later = |sale: Sale| Sale { opens: sale.opens + Duration::from_micros(1), ..sale };
        let earlier = |sale: Sale| Sale { closes: sale.closes - Duration::from_micros(1), ..sale };
        // A public sale without a waiting room besides one that has it, and the other way round.
        for (known, other) in [(sale(1), sale_with_room(0)), (sale_with_room(1), sale(0))] {
            let besides = |sales| {
                let on_sale = reads(OnSale { sales, ..on_sale() });
                ManageSales { on_sale, ..manage(known.clone(), PerformanceStatus::Published) }
            };
            let wider = Sale { performances: more(1), ..known.clone() };
            for edited in [wider, later(known.clone()), earlier(known.clone())] {
                let manage = besides(vec![other.clone()]);
                let refused = manage.put(operator(9), &edited, READ, false).await;
                assert_eq!(refused, Err(Conflict::OpenBesides.into()));
                assert_eq!(manage.put(operator(9), &edited, READ, true).await, Ok(Saved::Replaced));
                let alone = besides(vec![]).put(operator(9), &edited, READ, false).await;
                assert_eq!(alone, Ok(Saved::Replaced));
            }
            let renamed = Sale { name: "Another name".into(), ..known.clone() };
            let kept = besides(vec![other]).put(operator(9), &renamed, READ, false).await;
            assert_eq!(kept, Ok(Saved::Replaced), "it was confirmed before");
        }
    }

    #[tokio::test]
    async fn where_there_are_no_waiting_rooms_no_sale_has_one() {
        let without = || ManageSales { waiting_rooms: false, ..manage(sale(0), PerformanceStatus::Published) };
        let refused = without().put(operator(9), &sale_with_room(0), READ, false).await;
        let Err(Error::Invalid(Invalid(flaws))) = refused else { panic!("{refused:?}") };
        assert_eq!(flaws[0].pointer, "/waiting_room");
        assert_eq!(without().put(operator(9), &sale(0), READ, false).await, Ok(Saved::Replaced));
    }

    #[tokio::test]
    async fn a_public_sale_keeps_its_waiting_room() {
        let manage = manage(sale_with_room(0), PerformanceStatus::Published);
        assert_eq!(manage.put(operator(9), &sale_with_room(0), READ, false).await, Ok(Saved::Replaced));
        assert_eq!(manage.put(operator(9), &sale(0), READ, false).await, Err(Conflict::SalePublic.into()));
    }
}
