//! What people do, what they have been told, and whether it is so.

use super::scene::{Answered, Caller, Scene};
use crate::driver::{Client, TestAccounts};
use crate::queue::crowd::{AdmissionLog, QueueClient};
use crate::queue::entry;
use crate::test_server::{TestServer, text};
use anyhow::{Context, Result, bail, ensure};
use frontrow_adapters::UuidV7Source;
use frontrow_adapters::sql::{Database, DatabaseSettings, SqlAccounts};
use frontrow_application::port::AccountRepository;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use hyper::{Method, StatusCode};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Customers who hold, pay, release, cancel and charge, each in a row of their own.
pub const BUYERS: usize = 8;
/// Seats of a buyer's row that they buy and give back: fewer than one may have in a sale.
const SEATS: u32 = 40;
pub const PRICE: i64 = 10;
const CHARGE: i64 = 7;
const PASSWORD: &str = "correct horse battery";
/// The numbers of an operator's changes: the last one tried, and the last one answered.
type Numbered = (u32, u32);

/// What somebody was told.
#[derive(Debug)]
pub enum Told {
    Buyer {
        customer: usize,
        /// By reservation, how it stands.
        reservations: BTreeMap<String, &'static str>,
        charges: Vec<String>,
        /// The balance before this round.
        balance: i64,
    },
    SignedUp {
        emails: Vec<String>,
    },
    LoggedIn {
        refresh_token: String,
        refreshes: usize,
    },
    Joiners {
        entries: Vec<(usize, (u64, u64))>,
        admitted: Vec<(u64, u64)>,
    },
    Operator {
        concert: String,
        title: Numbered,
        message: Numbered,
    },
}

/// What everybody does until the round is over.
pub fn everybody<'a>(scene: &'a Scene, chance: &mut ChaCha8Rng) -> Vec<LocalBoxFuture<'a, Result<Told>>> {
    let buyers = (0..BUYERS).map(|customer| {
        let chance = ChaCha8Rng::seed_from_u64(chance.random());
        buy(scene, customer, chance).boxed_local()
    });
    let others = [
        sign_up(scene).boxed_local(),
        stay_logged_in(scene).boxed_local(),
        join(scene).boxed_local(),
        operate(scene).boxed_local(),
    ];
    buyers.chain(others).collect()
}

/// Buys seats of a row of their own one by one, and gives them back, charging their wallet now and then.
async fn buy(scene: &Scene, customer: usize, mut chance: ChaCha8Rng) -> Result<Told> {
    let mut client = Caller::new(Some(&scene.customers[customer]));
    let (pending, balance) = pending_and_balance(scene, &mut client, &scene.pending.of(customer)).await?;
    let mut reservations = BTreeMap::new();
    let mut charges = pending;
    let mut paid: BTreeMap<u32, String> = BTreeMap::new();
    for n in 0.. {
        if scene.is_over() {
            break;
        }
        let (seat, key) = (chance.random_range(1..=SEATS), format!("{}-{n}", scene.name));
        if let Some(id) = paid.remove(&seat) {
            let path = format!("/v1/reservations/{id}/cancellation");
            let cancelled = scene.insist(&mut client, &Method::POST, &path, Some(&key), None).await?.reply;
            ensure!(cancelled.status.is_success(), "{cancelled:?}");
            reservations.insert(id, "cancelled");
        } else if chance.random_ratio(1, 10) {
            let body = json!({"amount": CHARGE, "payment_token": "tok_accept"});
            let charged =
                scene.insist(&mut client, &Method::POST, "/v1/wallet/charges", Some(&key), Some(&body)).await?.reply;
            ensure!(charged.status.is_success(), "{charged:?}");
            charges.push(text(&charged.body, "id")?);
        } else {
            let id = hold(scene, &mut client, customer, seat, &key).await?;
            if chance.random_ratio(1, 4) {
                release(scene, &mut client, &id).await?;
                reservations.insert(id, "released");
            } else {
                let (path, body) = (format!("/v1/reservations/{id}/payment"), json!({"method": "points"}));
                let paid_for = scene.insist(&mut client, &Method::POST, &path, Some(&key), Some(&body)).await?;
                paid_for.reply.expect(StatusCode::CREATED)?;
                reservations.insert(id.clone(), "confirmed");
                paid.insert(seat, id);
            }
        }
    }
    Ok(Told::Buyer { customer, reservations, charges, balance })
}

/// Which of these charges are pending, and the balance at that moment: they are settled in the background.
async fn pending_and_balance(scene: &Scene, client: &mut Caller, charges: &[String]) -> Result<(Vec<String>, i64)> {
    loop {
        let pending = pending(scene, client, charges).await?;
        let wallet = scene.insist(client, &Method::GET, "/v1/wallet", None, None).await?;
        let balance = wallet.reply.expect(StatusCode::OK)?["balance"]["amount"].as_i64().context("no balance")?;
        if self::pending(scene, client, charges).await? == pending {
            return Ok((pending, balance));
        }
    }
}

async fn pending(scene: &Scene, client: &mut Caller, charges: &[String]) -> Result<Vec<String>> {
    let mut pending = Vec::new();
    for id in charges {
        let path = format!("/v1/wallet/charges/{id}");
        let charge = scene.insist(client, &Method::GET, &path, None, None).await?.reply.expect(StatusCode::OK)?;
        if text(&charge, "status")? == "pending" {
            pending.push(id.clone());
        }
    }
    Ok(pending)
}

async fn hold(scene: &Scene, client: &mut Caller, customer: usize, seat: u32, key: &str) -> Result<String> {
    let path = format!("/v1/performances/{}/reservations", scene.show.performance);
    let body = json!({"seats": [format!("A-{}-{seat}", customer + 1)]});
    let held = scene.insist(client, &Method::POST, &path, Some(&format!("{key}-hold")), Some(&body)).await?;
    text(&held.reply.expect(StatusCode::CREATED)?, "id")
}

async fn release(scene: &Scene, client: &mut Caller, id: &str) -> Result<()> {
    let path = format!("/v1/reservations/{id}");
    let Answered { reply, is_repeated } = scene.insist(client, &Method::DELETE, &path, None, None).await?;
    // One that nobody answered may have been carried out.
    let was_before = is_repeated && reply.status == StatusCode::CONFLICT;
    ensure!(reply.status.is_success() || was_before, "{reply:?}");
    Ok(())
}

async fn sign_up(scene: &Scene) -> Result<Told> {
    let mut client = Caller::new(None);
    let mut emails = Vec::new();
    while !scene.is_over() {
        let email = format!("{}-{}@example.com", scene.name, emails.len());
        let body = json!({"email": email, "password": PASSWORD, "name": "New"});
        let Answered { reply, is_repeated } =
            scene.insist(&mut client, &Method::POST, "/v1/users", None, Some(&body)).await?;
        let was_before = is_repeated && reply.status == StatusCode::CONFLICT;
        ensure!(reply.status == StatusCode::CREATED || was_before, "{reply:?}");
        emails.push(email);
    }
    Ok(Told::SignedUp { emails })
}

async fn log_in(scene: &Scene, client: &mut Caller) -> Result<String> {
    let body = json!({"email": "customer-0@example.com", "password": PASSWORD});
    let session = scene.insist(client, &Method::POST, "/v1/sessions", None, Some(&body)).await?;
    text(&session.reply.expect(StatusCode::CREATED)?, "refresh_token")
}

async fn stay_logged_in(scene: &Scene) -> Result<Told> {
    let mut client = Caller::new(None);
    let mut refresh_token = log_in(scene, &mut client).await?;
    let mut refreshes = 0;
    while !scene.is_over() {
        let body = json!({ "refresh_token": refresh_token });
        let Answered { reply, is_repeated } =
            scene.insist(&mut client, &Method::POST, "/v1/sessions/refresh", None, Some(&body)).await?;
        match reply.status {
            StatusCode::OK => refresh_token = text(&reply.body, "refresh_token")?,
            // The token was used up by a request whose answer was lost, more than ten seconds ago.
            StatusCode::UNAUTHORIZED if is_repeated => refresh_token = log_in(scene, &mut client).await?,
            _ => bail!("a refresh token that was answered is worth nothing: {reply:?}"),
        }
        refreshes += 1;
    }
    Ok(Told::LoggedIn { refresh_token, refreshes })
}

/// One after another joins the queue, checks in and is let in.
async fn join(scene: &Scene) -> Result<Told> {
    let (mut entries, mut admitted) = (Vec::new(), Vec::new());
    for (n, person) in scene.joiners.iter().enumerate() {
        if scene.is_over() {
            break;
        }
        let mut client = scene.queue.client(&scene.endpoints, &person.access);
        let joined = scene.insist_on(async |_| client.join().await).await?.reply;
        ensure!(joined.status.is_success(), "{joined:?}");
        let entry = entry(&joined.body)?;
        entries.push((n, entry));
        if !come(scene, &mut client).await? {
            break;
        }
        admitted.push(entry);
        // The next one needs the admission.
        let left = scene.insist_on(async |_| client.leave().await).await?.reply;
        ensure!(left.status.is_success(), "{left:?}");
    }
    Ok(Told::Joiners { entries, admitted })
}

/// Stands checked in until they are let in, or the round is over.
async fn come(scene: &Scene, client: &mut QueueClient) -> Result<bool> {
    while !scene.is_over() {
        let checked_in = scene.insist_on(async |_| client.check_in(Duration::from_secs(1)).await).await?.reply;
        match checked_in.status {
            StatusCode::CREATED => return Ok(true),
            StatusCode::ACCEPTED => {}
            // Their number is a moment ahead of what the instance has read.
            StatusCode::CONFLICT => tokio::task::yield_now().await,
            _ => bail!("{checked_in:?}"),
        }
    }
    Ok(false)
}

/// Renames a concert, and changes what the queue says.
async fn operate(scene: &Scene) -> Result<Told> {
    let mut client = Caller::new(Some(&scene.operator));
    let concert = uuid::Uuid::from_u128(u128::from(getrandom::u64()?) << 64 | u128::from(getrandom::u64()?));
    let concert = concert.to_string();
    let (mut title, mut message) = ((0, 0), (0, 0));
    while !scene.is_over() {
        title.0 += 1;
        let body = json!({"title": format!("Night {}", title.0), "artist": "The Band"});
        let path = format!("/v1/concerts/{concert}");
        // Nobody else changes it.
        let read = (title.0 > 1).then(|| ("if-match", format!("\"{}\"", title.0 - 1)));
        let put = scene
            .insist_on(async |address| {
                let client = client.at(address);
                client.headers = read.clone().into_iter().collect();
                let put = client.ask(Method::PUT, &path, None, Some(body.clone())).await;
                client.headers.clear();
                put
            })
            .await?
            .reply;
        ensure!(put.status.is_success(), "{put:?}");
        title.1 = title.0;
        message.0 += 1;
        let body = json!({"message": format!("Message {}", message.0)});
        let path = format!("/v1/sales/{}/waiting-room", scene.queue.sale);
        let patched = scene.insist(&mut client, &Method::PATCH, &path, None, Some(&body)).await?.reply;
        ensure!(patched.status.is_success(), "{patched:?}");
        message.1 = message.0;
    }
    Ok(Told::Operator { concert, title, message })
}

impl Told {
    /// How much.
    pub fn count(&self) -> usize {
        match self {
            Self::Buyer { reservations, charges, .. } => reservations.len() + charges.len(),
            Self::SignedUp { emails } => emails.len(),
            Self::LoggedIn { refreshes, .. } => *refreshes,
            Self::Joiners { entries, .. } => entries.len(),
            Self::Operator { title, .. } => title.1 as usize,
        }
    }

    /// It is so.
    pub async fn check(&self, server: &TestServer, scene: &Scene) -> Result<()> {
        match self {
            Self::Buyer { customer, reservations, charges, balance } => {
                let mut client = Caller::new(Some(&scene.customers[*customer]));
                let (pending, found) = pending_and_balance(scene, &mut client, charges).await?;
                scene.pending.put(*customer, pending.clone());
                let settled: Vec<_> = charges.iter().filter(|id| !pending.contains(id)).collect();
                check_buyer(&mut server.customer(*customer)?, reservations, &settled, *balance, found).await
            }
            Self::SignedUp { emails } => check_accounts(server, emails).await,
            Self::LoggedIn { refresh_token, .. } => {
                let body = json!({ "refresh_token": refresh_token });
                let mut stranger = server.stranger()?;
                let refreshed = stranger.ask(Method::POST, "/v1/sessions/refresh", None, Some(body)).await?;
                refreshed.expect(StatusCode::OK).map(drop)
            }
            Self::Joiners { entries, admitted } => check_queue(server, scene, entries, admitted).await,
            Self::Operator { concert, title, message } => {
                let mut operator = server.operator()?;
                let put = operator.get(&format!("/v1/concerts/{concert}")).await?;
                is_numbered(&text(&put, "title")?, "Night ", *title)?;
                let queue = operator.get(&format!("/v1/sales/{}/waiting-room", scene.queue.sale)).await?;
                is_numbered(&message_of(&queue)?, "Message ", *message)
            }
        }
    }
}

async fn check_buyer(
    client: &mut Client,
    reservations: &BTreeMap<String, &'static str>,
    settled: &[&String],
    balance: i64,
    found: i64,
) -> Result<()> {
    let mut expected = balance;
    for (id, status) in reservations {
        let found = client.status_of(id).await?;
        ensure!(found == *status, "{id} was answered as {status} and is {found}");
        if *status == "confirmed" {
            expected -= PRICE;
        }
    }
    for id in settled {
        let charge = client.get(&format!("/v1/wallet/charges/{id}")).await?;
        match text(&charge, "status")?.as_str() {
            "succeeded" => expected += CHARGE,
            // The sandbox forgets what it has taken when its process ends.
            "failed" => {}
            other => bail!("{id} is {other}"),
        }
    }
    ensure!(found == expected, "a balance of {found} instead of {expected}");
    Ok(())
}

async fn check_accounts(server: &TestServer, emails: &[String]) -> Result<()> {
    let settings = DatabaseSettings { readers: 1, ..DatabaseSettings::new(server.address()) };
    let database = Arc::new(Database::open(&settings, Arc::new(UuidV7Source)).await?);
    let accounts = SqlAccounts::new(database.clone());
    for email in emails {
        let found = accounts.by_email(&email.parse()?).await?;
        ensure!(found.is_some(), "{email} was answered as signed up and has no account");
    }
    database.close().await;
    Ok(())
}

/// Everybody who joined has their own number, and everybody admitted is in the log.
async fn check_queue(
    server: &TestServer,
    scene: &Scene,
    entries: &[(usize, (u64, u64))],
    admitted: &[(u64, u64)],
) -> Result<()> {
    let mut owners = BTreeMap::new();
    for (person, entry) in entries {
        let other = owners.insert(entry, person);
        ensure!(other.is_none(), "{entry:?} belongs to {person} and to {other:?}");
    }
    let log = AdmissionLog::read(&mut server.operator()?, scene.queue.sale).await?;
    for entry in admitted {
        ensure!(log.entries.iter().any(|logged| (logged.group, logged.rank) == *entry), "{entry:?} is not in the log");
    }
    ensure!(log.overshoots().is_empty(), "{:#?}", log.overshoots());
    ensure!(log.overtakings().is_empty(), "{:#?}", log.overtakings());
    // People who haven't been admitted yet still have the queue entry they were told.
    for (person, told) in entries.iter().filter(|(_, entry)| !admitted.contains(entry)) {
        let mut client = scene.queue.client(&scene.endpoints, &scene.joiners[*person].access);
        // They may have joined as often as one may in a minute.
        let again = scene.insist_on(async |_| client.join().await).await?.reply;
        ensure!(again.status == StatusCode::OK && entry(&again.body)? == *told, "{again:?} instead of {told:?}");
    }
    let mut operator = server.operator()?;
    let path = format!("/v1/sales/{}/waiting-room", scene.queue.sale);
    operator.ask(Method::PATCH, &path, None, Some(json!({"phase": "closed"}))).await?.expect(StatusCode::OK).map(drop)
}

/// What was answered last, or something that was tried later.
fn is_numbered(text: &str, before: &str, (tried, answered): Numbered) -> Result<()> {
    let found: u32 = text.strip_prefix(before).context("another text")?.parse()?;
    ensure!((answered..=tried).contains(&found), "{text}: {answered} was answered, {tried} was tried");
    Ok(())
}

fn message_of(queue: &Value) -> Result<String> {
    text(queue, "message")
}

/// What every customer had at the beginning is more than any round takes.
const _: () = assert!(TestAccounts::POINTS > PRICE * 100);
