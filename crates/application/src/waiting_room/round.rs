//! The round of public randomness that decides a draw: operators name it, and enter its value.

use super::operate::action;
use crate::ActingOperator;
use crate::Outage;
use crate::port::{Clock, IdSource, OperatorAction, QueueStore, StoreError};
use frontrow_domain::SaleId;
use frontrow_domain::waiting_room::{Digest, DrawRefusal, DrawState, Queue, QueueUpdate};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DrawError {
    /// There is no such queue.
    #[error("the sale has no waiting room, or is not published")]
    NoQueue,
    /// The queue's draw does not take it.
    #[error(transparent)]
    Refused(#[from] DrawRefusal),
    /// The store can't do it now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Names the round of public randomness that a draw waits for, and enters its value.
pub struct DecideDraw {
    /// Keeps the queues.
    pub store: Arc<dyn QueueStore>,
    /// SHA-256.
    pub digest: Digest,
    /// Makes the ids of noted actions.
    pub ids: Arc<dyn IdSource>,
    /// Gives the instant that the rules decide by.
    pub clock: Arc<dyn Clock>,
}

/// When to try again if others kept changing the queue.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl DecideDraw {
    /// Names the round, before it is fixed who takes part. Nothing is done if it has been named already.
    pub async fn name_round(&self, by: ActingOperator, sale: SaleId, round: &str) -> Result<Queue, DrawError> {
        let action = action(by, sale, format!("draw round {round}"), &*self.ids, &*self.clock);
        self.put(action, |queue| queue.name_round(round)).await
    }

    /// Enters what the round came to, once the digests of the lists are published: it decides. Nothing is done if it has
    /// decided already.
    pub async fn enter_value(&self, by: ActingOperator, sale: SaleId, value: &str) -> Result<Queue, DrawError> {
        let action = action(by, sale, format!("draw value {value}"), &*self.ids, &*self.clock);
        self.put(action, |queue| queue.enter_value(self.digest, value)).await
    }

    async fn put(
        &self,
        action: OperatorAction,
        step: impl Fn(&Queue) -> Result<DrawState, DrawRefusal> + Send + Sync,
    ) -> Result<Queue, DrawError> {
        let sale = action.sale;
        let queue = self.store.queue(sale).await?.ok_or(DrawError::NoQueue)?;
        let drawing = step(&queue)?;
        if queue.draw.as_ref() == Some(&drawing) {
            return Ok(queue);
        }
        let updated = self.store.update_queue(sale, &QueueUpdate::Draw(drawing), Some(action)).await?;
        let Some(Ok(queue)) = updated else { return Err(DrawError::NoQueue) };
        // If the queue has opened meanwhile, or another operator was faster, the queue itself says why it refuses.
        let drawing = step(&queue)?;
        let taken = queue.draw.as_ref() == Some(&drawing);
        taken.then_some(queue).ok_or(DrawError::Store(StoreError::Outage(Outage::Busy { retry_after: RETRY_AFTER })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::MockQueueStore;
    use crate::testing::{at, clock, digest, drawing, ids, operator, queue, queue_drawn_by, sale, user};
    use frontrow_domain::waiting_room::{Phase, seed};
    use uuid::Uuid;

    /// By operator 9, in sale 0.
    fn noted(what: &str) -> OperatorAction {
        OperatorAction { id: Uuid::from_u128(1), by: user(9), at: at(100), sale: sale(0).id, what: what.to_owned() }
    }

    const VALUE: &str = "00112233445566778899aabbccddeeff";

    /// The lobby of a sale whose draw has no round yet.
    fn lobby() -> Queue {
        let drawing = DrawState { round: None, ..drawing() };
        Queue { phase: Phase::Lobby, gathered: false, ..queue_drawn_by(drawing) }
    }

    fn listed() -> Queue {
        queue_drawn_by(DrawState { lists: Some(vec![[1; 32]; 2]), ..drawing() })
    }

    /// Either step, as it is noted.
    fn is_noted(action: Option<&OperatorAction>) -> bool {
        let Some(action) = action else { return false };
        let steps = ["draw round round 7", "draw round round 8"].map(noted);
        steps.contains(action) || (action.what.starts_with("draw value ") && *action == noted(&action.what))
    }

    /// A store that has that queue when it is read, and that one when it is updated.
    fn decide(read: Queue, then: Option<Queue>) -> DecideDraw {
        let mut store = MockQueueStore::new();
        store.expect_queue().withf(|id| *id == sale(0).id).return_once(move |_| Ok(Some(read)));
        if let Some(then) = then {
            store
                .expect_update_queue()
                .withf(|id, _, noted| *id == sale(0).id && is_noted(noted.as_ref()))
                .times(1)
                .return_once(move |_, update, _| Ok(Some(then.update(update))));
        }
        DecideDraw { store: Arc::new(store), digest, ids: ids(), clock: clock(100) }
    }

    #[tokio::test]
    async fn a_round_is_named_and_its_value_decides() {
        let named = decide(lobby(), Some(lobby())).name_round(operator(9), sale(0).id, "round 7").await.unwrap();
        assert_eq!(named.draw, Some(drawing()));
        let decided = decide(listed(), Some(listed())).enter_value(operator(9), sale(0).id, VALUE).await.unwrap();
        let decides = seed(digest, &[3; 32], VALUE, &[3, 0], &[[1; 32]; 2]);
        assert_eq!(decided.draw.and_then(|draw| draw.seed), Some(decides));
    }

    #[tokio::test]
    async fn what_is_known_already_is_not_written_again() {
        assert_eq!(decide(listed(), None).name_round(operator(9), sale(0).id, "round 7").await, Ok(listed()));
        let decided = decide(listed(), Some(listed())).enter_value(operator(9), sale(0).id, VALUE).await.unwrap();
        assert_eq!(decide(decided.clone(), None).enter_value(operator(9), sale(0).id, VALUE).await, Ok(decided));
    }

    #[tokio::test]
    async fn what_is_refused_is_not_written() {
        let refused = decide(listed(), None).name_round(operator(9), sale(0).id, "round 8").await;
        assert_eq!(refused, Err(DrawRefusal::OtherRound("round 7".into()).into()));
        let refused = decide(lobby(), None).enter_value(operator(9), sale(0).id, VALUE).await;
        assert_eq!(refused, Err(DrawRefusal::NoRound.into()));
        assert_eq!(
            decide(queue(), None).name_round(operator(9), sale(0).id, "round 8").await,
            Err(DrawRefusal::NotByLot.into())
        );
    }

    #[tokio::test]
    async fn who_was_too_slow_hears_why() {
        let opened = Queue { gathered: true, ..lobby() };
        let refused = decide(lobby(), Some(opened)).name_round(operator(9), sale(0).id, "round 8").await;
        assert_eq!(refused, Err(DrawRefusal::TooLate.into()));
        let other = VALUE.replace('0', "1");
        let theirs = decide(listed(), Some(listed())).enter_value(operator(9), sale(0).id, &other).await.unwrap();
        let refused = decide(listed(), Some(theirs)).enter_value(operator(9), sale(0).id, VALUE).await;
        assert_eq!(refused, Err(DrawRefusal::OtherValue(other).into()));
    }

    #[tokio::test]
    async fn a_sale_without_a_queue_has_no_draw() {
        let mut store = MockQueueStore::new();
        store.expect_queue().return_once(|_| Ok(None));
        let decide = DecideDraw { store: Arc::new(store), digest, ids: ids(), clock: clock(100) };
        assert_eq!(decide.name_round(operator(9), sale(1).id, "round 7").await, Err(DrawError::NoQueue));
    }
}
