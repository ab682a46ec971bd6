//! What the command line says, and what comes of it.

use super::retire::retire;
use super::{change_list, load, now_in_seconds, refused};
use crate::database::open_existing_database;
use crate::installation::instance_settings;
use crate::keys::{KeyRing, Keys, RingRefused};
use crate::refused::{Refused, unless};
use crate::settings::Settings;
use crate::signers::tickets;
use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};
use frontrow_adapters::sql::SqlInstallation;
use frontrow_application::port::TicketSigner;
use frontrow_domain::{InstallationChange, Ring};
use frontrow_web::dto::TicketKeysDto;
use jiff::Timestamp;
use std::io::{Write, stdout};

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Lists the keys of the keys file, without their secrets.
    List,
    /// Adds a new key, which only checks. Bring the file to every instance then, and send each SIGHUP.
    Add {
        /// What the key is for.
        ring: RingWord,
    },
    /// Lets a key sign that every instance knows. The one that did goes on checking. Bring the file to every instance then,
    /// and send each SIGHUP.
    Promote {
        /// What the key is for.
        ring: RingWord,
        /// Its id.
        key: String,
    },
    /// Forgets a key. Refused as long as something may be valid that it signed. Bring the file to every instance then, and
    /// send each SIGHUP.
    Retire {
        /// What the key is for.
        ring: RingWord,
        /// Its id.
        key: String,
        /// Do it although something may still be valid that it signed: that is refused from then on.
        #[arg(long)]
        anyway: bool,
    },
    /// Prints the public keys of ticket codes, as a JSON Web Key Set, for doors that check tickets by themselves.
    Public,
    /// Says which ticket a code is of, if a key of the keys file signed it. Whether the ticket is still good is for the API to
    /// say.
    Check {
        /// The code on a ticket.
        code: String,
    },
}

/// A ring of keys, as in the keys file.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RingWord {
    /// Access tokens.
    #[value(name = "access_tokens")]
    AccessTokens,
    /// Queue tokens and passes.
    #[value(name = "queue")]
    Queue,
    /// The codes on tickets.
    #[value(name = "ticket_codes")]
    TicketCodes,
}

impl From<RingWord> for Ring {
    fn from(word: RingWord) -> Self {
        match word {
            RingWord::AccessTokens => Self::AccessTokens,
            RingWord::Queue => Self::Queue,
            RingWord::TicketCodes => Self::TicketCodes,
        }
    }
}

/// Does what the command line says, with the keys file that the settings name.
pub async fn work(command: KeysCommand, settings: &Settings) -> Result<()> {
    crate::logs::start(settings)?;
    let out = &mut stdout();
    match command {
        KeysCommand::List => list(settings, out),
        KeysCommand::Add { ring } => add(ring.into(), settings, out),
        KeysCommand::Promote { ring, key } => promote(ring.into(), &key, settings, out).await,
        KeysCommand::Retire { ring, key, anyway } => retire(ring.into(), &key, anyway, settings, out).await,
        KeysCommand::Public => public(settings, out),
        KeysCommand::Check { code } => check(&code, settings, out),
    }
}

fn list(settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let keys = load(settings)?;
    let prints = instance_settings(settings, &keys).keys;
    for ring in Ring::ALL {
        writeln!(out, "{ring}")?;
        let KeyRing { current, keys, replaced } = keys.ring(ring);
        for id in keys.keys() {
            let print = prints.get(&ring).and_then(|prints| prints.known.get(id)).map_or("", String::as_str);
            let does = if id == current { "signs" } else { "checks" };
            write!(out, "  {id}  {does:<6}  print {print}")?;
            match replaced.get(id) {
                Some(since) => writeln!(out, "  signed until {}", Timestamp::from_second(*since)?)?,
                None => writeln!(out)?,
            }
        }
    }
    Ok(())
}

fn add(ring: Ring, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let id = Keys::update(&settings.keys_file, |keys| keys.ring_mut(ring).add())?;
    let file = settings.keys_file.display();
    tracing::info!(target: "security", event = "key_added", %ring, key = id);
    writeln!(out, "{ring} has a new key in {file}, which only checks: {id}")?;
    writeln!(out, "next: bring the file to every instance, send each SIGHUP, then: frontrow keys promote {ring} {id}")?;
    Ok(())
}

async fn promote(ring: Ring, key: &str, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let keys = load(settings)?;
    let has = keys.ring(ring).keys.contains_key(key);
    unless(has, format!("{key} of {ring}: {}", RingRefused::NoSuchKey))?;
    let prints = instance_settings(settings, &keys).keys;
    let print = prints.get(&ring).and_then(|ring| ring.known.get(key)).context("a key without a print")?.clone();
    // First the list, then the file: no instance may sign with a key that isn't listed.
    let change = InstallationChange::AddKey { ring, key: key.to_owned(), print };
    let database = open_existing_database(settings).await?;
    let listed = change_list(&SqlInstallation::new(database.clone()), &change).await;
    database.close().await;
    listed?;
    let now = now_in_seconds();
    Keys::update(&settings.keys_file, |keys| refused(ring, key, keys.ring_mut(ring).promote(key, now)))?;
    tracing::info!(target: "security", event = "key_promoted", %ring, key);
    writeln!(out, "{key} signs for {ring} in {}, and every instance has to know it", settings.keys_file.display())?;
    writeln!(out, "next: bring the file to every instance, and send each SIGHUP")?;
    Ok(())
}

fn public(settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let keys = TicketKeysDto::from(tickets(&load(settings)?)?.public_keys());
    Ok(writeln!(out, "{}", serde_json::to_string_pretty(&keys)?)?)
}

fn check(code: &str, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let ticket = tickets(&load(settings)?)?.read(code);
    let ticket = ticket.ok_or_else(|| Refused("no key of the keys file here has signed this".to_owned()))?;
    let (performance, seat) = (ticket.seat.performance, ticket.seat.number.get());
    writeln!(out, "performance {performance}, seat number {seat}, version {} of its ticket", ticket.version.get())?;
    Ok(())
}
