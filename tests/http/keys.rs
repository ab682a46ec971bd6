//! Keys are changed while the server runs, and nobody notices.

use crate::driver::{Client, command};
use crate::stopping::signal;
use crate::test_server::{TestServer, run, text, until};
use anyhow::{Context, Result, ensure};
use hyper::{Method, StatusCode};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Requests between two steps, so that each is taken in the midst of some.
const BETWEEN: usize = 20;

#[test]
fn keys_are_changed_under_load_and_no_request_is_refused() -> Result<()> {
    run(async |server| {
        let traffic = Traffic::begin(server)?;
        let old = kids(server).await?;
        ensure!(old.len() == 1, "{old:?}");

        keys(server, &["add", "access_tokens"]).await?;
        let added = keys(server, &["add", "ticket_codes"]).await?;
        let new = added.trim_end().rsplit(' ').next().context("no id")?.to_owned();
        read_again(server, "the keys file has been read").await?;
        traffic.goes_on().await?;
        ensure!(kids(server).await? == [old[0].clone(), new.clone()], "the new key only checks");

        keys(server, &["promote", "access_tokens", &other(server, "access_tokens")?]).await?;
        keys(server, &["promote", "ticket_codes", &new]).await?;
        let listed = keys(server, &["list"]).await?;
        ensure!(listed.contains("signed until"), "{listed}");
        read_again(server, "the keys file has been read").await?;
        traffic.goes_on().await?;
        ensure!(kids(server).await? == [new, old[0].clone()], "it signs");

        let refused = keys(server, &["retire", "ticket_codes", &old[0]]).await.err().context("it is retired")?;
        ensure!(refused.to_string().contains("are on tickets"), "{refused}");
        keys(server, &["retire", "ticket_codes", &old[0], "--anyway"]).await?;
        read_again(server, "the keys file has been read").await?;
        ensure!(kids(server).await?.len() == 1);
        traffic.end().await
    })
}

#[test]
fn a_broken_keys_file_changes_nothing() -> Result<()> {
    run(async |server| {
        let traffic = Traffic::begin(server)?;
        let file = file(server);
        let good = fs::read_to_string(&file)?;
        fs::write(&file, "{")?;
        read_again(server, "the keys stay as they were").await?;
        traffic.goes_on().await?;
        fs::write(&file, good.replace("\"ticket_codes\"", "\"tickets\""))?;
        read_again(server, "the keys stay as they were").await?;
        fs::write(&file, &good)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
        read_again(server, "the keys stay as they were").await?;
        fs::remove_file(&file)?;
        read_again(server, "the keys stay as they were").await?;
        ensure!(!file.exists(), "a server makes a file at its start, and not later");

        // A key that signs without being listed could be unknown to other instances.
        fs::write(
            &file,
            good.replace("\"access_tokens\"", "\"was\"")
                .replace("\"queue\"", "\"access_tokens\"")
                .replace("\"was\"", "\"queue\""),
        )?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        read_again(server, "the keys stay as they were").await?;
        let log = server.running()?.log.text();
        for secret in secrets(&good)? {
            ensure!(!log.contains(&secret), "a key is in the log:\n{log}");
        }
        fs::write(&file, &good)?;
        read_again(server, "the keys file has been read").await?;
        traffic.end().await
    })
}

/// Somebody who asks for what needs an access token, all the time.
struct Traffic {
    done: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<Result<()>>,
}

impl Traffic {
    fn begin(server: &TestServer) -> Result<Self> {
        let mut client = server.customer(0)?;
        let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (until_done, count) = (done.clone(), answered.clone());
        let task = tokio::spawn(async move {
            while !until_done.load(Ordering::SeqCst) {
                let reply = client.ask(Method::GET, "/v1/wallet", None, None).await?;
                ensure!(reply.status == StatusCode::OK, "refused: {reply:?}");
                count.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        });
        Ok(Self { done, answered, task })
    }

    /// Some more requests are answered.
    async fn goes_on(&self) -> Result<()> {
        let before = self.answered.load(Ordering::SeqCst);
        until("requests are answered", async || {
            ensure!(!self.task.is_finished(), "somebody was refused");
            Ok((self.answered.load(Ordering::SeqCst) > before + BETWEEN).then_some(()))
        })
        .await
    }

    async fn end(self) -> Result<()> {
        self.goes_on().await?;
        self.done.store(true, Ordering::SeqCst);
        self.task.await?
    }
}

fn file(server: &TestServer) -> PathBuf {
    server.directory.path().join("keys.json")
}

/// `frontrow keys` with these arguments; what it prints.
async fn keys(server: &TestServer, arguments: &[&str]) -> Result<String> {
    let output = command(server.directory.path(), &[&["keys"], arguments].concat()).output().await?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The server gets SIGHUP, and says that.
async fn read_again(server: &TestServer, says: &str) -> Result<()> {
    let said = || Ok::<_, anyhow::Error>(server.running()?.log.text().matches(says).count());
    let before = said()?;
    signal(server, "HUP").await?;
    until("the server has read its keys", async || Ok((said()? > before).then_some(()))).await
}

/// The ids of the keys that check tickets, as the API tells doors.
async fn kids(server: &TestServer) -> Result<Vec<String>> {
    let mut client: Client = server.stranger()?;
    let reply = client.ask(Method::GET, "/v1/ticket-keys", None, None).await?.expect(StatusCode::OK)?;
    reply["keys"].as_array().context("no keys")?.iter().map(|key| text(key, "kid")).collect()
}

/// The id of the key that doesn't sign.
fn other(server: &TestServer, ring: &str) -> Result<String> {
    let keys: Value = serde_json::from_str(&fs::read_to_string(file(server))?)?;
    let mut ids = keys[ring]["keys"].as_object().context("no keys")?.keys();
    ids.find(|id| keys[ring]["current"] != **id).cloned().context("no other key")
}

fn secrets(file: &str) -> Result<Vec<String>> {
    let keys: Value = serde_json::from_str(file)?;
    let rings = keys.as_object().context("no rings")?.values();
    Ok(rings
        .filter_map(|ring| ring["keys"].as_object())
        .flat_map(|keys| keys.values())
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect())
}
