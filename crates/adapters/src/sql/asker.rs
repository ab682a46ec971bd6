//! Whoever waits for a transaction may give up until it is about to be committed. So "nothing has happened" is true when
//! they are told so.

use super::write::Refusal;
use std::sync::atomic::{AtomicU8, Ordering};

/// Somebody who waits for a transaction.
#[derive(Default)]
pub(super) struct Asker(AtomicU8);

const WAITS: u8 = 0;
/// The transaction is being committed.
const COMMITS: u8 = 1;
const HAS_GIVEN_UP: u8 = 2;

impl Asker {
    /// Gives up; true if the transaction will not be committed.
    pub(super) fn gives_up(&self) -> bool {
        self.moves(WAITS, HAS_GIVEN_UP)
    }

    /// Does the work, for a transaction that is committed right after. `Stale` if nobody waits for it any more: then it must
    /// not be committed.
    pub(super) async fn served_by<T>(&self, work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        // An earlier attempt may have failed at its commit: then they may give up again.
        self.moves(COMMITS, WAITS);
        if self.0.load(Ordering::SeqCst) == HAS_GIVEN_UP {
            return Err(Refusal::Stale);
        }
        let done = work.await?;
        if self.moves(WAITS, COMMITS) { Ok(done) } else { Err(Refusal::Stale) }
    }

    fn moves(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::future::ready;

    fn serve(asker: &Asker) -> Option<u8> {
        asker.served_by(ready(Ok(7))).now_or_never().unwrap().ok()
    }

    #[test]
    fn who_gives_up_first_is_not_served_and_who_is_served_first_can_not_give_up() {
        let asker = Asker::default();
        assert!(asker.gives_up() && !asker.gives_up());
        assert_eq!(serve(&asker), None);
        let asker = Asker::default();
        assert_eq!((serve(&asker), asker.gives_up()), (Some(7), false));
    }

    #[test]
    fn while_work_goes_on_after_a_commit_that_failed_it_can_be_given_up() {
        let asker = Asker::default();
        assert_eq!(serve(&asker), Some(7));
        let again = asker.served_by(async { if asker.gives_up() { Ok(8) } else { Err(Refusal::Stale) } });
        assert!(again.now_or_never().unwrap().is_err());
        assert_eq!(serve(&asker), None);
    }
}
