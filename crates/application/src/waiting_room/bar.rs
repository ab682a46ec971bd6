//! Keeping people out of a sale.

use super::operate::action;
use crate::port::{AccountRepository, BookingStore, Clock, IdSource, QueueStore};
use crate::{ActingOperator, Error, Missing};
use frontrow_domain::{Bar, BuyerKey, Command, Operation};
use std::sync::Arc;

/// Keeps people out of a sale, and lets them in again.
pub struct BarBuyer {
    /// Knows the queues, and notes who did what.
    pub store: Arc<dyn QueueStore>,
    /// Carries it out.
    pub bookings: Arc<dyn BookingStore>,
    /// Knows who there is.
    pub accounts: Arc<dyn AccountRepository>,
    /// Makes the id of the noted action.
    pub ids: Arc<dyn IdSource>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

impl BarBuyer {
    /// Keeps somebody out of a sale, or lets them in again. An unknown user is not found, and can't be barred; but a
    /// bar that is there can always be lifted.
    pub async fn run(&self, by: ActingOperator, buyer: BuyerKey, barred: bool) -> Result<(), Error> {
        self.store.queue(buyer.sale).await?.ok_or(Error::NotFound(Missing::Queue))?;
        if self.accounts.user(buyer.user).await?.is_none() && (barred || !self.is_barred(buyer).await?) {
            return Err(Error::NotFound(Missing::User));
        }
        self.bookings.execute(Command::unkeyed(Operation::Bar(Bar { buyer, barred }))).await?;
        let what = format!("{} {}", if barred { "bar" } else { "unbar" }, buyer.user);
        Ok(self.store.note(&action(by, buyer.sale, what, &*self.ids, &*self.clock)).await?)
    }

    async fn is_barred(&self, buyer: BuyerKey) -> Result<bool, Error> {
        Ok(self.store.whereabouts(buyer).await?.buyer.is_some_and(|buyer| buyer.barred))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{
        BookingError, BuyerPresence, MockAccountRepository, MockBookingStore, MockQueueStore, OperatorAction,
    };
    use crate::testing::{at, buyer, clock, ids, operator, queue, sale, user};
    use frontrow_domain::{Buyer, Outcome, Rejection, Role, User};
    use uuid::Uuid;

    const NOW: i64 = 100;

    /// There is user 1, and nobody else.
    fn bar(store: MockQueueStore, bookings: MockBookingStore) -> BarBuyer {
        let kim =
            User { id: user(1), email: "kim@example.com".parse().unwrap(), name: "Kim".into(), role: Role::Customer };
        let mut accounts = MockAccountRepository::new();
        accounts.expect_user().returning(move |id| Ok(Some(kim.clone()).filter(|kim| kim.id == id)));
        BarBuyer {
            accounts: Arc::new(accounts),
            store: Arc::new(store),
            bookings: Arc::new(bookings),
            ids: ids(),
            clock: clock(NOW),
        }
    }

    /// A store with the queue of sale 0.
    fn store() -> MockQueueStore {
        let mut store = MockQueueStore::new();
        store.expect_queue().returning(|id| Ok(Some(queue()).filter(|queue| queue.sale == id)));
        store
    }

    /// By operator 9.
    fn noted(what: &str) -> OperatorAction {
        OperatorAction { id: Uuid::from_u128(1), by: user(9), at: at(NOW), sale: sale(0).id, what: what.to_owned() }
    }

    #[tokio::test]
    async fn a_sale_without_a_queue_bars_nobody() {
        let buyer = BuyerKey { sale: sale(1).id, user: user(1) };
        let refused = bar(store(), MockBookingStore::new()).run(operator(9), buyer, true).await;
        assert_eq!(refused, Err(Error::NotFound(Missing::Queue)));
    }

    #[tokio::test]
    async fn somebody_is_kept_out_or_let_in_again_and_that_is_noted() {
        for (barred, word) in [(true, "bar"), (false, "unbar")] {
            let mut bookings = MockBookingStore::new();
            bookings
                .expect_execute()
                .withf(move |command| *command == Command::unkeyed(Operation::Bar(Bar { buyer: buyer(1).key, barred })))
                .times(1)
                .returning(|_| Ok(Outcome::Left(buyer(1).key)));
            let mut store = store();
            let noted = noted(&format!("{word} {}", user(1)));
            store.expect_note().withf(move |action| *action == noted).times(1).returning(|_| Ok(()));
            assert_eq!(bar(store, bookings).run(operator(9), buyer(1).key, barred).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn who_does_not_exist_is_not_found_but_a_bar_on_them_is_lifted() {
        let key = buyer(7).key;
        for (barred, is_barred) in [(true, true), (true, false), (false, false)] {
            let mut store = store();
            let row = Buyer { barred: is_barred, ..Buyer::next(key, None) };
            store.expect_whereabouts().returning(move |_| Ok(BuyerPresence { buyer: Some(row), check_in: None }));
            let refused = bar(store, MockBookingStore::new()).run(operator(9), key, barred).await;
            assert_eq!(refused, Err(Error::NotFound(Missing::User)), "{barred} {is_barred}");
        }
        let (mut store, mut bookings) = (store(), MockBookingStore::new());
        let row = Buyer { barred: true, ..Buyer::next(key, None) };
        store.expect_whereabouts().returning(move |_| Ok(BuyerPresence { buyer: Some(row), check_in: None }));
        store.expect_note().times(1).returning(|_| Ok(()));
        bookings.expect_execute().times(1).return_once(move |_| Ok(Outcome::Left(key)));
        assert_eq!(bar(store, bookings).run(operator(9), key, false).await, Ok(()));
    }

    #[tokio::test]
    async fn what_was_not_done_is_not_noted() {
        let mut bookings = MockBookingStore::new();
        bookings.expect_execute().return_once(|_| Err(BookingError::Rejected(Rejection::NotAdmitted)));
        let refused = bar(store(), bookings).run(operator(9), buyer(1).key, true).await;
        assert_eq!(refused, Err(Rejection::NotAdmitted.into()));
    }
}
