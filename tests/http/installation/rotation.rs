//! Keys are changed on two instances, one after the other, as `docs/operations.md` says, and nobody is refused on the way.

use super::Settings;
use crate::driver::{Client, Log, Server, Terms, command};
use crate::queue::{Queue, endpoints};
use crate::test_server::{TestServer, on_every_server, text, until};
use anyhow::{Context, Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tokio::process::Command;

on_every_server! { keys_are_rotated_over_two_instances_and_nobody_is_refused }

const RINGS: [&str; 3] = ["access_tokens", "queue", "ticket_codes"];

async fn keys_are_rotated_over_two_instances_and_nobody_is_refused(server: &mut TestServer) -> Result<()> {
    let queue = Queue::publish(&mut server.operator()?, Terms::default(), &json!({})).await?;
    server.stop().await?;
    let old = current(&server.directory.path().join("keys.json"))?;
    let mut pair = Pair::start(server, queue).await?;
    pair.join(0, 1).await?;
    pair.nobody_is_refused().await.context("at first")?;

    // 1. The new keys go into every file, where they only check.
    for ring in RINGS {
        pair.keys(&["add", ring]).await?;
    }
    let new: Vec<String> =
        RINGS.iter().zip(&old).map(|(ring, old)| other_key(&pair.files[0], ring, old)).collect::<Result<_>>()?;
    for n in 0..2 {
        pair.hand_on(n).await?;
        pair.nobody_is_refused().await.with_context(|| format!("instance {n} knows the new keys"))?;
    }
    // Too early: they are not listed yet.
    let early = pair.edited(|ring, keys| keys["current"] = json!(new[ring]))?;
    let settings: Settings<'_> = &[("FRONTROW_KEYS_FILE", early.to_str().unwrap_or_default())];
    let says = RINGS.iter().zip(&new).map(|(ring, new)| format!("keys promote {ring} {new}")).collect::<Vec<_>>();
    super::refuses(server, settings, &says.iter().map(String::as_str).collect::<Vec<_>>()).await?;

    // 2. They sign, on one instance after the other.
    for (ring, new) in RINGS.iter().zip(&new) {
        pair.keys(&["promote", ring, new]).await?;
    }
    for n in 0..2 {
        pair.hand_on(n).await?;
        pair.join(n, 2 + n).await?;
        pair.nobody_is_refused().await.with_context(|| format!("instance {n} signs with the new keys"))?;
    }
    ensure!(current(&pair.files[1])? == new);

    // 3. When all that the old ones signed is over, nobody has to know them any more.
    for (ring, old) in RINGS.iter().zip(&old) {
        let refused = pair.keys(&["retire", ring, old]).await.err().context("nothing may be left that it signed")?;
        ensure!(refused.to_string().contains("--anyway"), "{refused}");
        pair.keys(&["retire", ring, old, "--anyway"]).await?;
    }
    pair.nobody_is_refused().await.context("the old keys are not listed")?;
    pair.forget_what_is_over();
    for n in 0..2 {
        pair.hand_on(n).await?;
        pair.nobody_is_refused().await.with_context(|| format!("instance {n} has forgotten the old keys"))?;
    }
    pair.stop().await
}

/// The ids of the keys that sign, by ring.
fn current(file: &Path) -> Result<Vec<String>> {
    let keys: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    let current = |ring: &&str| Ok(keys[*ring]["current"].as_str().context("no current key")?.to_owned());
    RINGS.iter().map(current).collect()
}

/// The id of the key besides that one.
fn other_key(file: &Path, ring: &str, key: &str) -> Result<String> {
    let keys: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    let mut ids = keys[ring]["keys"].as_object().context("no keys")?.keys();
    ids.find(|id| *id != key).cloned().context("no other key")
}

/// Two instances, each with a keys file of its own, and what they have signed.
struct Pair<'a> {
    test_server: &'a TestServer,
    queue: Queue,
    files: Vec<PathBuf>,
    servers: Vec<Server>,
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
            pair.start_one(n).await?;
        }
        Ok(pair)
    }

    fn settings(&self, n: usize) -> [(&'static str, &str); 1] {
        [("FRONTROW_KEYS_FILE", self.files[n].to_str().unwrap_or_default())]
    }

    async fn start_one(&mut self, n: usize) -> Result<()> {
        let settings: Settings<'_> = &self.settings(n);
        let server = Server::start(self.test_server.directory.path(), settings, Log::default()).await?;
        self.servers.push(server);
        Ok(())
    }

    /// A command of `frontrow keys`, on the first file.
    async fn keys(&self, arguments: &[&str]) -> Result<()> {
        let mut keys = command(self.test_server.directory.path(), &[&["keys"], arguments].concat());
        let output = keys.envs(self.settings(0)).output().await?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Brings the first file to an instance, which reads it.
    async fn hand_on(&self, n: usize) -> Result<()> {
        if n > 0 {
            fs::copy(&self.files[0], &self.files[n])?;
        }
        let server = &self.servers[n];
        let read = || server.log.text().matches("the keys file has been read").count();
        let (before, id) = (read(), server.child.id().context("the server has ended by itself")?);
        let sent = Command::new("sh").args(["-c", "kill -HUP \"$0\"", &id.to_string()]).status().await?;
        ensure!(sent.success(), "the server has ended by itself");
        until("the instance has read its keys", async || Ok((read() > before).then_some(()))).await
    }

    /// A file as the first one, but for that.
    fn edited(&self, change: impl Fn(usize, &mut Value)) -> Result<PathBuf> {
        let mut keys: Value = serde_json::from_str(&fs::read_to_string(&self.files[0])?)?;
        for (ring, name) in RINGS.iter().enumerate() {
            change(ring, &mut keys[*name]);
        }
        let file = self.test_server.directory.path().join("edited.json");
        fs::copy(&self.files[0], &file)?;
        fs::write(&file, serde_json::to_string(&keys)?)?;
        Ok(file)
    }

    fn addresses(&self) -> Vec<std::net::SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
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
        for server in self.servers {
            server.stop().await?;
        }
        Ok(())
    }
}
