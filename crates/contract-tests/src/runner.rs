//! Runs cases, each in a world of its own.

use crate::cases::{Case, Run, cases};
use crate::context::TestContext;
use crate::progress::Progress;
use crate::{Failure, Part, World};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// The results of the cases, by name.
#[derive(Debug, Default)]
pub struct Report {
    /// The store: [`World::name`].
    pub store: String,
    /// These passed.
    pub passed: Vec<&'static str>,
    /// These were skipped because the world lacks that part.
    pub skipped: Vec<(&'static str, Part)>,
    /// These failed, with the reason: the store, the seed, the step that the case had reached, and the line.
    pub failed: Vec<(&'static str, String)>,
}

impl Report {
    /// An error that names every case that failed, and every case that was skipped because of a part that isn't in
    /// `may_be_missing`.
    pub fn require(&self, may_be_missing: &[Part]) -> Result<(), Failure> {
        let failed = self.failed.iter().map(|(name, text)| format!("{name} failed {text}"));
        let skipped = self.skipped.iter().filter(|(_, part)| !may_be_missing.contains(part));
        let skipped = skipped.map(|(name, part)| format!("{name} was skipped on {} for want of {part:?}", self.store));
        let lines: Vec<String> = failed.chain(skipped).collect();
        if lines.is_empty() { Ok(()) } else { Err(Failure::new(format!("\n{}", lines.join("\n")))) }
    }

    /// The skipped cases, by the part that is missing.
    fn untried(&self) -> BTreeMap<String, Vec<&'static str>> {
        let mut untried: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for (name, part) in &self.skipped {
            untried.entry(format!("{part:?}")).or_default().push(name);
        }
        untried
    }
}

/// How many passed and failed, and which were skipped.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} cases passed, {} failed", self.store, self.passed.len(), self.failed.len())?;
        for (part, names) in self.untried() {
            write!(f, "\nSKIPPED on {} for want of {part}: {}", self.store, names.join(", "))?;
        }
        Ok(())
    }
}

/// A case that takes longer is stuck.
const STANDSTILL: Duration = Duration::from_mins(2);
/// Threads of the suite's own runtime. Racers need at least two.
const THREADS: usize = 4;

/// The names of all cases.
pub fn case_names() -> impl Iterator<Item = &'static str> {
    cases().map(|case| case.name)
}

/// Runs every case.
pub async fn run_all(world: Arc<dyn World>) -> Report {
    run_some(world, |_| true).await
}

/// Runs the cases with these names, on a runtime of its own with several threads: on a caller's runtime with one thread,
/// races would prove nothing. Skipped cases are also named on standard error.
pub async fn run_some(world: Arc<dyn World>, wanted: impl Fn(&str) -> bool) -> Report {
    let wanted: Vec<&'static Case> = cases().filter(|case| wanted(case.name)).collect();
    let store = world.name();
    let (answer, report) = oneshot::channel();
    std::thread::spawn(move || {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
        let report = runtime.map(|runtime| runtime.block_on(run_cases(world, wanted)));
        // The caller may be gone.
        drop(answer.send(report.map_err(|error| error.to_string())));
    });
    let report = report.await.unwrap_or_else(|_| Err("the suite's thread broke off".into()));
    let report =
        report.unwrap_or_else(|error| Report { failed: vec![("the suite", error)], store, ..Report::default() });
    if !report.skipped.is_empty() {
        // Written directly, because a test harness would capture `eprintln!`.
        drop(writeln!(std::io::stderr(), "{report}"));
    }
    report
}

async fn run_cases(world: Arc<dyn World>, cases: Vec<&'static Case>) -> Report {
    let mut report = Report { store: world.name(), ..Report::default() };
    for case in cases {
        let progress = Arc::new(Progress::default());
        // In its own task, so that a panic in the implementation is a failure like any other.
        let task = tokio::spawn(run(Arc::clone(&world), case, Arc::clone(&progress)));
        let ended = task.await.unwrap_or_else(|error| Err(Failure::new(error.to_string())));
        match ended {
            Ok(()) => report.passed.push(case.name),
            Err(failure) => {
                if let Some(part) = failure.lacking() {
                    report.skipped.push((case.name, part));
                } else {
                    let circumstances = format!("on {} (seed {}, {})", world.name(), world.seed(), progress.so_far());
                    report.failed.push((case.name, failure.within(&circumstances).to_string()));
                }
            }
        }
    }
    report
}

async fn run(world: Arc<dyn World>, case: &'static Case, progress: Arc<Progress>) -> Result<(), Failure> {
    let context = TestContext::new(&*world, progress).await?;
    let running = async {
        match case.run {
            Run::Once(run) => run(Arc::clone(&context)).await.map(|()| context),
            Run::Reopening(run) => run(context).await,
        }
    };
    let ended = tokio::time::timeout(STANDSTILL, running).await;
    let context = ended.unwrap_or_else(|_| Err(Failure::new(format!("a standstill: no end within {STANDSTILL:?}"))))?;
    context.audit().await?;
    context.check_announcements().await
}
