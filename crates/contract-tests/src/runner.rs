//! Runs cases, each in a world of its own.

use crate::cases::{CASES, Case};
use crate::stage::Stage;
use crate::{Failure, Part, World};
use std::sync::Arc;
use std::time::Duration;

/// What came of the cases, by name.
#[derive(Debug, Default)]
pub struct Report {
    /// These passed.
    pub passed: Vec<&'static str>,
    /// These could not be tried without that part.
    pub skipped: Vec<(&'static str, Part)>,
    /// These failed, and how.
    pub failed: Vec<(&'static str, String)>,
}

impl Report {
    /// An error that names every case that failed, and every one that was skipped for want of a part that is not among
    /// those that may be missing.
    pub fn require(&self, may_be_missing: &[Part]) -> Result<(), Failure> {
        let failed = self.failed.iter().map(|(name, text)| format!("{name} failed: {text}"));
        let skipped = self.skipped.iter().filter(|(_, part)| !may_be_missing.contains(part));
        let skipped = skipped.map(|(name, part)| format!("{name} was skipped for want of {part:?}"));
        let lines: Vec<String> = failed.chain(skipped).collect();
        if lines.is_empty() { Ok(()) } else { Err(Failure::new(format!("\n{}", lines.join("\n")))) }
    }
}

/// A case that takes longer has come to a standstill.
const STANDSTILL: Duration = Duration::from_mins(2);

/// The names of all cases.
pub fn case_names() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|case| case.name)
}

/// Runs every case.
pub async fn run_all(world: Arc<dyn World>) -> Report {
    run_some(world, |_| true).await
}

/// Runs the cases whose names are wanted.
pub async fn run_some(world: Arc<dyn World>, wanted: impl Fn(&str) -> bool) -> Report {
    let mut report = Report::default();
    for case in CASES.iter().filter(|case| wanted(case.name)) {
        // In a task of its own, so that a panic of the implementation is a failure like any other.
        let task = tokio::spawn(run(Arc::clone(&world), case));
        let ended = task.await.unwrap_or_else(|error| Err(Failure::new(error.to_string())));
        match ended {
            Ok(()) => report.passed.push(case.name),
            Err(failure) => match failure.lacking() {
                Some(part) => report.skipped.push((case.name, part)),
                None => report.failed.push((case.name, failure.to_string())),
            },
        }
    }
    report
}

async fn run(world: Arc<dyn World>, case: &'static Case) -> Result<(), Failure> {
    let stage = Stage::set(&*world).await?;
    let ended = tokio::time::timeout(STANDSTILL, (case.run)(Arc::clone(&stage))).await;
    ended.unwrap_or_else(|_| Err(Failure::new(format!("a standstill: no end within {STANDSTILL:?}"))))?;
    stage.audit().await
}
