//! A desk: a clerk or two, each with a connection and one transaction after another, each for all who wait in front of the
//! desk. Whoever asked may go away meanwhile: the desk does not notice.

use super::texts::LineTexts;
use crate::deadline;
use crate::sql::error::{RETRY_AFTER, fault, transient};
use crate::sql::store::attempt::{commit, roll_back};
use crate::sql::store::job::{Answered, Job};
use crate::sql::store::link::Link;
use crate::sql::store::session::Session;
use crate::sql::store::statement::{Failure, Statements};
use crate::sql::transaction::{Connection, Transaction};
use crate::sql::write::pause;
use crate::sql::{Class, Database, QUIET};
use frontrow_application::deadline::COMMAND;
use frontrow_application::port::{Clock, IdSource, StoreError};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What all desks work with.
pub(super) struct Works {
    pub database: Arc<Database>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub texts: LineTexts,
    #[cfg(feature = "hooks")]
    pub hook: Option<Arc<dyn crate::sql::store::hook::Hook>>,
}

impl Works {
    pub(super) fn new(
        database: &Arc<Database>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        texts: LineTexts,
    ) -> Self {
        Self {
            database: Arc::clone(database),
            clock,
            ids,
            texts,
            #[cfg(feature = "hooks")]
            hook: None,
        }
    }

    pub(super) fn statements(&self) -> Statements<'_> {
        Statements {
            texts: &self.texts.base,
            #[cfg(feature = "hooks")]
            hook: self.hook.as_deref(),
        }
    }
}

/// What a desk does.
pub(super) trait Work: Clone + Send + Sync + 'static {
    type Asked: Send + Sync + 'static;
    type Answer: Send + 'static;
    /// In metrics and the log.
    const NAME: &'static str;
    /// How many are served in one transaction.
    const MOST: usize;
    /// Transactions at a time, on a database server: while one is written, another can be prepared. `SQLite` has one writer.
    const CLERKS: usize = 1;

    /// One transaction for all of them, whole; an answer for each, in their order. May run several times.
    fn serve(
        &self,
        works: &Works,
        connection: &Connection,
        asked: &[Self::Asked],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Failure>> + Send;
}

/// Commits what was done, or undoes it.
pub(super) async fn end<T>(
    statements: &Statements<'_>,
    transaction: Transaction,
    done: Result<T, Failure>,
) -> Result<T, Failure> {
    match done {
        Ok(done) => commit(statements, transaction).await.map(|()| done),
        Err(failure) => Err(roll_back(transaction, failure).await),
    }
}

type Told<W> = Result<<W as Work>::Answer, StoreError>;

/// What is asked for, and who waits.
type Waiter<W> = Job<<W as Work>::Asked, Told<W>>;

/// In front of the desk.
pub(super) struct Desk<W: Work> {
    works: Arc<Works>,
    queue: RwLock<Option<mpsc::Sender<Waiter<W>>>>,
    clerks: Mutex<Vec<JoinHandle<()>>>,
}

/// So many wait at a desk; more are told to come back.
const QUEUE: usize = 8192;

impl<W: Work> Desk<W> {
    pub(super) async fn open(work: W, works: &Arc<Works>) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let receiver = Arc::new(Waiting::<W>::new(receiver));
        let mut clerks = Vec::new();
        for _ in 0..if works.database.is_server() { W::CLERKS } else { 1 } {
            // Boxed, lest the futures of all who open desks become deeper than the compiler likes.
            let link = Some(Box::pin(Link::connect(&works.database, works.ids.id())).await?);
            let clerk =
                Clerk { work: work.clone(), works: Arc::clone(works), link, lost: None, could_not_connect: false };
            clerks.push(tokio::spawn(clerk.run(Arc::clone(&receiver))));
        }
        Ok(Self { works: Arc::clone(works), queue: RwLock::new(Some(sender)), clerks: Mutex::new(clerks) })
    }

    /// Waits for the answer, but not for ever: what has not begun by then never does, and what has is found by whoever asks
    /// again.
    pub(super) async fn ask(&self, asked: W::Asked) -> Result<W::Answer, StoreError> {
        let begun = Instant::now();
        let (job, asked) = Job::new(asked);
        self.enqueue(job).ok_or(StoreError::Busy { retry_after: RETRY_AFTER })?;
        match asked.answer(deadline::until(COMMAND)).await {
            Answered::With(answer) => answer,
            Answered::NotBegun => Err(transient(self.works.database.late(W::NAME, begun))),
            Answered::Begun => {
                self.works.database.late(W::NAME, begun);
                Err(StoreError::Unknown)
            }
        }
    }

    fn enqueue(&self, job: Waiter<W>) -> Option<()> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref()?.try_send(job).ok()
    }

    pub(super) async fn drain(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        let clerks = std::mem::take(&mut *self.clerks.lock().unwrap_or_else(PoisonError::into_inner));
        for clerk in clerks {
            if let Err(error) = clerk.await {
                tracing::error!(work = W::NAME, %error, "a desk ended badly");
            }
        }
    }
}

/// Those who wait, for whichever clerk is free.
type Waiting<W> = tokio::sync::Mutex<mpsc::Receiver<Waiter<W>>>;

/// Behind the desk.
struct Clerk<W: Work> {
    work: W,
    works: Arc<Works>,
    link: Option<Link>,
    /// The session of a connection that is worth nothing any more, and that may still hold locks.
    lost: Option<Session>,
    /// Whether the last attempt failed before it began.
    could_not_connect: bool,
}

/// Transactions that one piece of work may take.
const ATTEMPTS: u32 = 4;

impl<W: Work> Clerk<W> {
    /// Works until the queue is closed and empty. What came while a transaction ran is in the next one, all of it.
    async fn run(mut self, queue: Arc<Waiting<W>>) {
        let mut jobs = Vec::with_capacity(W::MOST);
        loop {
            let next = async { queue.lock().await.recv_many(&mut jobs, W::MOST).await };
            match tokio::time::timeout(QUIET, next).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(_) => {
                    self.keep_alive().await;
                    continue;
                }
            }
            // Nothing has begun as long as there is no connection, so nobody has to doubt whether it has happened.
            if !self.is_connected().await {
                let away = transient(Class::Lost);
                for (_, answer) in jobs.drain(..).filter_map(Job::begin) {
                    drop(answer.send(Err(away.clone())));
                }
                continue;
            }
            let (asked, waiting): (Vec<_>, Vec<_>) = jobs.drain(..).filter_map(Job::begin).unzip();
            if asked.is_empty() {
                continue;
            }
            let begun = self.works.clock.now();
            let served = self.carry_out(&asked).await;
            let took = self.works.clock.now().since(begun);
            metrics::histogram!("frontrow_line_seconds", "work" => W::NAME).record(took.as_secs_f64());
            answer::<W>(waiting, served);
        }
        if let Some(link) = self.link {
            drop(link.connection.close().await);
        }
    }

    /// Whether there is a connection, made anew if need be.
    async fn is_connected(&mut self) -> bool {
        if self.link.is_some() {
            return true;
        }
        match self.connect().await {
            Ok(link) => {
                self.link = Some(link);
                true
            }
            Err(failure) => {
                tracing::warn!(work = W::NAME, %failure, "a desk could not reconnect");
                false
            }
        }
    }

    /// A server ends sessions in which nothing is said, and whatever stands between forgets them.
    async fn keep_alive(&mut self) {
        let Some(link) = self.link.as_ref().filter(|_| self.works.database.is_server()) else { return };
        if link.is_alive().await {
            self.works.database.hear();
        } else {
            self.hang_up();
        }
    }

    /// Tries until there is an answer. All of it may be repeated: what was done already is found, and answered again.
    async fn carry_out(&mut self, asked: &[W::Asked]) -> Result<Vec<W::Answer>, StoreError> {
        let (mut last, mut unknown) = (None, false);
        for number in 0..ATTEMPTS {
            if number > 0 {
                pause(number, &*self.works.ids).await;
            }
            let failure = match self.attempt(asked).await {
                Ok(answers) => {
                    self.works.database.hear();
                    return Ok(answers);
                }
                Err(failure) => failure,
            };
            metrics::counter!("frontrow_retries_total", "cause" => failure.name()).increment(1);
            self.works.database.storage().note(failure.class());
            unknown |= matches!(failure, Failure::Commit(_));
            if failure.needs_new_connection() {
                self.hang_up();
            }
            // Where no connection can be made now, those who wait are told, and the next who come try again.
            let hopeless =
                matches!(&failure, Failure::Bug(_) | Failure::Database { class: Class::Other | Class::Full, .. })
                    || self.could_not_connect;
            last = Some(failure);
            if hopeless {
                break;
            }
        }
        Err(self.give_up(last.as_ref(), unknown))
    }

    async fn attempt(&mut self, asked: &[W::Asked]) -> Result<Vec<W::Answer>, Failure> {
        if self.link.as_ref().is_some_and(|link| !link.is_usable()) {
            self.hang_up();
        }
        let link = if let Some(link) = self.link.take() {
            link
        } else {
            let connected = self.connect().await;
            self.could_not_connect = connected.is_err();
            connected?
        };
        let link = self.link.insert(link);
        let serve = self.work.serve(&self.works, &link.connection, asked);
        if !self.works.database.is_server() {
            return serve.await;
        }
        // What was cut off is never used again: the desk reconnects.
        let silent = |_| Failure::Commit("no answer".into());
        tokio::time::timeout(self.works.database.silence(), serve).await.map_err(silent).flatten()
    }

    /// A new connection; what went on over the old one has ended, or soon will.
    async fn connect(&mut self) -> Result<Link, Failure> {
        let lost = |error: StoreError| Failure::Database { class: Class::Lost, cause: error.to_string() };
        let link = Link::connect(&self.works.database, self.works.ids.id()).await.map_err(lost)?;
        if let Some(old) = self.lost.take() {
            // What it may still commit is found and answered again, or is a tick like any other instance's.
            let ended = tokio::time::timeout(self.works.database.silence(), old.end(&link.connection)).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::warn!(?ended, "an old session could not be ended: its locks last until the database notices");
            }
        }
        Ok(link)
    }

    fn hang_up(&mut self) {
        if let Some(link) = self.link.take() {
            self.lost = Some(link.cut());
        }
    }

    fn give_up(&self, last: Option<&Failure>, unknown: bool) -> StoreError {
        let cause = last.map(ToString::to_string).unwrap_or_default();
        if unknown {
            tracing::error!(work = W::NAME, cause, "a commit's outcome could not be found out");
            return StoreError::Unknown;
        }
        if let Some(Failure::Bug(_) | Failure::Database { class: Class::Other | Class::Duplicate, .. }) = last {
            return fault(&*self.works.ids, W::NAME, &cause);
        }
        tracing::warn!(work = W::NAME, cause, "gave up for now");
        match last {
            Some(Failure::Database { class, .. }) => transient(*class),
            _ => transient(Class::Retry),
        }
    }
}

/// Who asked may have gone.
fn answer<W: Work>(waiting: Vec<oneshot::Sender<Told<W>>>, served: Result<Vec<W::Answer>, StoreError>) {
    match served {
        Ok(answers) => {
            for (waiting, answer) in waiting.into_iter().zip(answers) {
                drop(waiting.send(Ok(answer)));
            }
        }
        Err(error) => {
            for waiting in waiting {
                drop(waiting.send(Err(error.clone())));
            }
        }
    }
}
