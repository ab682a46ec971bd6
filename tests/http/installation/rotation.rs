//! Keys are changed on two instances, one after the other, as `docs/operations.md` says, and nobody is refused on the way.

use super::Settings;
use crate::driver::{Client, Log, Server, Terms};
use crate::queue::{Queue, endpoints};
use crate::test_server::{TestServer, change_installation, on_every_server, text, until};
use anyhow::{Context, Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

on_every_server! { keys_are_rotated_over_two_instances_and_nobody_is_refused }

const NEW: &str = "new";
const RINGS: [&str; 2] = ["access_tokens", "queue"];

async fn keys_are_rotated_over_two_instances_and_nobody_is_refused(server: &mut TestServer) -> Result<()> {
    let queue = Queue::publish(&mut server.operator()?, Terms::default(), &json!({})).await?;
    server.stop().await?;
    let old = current(&server.directory.path().join("keys.json"))?;
    let mut pair = Pair::start(server, queue).await?;
    pair.join(0, 1).await?;
    pair.nobody_is_refused().await.context("at first")?;

    // 1. The new key goes into every file, where it only checks.
    let digits = [hex(b"access"), hex(b"queue")];
    for n in 0..2 {
        pair.edit(n, |ring, keys| keys["keys"][NEW] = json!(digits[ring]))?;
        pair.restart(n).await?;
        pair.nobody_is_refused().await.with_context(|| format!("instance {n} knows the new key"))?;
    }
    // Too early.
    pair.edit(0, |_, keys| keys["current"] = json!(NEW))?;
    super::refuses(server, &pair.settings(0), &["change add-key queue new", "change add-key access_tokens new"])
        .await?;
    pair.edit(0, |ring, keys| keys["current"] = json!(old[ring]))?;

    // 2. From now on instances may sign with it.
    for ring in RINGS {
        change_installation(server.directory.path(), &["add-key", ring, NEW], &pair.settings(0)).await?;
    }
    pair.nobody_is_refused().await.context("the new key is listed")?;

    // 3. It signs, on one instance after the other.
    for n in 0..2 {
        pair.edit(n, |_, keys| keys["current"] = json!(NEW))?;
        pair.restart(n).await?;
        pair.join(n, 2 + n).await?;
        pair.nobody_is_refused().await.with_context(|| format!("instance {n} signs with the new key"))?;
    }

    // 4. When all that the old one signed is over, nobody has to know it any more.
    for (ring, old) in RINGS.iter().zip(&old) {
        change_installation(server.directory.path(), &["remove-key", ring, old], &pair.settings(0)).await?;
    }
    pair.nobody_is_refused().await.context("the old key is not listed")?;
    pair.forget_what_is_over();
    for n in 0..2 {
        pair.edit(n, |ring, keys| drop(keys["keys"].as_object_mut().map(|keys| keys.remove(&old[ring]))))?;
        pair.restart(n).await?;
        pair.nobody_is_refused().await.with_context(|| format!("instance {n} has forgotten the old key"))?;
    }
    pair.stop().await
}

/// 64 hexadecimal digits.
fn hex(word: &[u8]) -> String {
    hex::encode(word.iter().copied().cycle().take(32).collect::<Vec<_>>())
}

/// The ids of the keys that sign, by ring.
fn current(file: &Path) -> Result<Vec<String>> {
    let keys: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    let current = |ring: &&str| Ok(keys[*ring]["current"].as_str().context("no current key")?.to_owned());
    RINGS.iter().map(current).collect()
}

/// Two instances, each with a keys file of its own, and what they have signed.
struct Pair<'a> {
    test_server: &'a TestServer,
    queue: Queue,
    files: Vec<PathBuf>,
    servers: Vec<Option<Server>>,
    access: Vec<String>,
    /// By whom, and what they show.
    entries: Vec<(String, String)>,
}

impl<'a> Pair<'a> {
    async fn start(server: &'a TestServer, queue: Queue) -> Result<Self> {
        let directory = server.directory.path();
        let files: Vec<PathBuf> = ["a.json", "b.json"].map(|name| directory.join(name)).into();
        let mut pair =
            Self { test_server: server, queue, files, servers: Vec::new(), access: Vec::new(), entries: Vec::new() };
        for n in 0..2 {
            // With its mode.
            fs::copy(directory.join("keys.json"), &pair.files[n])?;
            pair.servers.push(None);
            pair.restart(n).await?;
        }
        Ok(pair)
    }

    fn settings(&self, n: usize) -> [(&'static str, &str); 1] {
        [("FRONTROW_KEYS_FILE", self.files[n].to_str().unwrap_or_default())]
    }

    async fn restart(&mut self, n: usize) -> Result<()> {
        if let Some(server) = self.servers[n].take() {
            server.stop().await?;
        }
        let settings: Settings<'_> = &self.settings(n);
        let server = Server::start(self.test_server.directory.path(), settings, Log::default()).await?;
        self.servers[n] = Some(server);
        Ok(())
    }

    fn edit(&self, n: usize, change: impl Fn(usize, &mut Value)) -> Result<()> {
        let mut keys: Value = serde_json::from_str(&fs::read_to_string(&self.files[n])?)?;
        for (ring, name) in RINGS.iter().enumerate() {
            change(ring, &mut keys[*name]);
        }
        Ok(fs::write(&self.files[n], serde_json::to_string(&keys)?)?)
    }

    fn addresses(&self) -> Vec<std::net::SocketAddr> {
        self.servers.iter().flatten().map(|server| server.address).collect()
    }

    /// A customer logs in on one of the instances.
    async fn log_in(&self, n: usize, customer: usize) -> Result<String> {
        let body = json!({"email": format!("customer-{customer}@example.com"), "password": "correct horse battery"});
        let mut client = Client::new(self.addresses()[n], None);
        let session = client.ask(Method::POST, "/v1/sessions", None, Some(body)).await?.expect(StatusCode::CREATED)?;
        text(&session, "access_token")
    }

    /// Somebody joins on one of the instances, and gets a token.
    async fn join(&mut self, n: usize, customer: usize) -> Result<()> {
        let access = self.log_in(n, customer).await?;
        let mut client = self.queue.client(&endpoints(&[self.addresses()[n]]), &access);
        let joined = until("somebody joins", async || {
            Ok(Some(client.join().await?).filter(|reply| reply.status == StatusCode::CREATED))
        });
        self.entries.push((access, text(&joined.await?.body, "token")?));
        Ok(())
    }

    /// Each instance signs something, and everything that was signed so far is good on both.
    async fn nobody_is_refused(&mut self) -> Result<()> {
        for n in 0..2 {
            let access = self.log_in(n, 0).await?;
            self.access.push(access);
        }
        for address in self.addresses() {
            for access in &self.access {
                let wallet = Client::new(address, Some(access)).ask(Method::GET, "/v1/wallet", None, None).await?;
                ensure!(wallet.status == StatusCode::OK, "{address} refuses an access token: {wallet:?}");
            }
            for (access, token) in &self.entries {
                let mut client = self.queue.client(&endpoints(&[address]), access);
                client.token = Some(token.clone());
                let looked = until("the instance knows the queue", async || {
                    Ok(Some(client.look().await?).filter(|reply| reply.status != StatusCode::NOT_FOUND))
                });
                let looked = looked.await?;
                ensure!(looked.status == StatusCode::OK, "{address} refuses a queue token: {looked:?}");
            }
        }
        Ok(())
    }

    /// What the old keys have signed. Whoever joined while the second instance still signed with it has left.
    fn forget_what_is_over(&mut self) {
        self.access.clear();
        self.entries.drain(..1);
    }

    async fn stop(self) -> Result<()> {
        for server in self.servers.into_iter().flatten() {
            server.stop().await?;
        }
        Ok(())
    }
}
