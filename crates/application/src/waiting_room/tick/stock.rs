//! What a queue's sale has left to sell.

use super::TickQueues;
use crate::ShowAvailability;
use crate::port::StoreError;
use frontrow_domain::waiting_room::{PerformanceStock, Stock};
use frontrow_domain::{Action, Sale};
use futures_util::future::join_all;

impl TickQueues {
    /// Not known where another instance ticks, nor while seats can't be read: a queue goes on all the same. One that is
    /// over nobody ticks, so every instance looks whether it goes on.
    pub(super) async fn stock(&self, sale: &Sale) -> Stock {
        let seats = if self.is_over(sale.id) {
            &self.browsed_seats
        } else if self.cache.ticked_here().contains(&sale.id) {
            &self.seats
        } else {
            return Stock::Unknown;
        };
        self.count(sale, seats).await.unwrap_or(Stock::Unknown)
    }

    async fn count(&self, sale: &Sale, seats: &ShowAvailability) -> Result<Stock, StoreError> {
        let found = join_all(sale.performances.iter().map(|id| seats.find(*id))).await;
        let now = self.clock.now();
        let mut performances = Vec::with_capacity(found.len());
        for of in found {
            performances.extend(of?.map(|of| PerformanceStock {
                bookable: sale.check_action(&of.on_sale.performance, Action::Hold, now),
                left: of.available().into(),
                any_held: of.seats.any_held,
            }));
        }
        Ok(Stock::of(performances))
    }
}
