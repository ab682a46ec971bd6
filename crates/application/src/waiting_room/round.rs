//! What an operator does about the round of a draw.

use crate::port::{LineStore, OperatorAction, StoreError};
use frontrow_domain::waiting_room::{Digest, DrawRefusal, Drawing, Line, LineUpdate};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Why the draw is as it was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DrawError {
    /// There is no such line.
    #[error("the sale has no waiting room, or is not published")]
    NoLine,
    /// The line's draw does not take it.
    #[error(transparent)]
    Refused(#[from] DrawRefusal),
    /// The store can't do it now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Names the round of public randomness that a draw waits for, and enters its value.
pub struct DecideDraw {
    /// Keeps the lines.
    pub store: Arc<dyn LineStore>,
    /// SHA-256.
    pub digest: Digest,
}

/// When to try again where somebody else was faster.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl DecideDraw {
    /// Names the round, before it is fixed who takes part. Nothing is done if it has been named already.
    pub async fn name_round(&self, action: OperatorAction, round: &str) -> Result<Line, DrawError> {
        self.put(action, |line| line.name_round(round)).await
    }

    /// Enters what the round came to, once the digests of the lists are published: it decides. Nothing is done if it has
    /// decided already.
    pub async fn enter_value(&self, action: OperatorAction, value: &str) -> Result<Line, DrawError> {
        self.put(action, |line| line.enter_value(self.digest, value)).await
    }

    async fn put(
        &self,
        action: OperatorAction,
        step: impl Fn(&Line) -> Result<Drawing, DrawRefusal> + Send + Sync,
    ) -> Result<Line, DrawError> {
        let sale = action.sale;
        let line = self.store.line(sale).await?.ok_or(DrawError::NoLine)?;
        let drawing = step(&line)?;
        if line.draw.as_ref() == Some(&drawing) {
            return Ok(line);
        }
        let updated = self.store.update_line(sale, &LineUpdate::Draw(drawing), Some(action)).await?;
        let Some(Ok(line)) = updated else { return Err(DrawError::NoLine) };
        // The line opened meanwhile, or another operator was faster: it says why that was not taken.
        let drawing = step(&line)?;
        let taken = line.draw.as_ref() == Some(&drawing);
        taken.then_some(line).ok_or(DrawError::Store(StoreError::Busy { retry_after: RETRY_AFTER }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::MockLineStore;
    use crate::testing::{at, digest, drawing, line, line_drawn_by, sale, user};
    use frontrow_domain::waiting_room::{Phase, seed};
    use uuid::Uuid;

    /// In sale 0 unless it says otherwise.
    fn action() -> OperatorAction {
        OperatorAction {
            id: Uuid::nil(),
            by: user(9),
            at: at(100),
            sale: sale(0).id,
            what: "a step of the draw".into(),
        }
    }

    const VALUE: &str = "00112233445566778899aabbccddeeff";

    /// The lobby of a sale whose draw has no round yet.
    fn lobby() -> Line {
        let drawing = Drawing { round: None, ..drawing() };
        Line { phase: Phase::Lobby, gathered: false, ..line_drawn_by(drawing) }
    }

    fn listed() -> Line {
        line_drawn_by(Drawing { lists: Some(vec![[1; 32]; 2]), ..drawing() })
    }

    /// A store that has that line when it is read, and that one when it is updated.
    fn decide(read: Line, then: Option<Line>) -> DecideDraw {
        let mut store = MockLineStore::new();
        store.expect_line().withf(|id| *id == sale(0).id).return_once(move |_| Ok(Some(read)));
        if let Some(then) = then {
            store
                .expect_update_line()
                .withf(|id, _, noted| *id == sale(0).id && *noted == Some(action()))
                .times(1)
                .return_once(move |_, update, _| Ok(Some(then.update(update))));
        }
        DecideDraw { store: Arc::new(store), digest }
    }

    #[tokio::test]
    async fn a_round_is_named_and_its_value_decides() {
        let named = decide(lobby(), Some(lobby())).name_round(action(), "round 7").await.unwrap();
        assert_eq!(named.draw, Some(drawing()));
        let decided = decide(listed(), Some(listed())).enter_value(action(), VALUE).await.unwrap();
        let decides = seed(digest, &[3; 32], VALUE, &[3, 0], &[[1; 32]; 2]);
        assert_eq!(decided.draw.and_then(|draw| draw.seed), Some(decides));
    }

    #[tokio::test]
    async fn what_is_known_already_is_not_written_again() {
        assert_eq!(decide(listed(), None).name_round(action(), "round 7").await, Ok(listed()));
        let decided = decide(listed(), Some(listed())).enter_value(action(), VALUE).await.unwrap();
        assert_eq!(decide(decided.clone(), None).enter_value(action(), VALUE).await, Ok(decided));
    }

    #[tokio::test]
    async fn what_is_refused_is_not_written() {
        let refused = decide(listed(), None).name_round(action(), "round 8").await;
        assert_eq!(refused, Err(DrawRefusal::OtherRound("round 7".into()).into()));
        let refused = decide(lobby(), None).enter_value(action(), VALUE).await;
        assert_eq!(refused, Err(DrawRefusal::NoRound.into()));
        assert_eq!(decide(line(), None).name_round(action(), "round 8").await, Err(DrawRefusal::NotByLot.into()));
    }

    #[tokio::test]
    async fn who_was_too_slow_hears_why() {
        let opened = Line { gathered: true, ..lobby() };
        let refused = decide(lobby(), Some(opened)).name_round(action(), "round 8").await;
        assert_eq!(refused, Err(DrawRefusal::TooLate.into()));
        let other = VALUE.replace('0', "1");
        let theirs = decide(listed(), Some(listed())).enter_value(action(), &other).await.unwrap();
        let refused = decide(listed(), Some(theirs)).enter_value(action(), VALUE).await;
        assert_eq!(refused, Err(DrawRefusal::OtherValue(other).into()));
    }

    #[tokio::test]
    async fn a_sale_without_a_line_has_no_draw() {
        let mut store = MockLineStore::new();
        store.expect_line().return_once(|_| Ok(None));
        let decide = DecideDraw { store: Arc::new(store), digest };
        assert_eq!(
            decide.name_round(OperatorAction { sale: sale(1).id, ..action() }, "round 7").await,
            Err(DrawError::NoLine)
        );
    }
}
