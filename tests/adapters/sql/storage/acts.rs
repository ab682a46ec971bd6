//! Every kind of write there is, by its name.

use crate::queues::room::{Room, join, key};
use crate::setup::{concert, performance, sale, seat_map, venue};
use crate::store::context::{TestContext, at, user};
use crate::store::testbed::Testbed;
use async_trait::async_trait;
use frontrow_adapters::sql::hook::{CommitFault, Hook};
use frontrow_adapters::sql::{
    SqlAccounts, SqlCatalogue, SqlChores, SqlCodes, SqlHousekeeping, SqlOutbox, SqlQueues, SqlSessions,
};
use frontrow_application::port::*;
use frontrow_application::{Chore, Outage};
use frontrow_domain::waiting_room::{Group, Queue, QueueChange, QueueUpdate};
use frontrow_domain::*;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// Lets COMMITs fail, and files be full.
#[derive(Default)]
pub struct Trouble {
    commits: Mutex<Option<(CommitFault, usize)>>,
    /// 0: as many as there are.
    pages: AtomicU32,
    /// Nobody writes but those who are told to.
    quiet: AtomicBool,
}

impl Trouble {
    /// The next so many COMMITs fail.
    pub fn fail_commits(&self, fault: CommitFault, times: usize) {
        *self.commits.lock().unwrap() = Some((fault, times));
    }

    /// Whether nobody writes but those who are told to: else a fault may strike somebody else.
    pub fn quiet(&self, quiet: bool) {
        self.quiet.store(quiet, Ordering::SeqCst);
    }

    /// How many of them have not been tried.
    pub fn commits_left(&self) -> usize {
        self.commits.lock().unwrap().map_or(0, |(_, left)| left)
    }

    pub fn no_more_pages(&self) {
        self.pages.store(1, Ordering::SeqCst);
    }

    pub fn pages_as_needed(&self) {
        self.pages.store(1_000_000, Ordering::SeqCst);
    }
}

#[async_trait]
impl Hook for Trouble {
    fn fails_commit(&self) -> Option<CommitFault> {
        let mut commits = self.commits.lock().unwrap();
        let (fault, left) = commits.as_mut().filter(|(_, left)| *left > 0)?;
        *left -= 1;
        Some(*fault)
    }

    fn lets_try(&self) -> bool {
        !self.quiet.load(Ordering::SeqCst)
    }

    fn most_pages(&self) -> Option<u32> {
        Some(self.pages.load(Ordering::SeqCst)).filter(|pages| *pages > 0)
    }
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Full,
    Unknown,
    Otherwise(String),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Outage(Outage::StorageFull { .. }) => Self::Full,
            StoreError::Unknown => Self::Unknown,
            other => Self::Otherwise(format!("{other:?}")),
        }
    }
}

impl From<BookingError> for Refused {
    fn from(error: BookingError) -> Self {
        match error {
            BookingError::Outage(Outage::StorageFull { .. }) => Self::Full,
            BookingError::Unknown(_) => Self::Unknown,
            other => Self::Otherwise(format!("{other:?}")),
        }
    }
}

/// One write that is ready to be done.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there are some hundred of them")]
pub enum Act {
    Command(Command),
    SignUp(u128),
    LogIn(u128),
    Refresh(u128),
    LogOut(u128),
    PromiseMail(u128),
    ClaimMail(u128),
    RemoveMail(u128),
    MakeCode(u128),
    TryCode(u128),
    VerifyEmail(u128),
    Venue,
    SeatMap,
    Concert(u128),
    Performance,
    Publish,
    Sale,
    OpenQueue,
    Pause,
    Note,
    Lease,
    NextEpoch,
    Join(u128),
    CheckIn(u128),
    Tick,
    ForgetKeys,
    ForgetTokens,
    ForgetSessions,
    TakeChore,
    GiveChoreBack,
    Watermark,
}

/// Everything that writes to one database.
pub struct Writing {
    pub room: Room,
    pub trouble: Arc<Trouble>,
    pub housekeeping: SqlHousekeeping,
    chores: SqlChores,
    queues: Arc<SqlQueues>,
    accounts: SqlAccounts,
    sessions: SqlSessions,
    outbox: SqlOutbox,
    codes: SqlCodes,
    catalogue: SqlCatalogue,
}

impl Writing {
    pub async fn on(testbed: &Testbed) -> Self {
        let trouble = Arc::new(Trouble::default());
        let testbed = testbed.with_faults(trouble.clone()).await;
        let room = Room::new(&testbed, 10).await;
        let database = &room.context.database;
        Self {
            queues: room.instance().await,
            accounts: SqlAccounts::new(database.clone()),
            sessions: SqlSessions::new(database.clone()),
            outbox: SqlOutbox::new(database.clone()),
            codes: SqlCodes::new(database.clone()),
            catalogue: SqlCatalogue::new(database.clone(), room.context.world.clone()),
            housekeeping: SqlHousekeeping::new(database.clone()),
            chores: SqlChores::new(database.clone()),
            trouble,
            room,
        }
    }

    pub fn context(&self) -> &TestContext {
        &self.room.context
    }

    pub async fn run(&self, act: &Act) -> Result<(), Refused> {
        let context = self.context();
        match act {
            Act::Command(command) => drop(context.run(command).await?),
            Act::SignUp(n) => self.accounts.add(&account(*n), at(1)).await?,
            Act::LogIn(n) => drop(self.sessions.start(&log_in(*n)).await?),
            Act::Refresh(n) => {
                let Rotated::Issued(_) = self.sessions.rotate(&rotation(*n)).await? else {
                    panic!("the token is good");
                };
            }
            Act::LogOut(n) => {
                let start = log_in(*n).session;
                drop(self.sessions.end(start.user, Ending::One(start.id), at(2)).await?);
            }
            Act::PromiseMail(n) => self.outbox.put(&mail(*n)).await?,
            Act::ClaimMail(n) => assert!(self.outbox.claim(&mail(*n), at(60)).await?, "nobody else has it"),
            Act::RemoveMail(n) => self.outbox.remove(mail(*n).id).await?,
            Act::MakeCode(n) => assert!(self.codes.make(&code(*n)).await?, "there is none"),
            Act::TryCode(n) => {
                let tried = self.codes.attempt(user(*n), CodePurpose::VerifyEmail, at(2)).await?;
                assert!(tried.is_some(), "the code is good");
            }
            Act::VerifyEmail(n) => assert!(self.codes.verify_email(&code(*n), at(2)).await?, "the code is good"),
            Act::Venue => self.catalogue.save_venue(&venue(), None).await?,
            Act::SeatMap => self.catalogue.save_seat_map(&seat_map(), None).await?,
            Act::Concert(n) => self.catalogue.save_concert(&concert(*n), None).await?,
            Act::Performance => self.catalogue.save_performance(&performance(), None).await?,
            Act::Publish => {
                let public = Performance { status: PerformanceStatus::Published, ..performance() };
                let blocked = [SeatNumber::FIRST].into();
                self.catalogue.publish(&public, Revision(1), Revision(1), 5, &blocked).await?;
            }
            Act::Sale => self.catalogue.save_sale(&sale(), None).await?,
            Act::ForgetKeys => assert!(self.housekeeping.forget_idempotency_records(at(1000), 1).await? > 0),
            Act::ForgetTokens => assert!(self.housekeeping.forget_refresh_tokens(at(1000), 1).await? > 0),
            Act::ForgetSessions => assert!(self.housekeeping.forget_sessions(at(1000), 1).await? > 0),
            Act::TakeChore => {
                let lease = ChoreLease { holder: Uuid::from_u128(1), until: at(10) };
                assert!(self.chores.take(Chore::Forget, lease, at(1)).await?, "nobody else has it");
            }
            Act::GiveChoreBack => self.chores.give_back(Chore::Forget, Uuid::from_u128(1)).await?,
            Act::Watermark => self.chores.set_watermark(Chore::ExpireHolds, at(1)).await?,
            _ => return self.run_in_queue(act).await,
        }
        Ok(())
    }

    async fn run_in_queue(&self, act: &Act) -> Result<(), Refused> {
        let sale = self.room.sale.id;
        match act {
            Act::OpenQueue => {
                let settings = self.room.sale.waiting_room.as_ref().unwrap();
                let other = Sale { id: SaleId::new(Uuid::from_u128(3)), ..(*self.room.sale).clone() };
                self.queues.open_queue(&Queue::new(&other, settings, [0; 32], at(1))).await?;
            }
            Act::Pause => {
                let change = QueueChange { message: Some("Back soon".into()), ..QueueChange::default() };
                let update = QueueUpdate::Operator(change);
                assert!(self.queues.update_queue(sale, &update, Some(self.action(1))).await?.unwrap().is_ok());
            }
            Act::Note => self.queues.note(&self.action(2)).await?,
            Act::Lease => drop(self.queues.extend(sale, 1, Group::FIRST, 1000, 1000).await?.unwrap()),
            Act::NextEpoch => drop(self.queues.next_epoch(sale, 1, 1000).await?.unwrap()),
            Act::Join(n) => drop(self.queues.join(join(*n)).await?),
            Act::CheckIn(n) => drop(self.queues.check_in(self.room.check_in(*n), false).await?),
            Act::Tick => drop(self.queues.tick(&self.room.order()).await?.unwrap()),
            other => panic!("{other:?}"),
        }
        Ok(())
    }

    fn action(&self, n: u128) -> OperatorAction {
        let sale = self.room.sale.id;
        OperatorAction { id: Uuid::from_u128(n), by: user(60), at: at(1), sale, what: "a message".into() }
    }

    /// One of each kind, in an order in which each can be done.
    pub async fn one_of_each(&self) -> Vec<Act> {
        let context = self.context();
        for n in 4..=11 {
            context.fund(n).await;
        }
        let mut held = Vec::new();
        for n in 1..=9 {
            let seat = u32::try_from(n).unwrap();
            held.push(context.held(&context.hold(n, "held", &[seat])).await);
        }
        for paid in &held[..2] {
            context.run(&context.pay(paid, "paid")).await.unwrap();
        }
        let Ok(Outcome::Charged(pending)) = context.run(&context.charge(10, "pending")).await else {
            panic!("charged")
        };
        for n in 101..=103 {
            self.sessions.start(&log_in(n)).await.unwrap();
        }
        for n in 101..=102 {
            self.outbox.put(&mail(n)).await.unwrap();
            self.codes.make(&code(n)).await.unwrap();
        }
        self.room.come(&self.queues, 20).await;
        let commands = [
            context.hold(10, "hold", &[20, 21]),
            context.hold_best(11, "best", &[&[30, 31], &[32, 33]]),
            context.cancel(&held[0], "cancel"),
            context.refund(&held[1], "refund"),
            context.pay(&held[2], "pay"),
            TestContext::release(&held[3]),
            context.charge(1, "charge"),
            context.settle(&pending),
            Command::unkeyed(Operation::Bar(Bar { buyer: key(40), barred: true })),
        ];
        let others = [
            Act::SignUp(1),
            Act::LogIn(1),
            Act::Refresh(101),
            Act::LogOut(102),
            Act::PromiseMail(1),
            Act::ClaimMail(101),
            Act::RemoveMail(102),
            Act::MakeCode(1),
            Act::TryCode(101),
            Act::VerifyEmail(102),
            Act::Venue,
            Act::SeatMap,
            Act::Concert(1),
            Act::Performance,
            Act::Publish,
            Act::Sale,
            Act::OpenQueue,
            Act::Pause,
            Act::Note,
            Act::Lease,
            Act::NextEpoch,
            Act::Join(22),
            Act::CheckIn(21),
            Act::Tick,
            Act::ForgetKeys,
            Act::ForgetTokens,
            Act::ForgetSessions,
            Act::TakeChore,
            Act::GiveChoreBack,
            Act::Watermark,
        ];
        commands.into_iter().map(Act::Command).chain(others).collect()
    }

    /// Those of holds that lapse at second 1000.
    pub async fn late(&self) -> Vec<Act> {
        let context = self.context();
        let (paid, left) = (
            context.held(&context.hold(12, "late", &[40])).await,
            context.held(&context.hold(13, "late", &[41])).await,
        );
        context.fund(12).await;
        context.world.set_seconds(1000);
        [context.pay(&paid, "late-pay"), TestContext::expire(&left)].map(Act::Command).into()
    }

    /// Somebody signs up who never tried before: what is begun after a fault is kept.
    pub async fn assert_others_can_write(&self, n: u128) {
        let before = self.context().testbed.count("users").await;
        assert_eq!(self.run(&Act::SignUp(n)).await, Ok(()));
        assert_eq!(self.context().testbed.count("users").await, before + 1, "it was answered, and is not there");
        self.context().assert_nobody_writes().await;
    }

    /// Ready by itself.
    pub async fn until_ready(&self) {
        let ready = async {
            while self.housekeeping.now().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_mins(1), ready).await.is_ok(), "it does not get ready again");
    }
}

pub fn account(n: u128) -> Credentials {
    let id = UserId::new(Uuid::from_u128(10_000 + n));
    let email = format!("new{n}@example.com").parse().unwrap();
    let user = testing::user().id(id).email(email).build();
    Credentials { user, password_hash: "$argon2id$".repeat(10) }
}

fn mail(n: u128) -> PromisedMail {
    PromisedMail::new(Uuid::from_u128(n), user(n), MailKind::VerifyEmail, at(1))
}

fn code(n: u128) -> MailCode {
    MailCode { user: user(n), purpose: CodePurpose::VerifyEmail, hash: "$argon2id$".repeat(10), made: at(1), tries: 0 }
}

fn hash(n: u128) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&n.to_be_bytes());
    hash
}

fn log_in(n: u128) -> SessionStart {
    let (id, user, expires) = (SessionId::new(Uuid::from_u128(n)), user(n), at(900));
    let session = Session {
        id,
        user,
        started: at(1),
        last_used: at(1),
        expires,
        ends: expires,
        access_until: expires,
        user_agent: None,
    };
    let token = RefreshToken { hash: hash(n), session: id, user, expires, replaced: None };
    SessionStart { session, token, password_hash: None }
}

fn rotation(n: u128) -> RefreshRotation {
    let successors = vec![hash(n + 5000)];
    RefreshRotation { shown: hash(n), successors, expires: at(900), access_until: at(900), now: at(2) }
}
