//! The law that two stores are one: the same commands, ids and instants have the same outcomes.

use crate::context::{Answer, TestContext};
use crate::progress::Progress;
use crate::script::{PEOPLE, Script};
use crate::snapshot::Snapshot;
use crate::{Failure, World};
use frontrow_application::port::BookingError;
use frontrow_domain::Instant;
use std::sync::Arc;

/// Runs that many random commands on both worlds, the same for the same seed, and fails at the first one that does not
/// end the same; then compares all that can be read, and audits both. Failures name the seed.
pub async fn same_outcomes(left: &dyn World, right: &dyn World, seed: u64, steps: u32) -> Result<(), Failure> {
    let mut both = Both {
        left: TestContext::new(left, Arc::<Progress>::default()).await?,
        right: TestContext::new(right, Arc::<Progress>::default()).await?,
        script: Script::new(seed),
    };
    let names = format!("{} and {}", left.name(), right.name());
    for step in 0..steps {
        both.step().await.map_err(|failure| failure.within(&format!("seed {seed}, step {step}, {names}")))?;
    }
    both.compare().await.map_err(|failure| failure.within(&format!("seed {seed}, after {steps} steps, {names}")))
}

struct Both {
    left: Arc<TestContext>,
    right: Arc<TestContext>,
    script: Script,
}

impl Both {
    async fn step(&mut self) -> Result<(), Failure> {
        if self.script.dice.roll(8) == 0 {
            let now = self.script.time_after(self.left.now());
            self.set_now(now);
        }
        let Some(command) = self.script.command(&self.left)? else { return Ok(()) };
        let (left, right) = (self.left.execute(command.clone()).await, self.right.execute(command.clone()).await);
        ensure!(comparable(&left) && comparable(&right), "{command:?} ends with {left:?} and {right:?}");
        ensure_eq!(right, left, "{command:?}");
        self.script.did(command);
        if let Ok(outcome) = &left {
            self.script.saw(outcome);
        }
        Ok(())
    }

    fn set_now(&self, now: Instant) {
        self.left.set_now(now);
        self.right.set_now(now);
    }

    async fn compare(&self) -> Result<(), Failure> {
        let (left, right) = (Snapshot::take(&self.left, PEOPLE).await?, Snapshot::take(&self.right, PEOPLE).await?);
        ensure_eq!(right, left);
        // Before that, what was taken over would look like taken from its holder.
        self.set_now(self.script.latest);
        for context in [&self.left, &self.right] {
            context.audit().await?;
            context.check_announcements().await?;
        }
        if self.left.fixture.announces && self.right.fixture.announces {
            ensure_eq!(self.right.announcements.heard(), self.left.announcements.heard(), "announcements");
        }
        Ok(())
    }
}

/// Anything but an outcome or a refusal is no answer that could be compared.
fn comparable(answer: &Answer) -> bool {
    matches!(answer, Ok(_) | Err(BookingError::Rejected(_) | BookingError::Replan))
}
