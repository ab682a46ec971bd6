//! What each command does.

use crate::cli::{Action, Demo, DrawAction, NewOperator, OperatorAction, UserAction};
use crate::demo::{Place, fill};
use crate::house::{House, open_and_migrate, open_empty_database};
use crate::keys::Keys;
use crate::operator::Newcomer;
use crate::serve::{Doors, Server};
use crate::settings::{DatabaseAddress, Gateway, Given, Settings, show};
use crate::{draw, installation, logs, sale, user, verify};
use anyhow::{Context, Result};
use frontrow_domain::UserId;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io::{Write, stdout};
use std::process::ExitCode;
use uuid::Uuid;

/// Nothing was done because of what was asked for; or `verify`, which says 1 for what is wrong, can't tell.
#[derive(Debug)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// [`Refused`], unless it is fine.
pub fn unless(fine: bool, refusal: impl Into<String>) -> Result<(), Refused> {
    if fine { Ok(()) } else { Err(Refused(refusal.into())) }
}

/// Does what the command line says.
pub fn run(action: Action, given: &Given) -> Result<ExitCode> {
    match action {
        Action::Serve => on_runtime(serve_command(&Settings::load(given)?))?,
        Action::Migrate => on_runtime(migrate(&for_people(given)?))?,
        Action::Demo(demo) => on_runtime(demo_command(demo, for_people(given)?, given))?,
        Action::Verify => return on_runtime(verify_command(&for_people(given)?)),
        Action::Openapi => writeln!(stdout(), "{}", frontrow_web::openapi_json()?)?,
        Action::Operator { action: OperatorAction::Add(new) } => add_operator(new, &for_people(given)?)?,
        Action::User { action: UserAction::StandIn { user } } => on_runtime(stand_in(user, &for_people(given)?))?,
        Action::Sale { action } => on_runtime(sale::work(action, &for_people(given)?))?,
        Action::Draw { action: DrawAction::Verify { directory } } => return draw::verify(&directory, &mut stdout()),
        Action::Draw { action } => on_runtime(draw::work(action, &for_people(given)?))?,
        Action::Installation { command } => on_runtime(installation::work(command, &for_people(given)?))?,
        Action::Config => {
            Settings::load(given)?;
            show(given, &mut stdout())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Commands that somebody types and waits for say little, and not in JSON.
fn for_people(given: &Given) -> Result<Settings> {
    let own = BTreeMap::from([("log", "warn"), ("log_format", "text")]);
    Ok(Settings::load_with(given, &own)?)
}

/// Everything lives on one runtime of several threads, which is there before the first connection and after the last.
fn on_runtime<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("the runtime can't be started")?.block_on(work)
}

async fn serve_command(settings: &Settings) -> Result<()> {
    logs::start(settings)?;
    sandbox_stays_home(settings)?;
    let keys = Keys::load_or_create(&settings.keys_file)?;
    let doors = Doors::open(settings)?;
    let server = Server::start(House::open(settings, &keys).await?, doors, settings)?;
    server.greet(&mut stdout())?;
    server.run().await
}

async fn migrate(settings: &Settings) -> Result<()> {
    logs::start(settings)?;
    open_and_migrate(settings).await?.close().await;
    writeln!(stdout(), "{} is up to date", settings.database)?;
    Ok(())
}

async fn demo_command(demo: Demo, mut settings: Settings, given: &Given) -> Result<()> {
    let on_server = given.flags.0.contains_key("database_url");
    let of_its_own = "a demo has a database of its own: name its file with --database, or an empty one on a server with \
                      --database-url";
    unless(!on_server || matches!(settings.database, DatabaseAddress::Server(_)), of_its_own)?;
    unless(!on_server || demo.database.is_none(), of_its_own)?;
    logs::start(&settings)?;
    let doors = if demo.serve { Some(demo_doors(&settings)?) } else { None };
    let place = if on_server { None } else { Some(Place::new(demo.database.clone(), demo.serve)?) };
    if let Some(place) = &place {
        settings.database = DatabaseAddress::File(place.database.clone());
    }
    let database = if on_server { open_empty_database(&settings).await? } else { open_and_migrate(&settings).await? };
    let keys = demo_keys(&demo, &settings)?;
    // Keys that go away with this command are not those that others have to have.
    let installation =
        if doors.is_some() { Some(installation::enter(&database, &settings, &keys).await?) } else { None };
    let house = House::on(database, &settings, &keys, installation.as_ref()).await?;
    let incomplete = || format!("the demo in {} is incomplete: delete it", settings.database);
    let people = fill(&house).await.with_context(incomplete)?;
    let mut out = stdout();
    writeln!(out, "demo database: {}\nusers, with passwords that are shown this once:", settings.database)?;
    people.iter().try_for_each(|person| writeln!(out, "  {person}"))?;
    let Some(doors) = doors else {
        house.close().await;
        return Ok(());
    };
    let server = Server::start(house, doors, &settings)?;
    server.greet(&mut out)?;
    server.run().await
}

/// Whoever reaches the sandbox charges a wallet without paying: only this machine does, unless somebody wants it otherwise.
fn sandbox_stays_home(settings: &Settings) -> Result<(), Refused> {
    let Settings { listen, payment_gateway, allow_sandbox, .. } = settings;
    let home = *payment_gateway != Gateway::Sandbox || listen.ip().is_loopback();
    let refusal = format!(
        "payment_gateway is sandbox, and listen = {listen} can be reached from other machines: anybody could charge a \
         wallet without paying; listen on loopback (--listen 127.0.0.1:{}), or, for a trial, set allow_sandbox = true",
        listen.port()
    );
    unless(home || *allow_sandbox, refusal)
}

/// Anybody could charge a demo's wallets, so it is served to this machine alone.
fn demo_doors(settings: &Settings) -> Result<Doors> {
    let loopback = settings.listen.ip().is_loopback();
    unless(loopback, "a demo is served on loopback only: write --listen 127.0.0.1:8080")?;
    Doors::open(settings)
}

/// A database that stays needs keys that stay, once something is sold; one that goes away takes its keys with it.
fn demo_keys(demo: &Demo, settings: &Settings) -> Result<Keys> {
    let stays = demo.database.is_some() || matches!(settings.database, DatabaseAddress::Server(_));
    if demo.serve && stays { Keys::load_or_create(&settings.keys_file) } else { Keys::generate() }
}

async fn verify_command(settings: &Settings) -> Result<ExitCode> {
    logs::start(settings)?;
    let right = verify::verify(settings, &mut stdout())
        .await
        .map_err(|error| Refused(format!("the database can't be verified: {error:#}")))?;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn stand_in(id: Uuid, settings: &Settings) -> Result<()> {
    logs::start(settings)?;
    user::add_stand_in(UserId::new(id), settings, &mut stdout()).await
}

fn add_operator(new: NewOperator, settings: &Settings) -> Result<()> {
    let newcomer = Newcomer::ask(new)?;
    on_runtime(async {
        logs::start(settings)?;
        newcomer.add(settings, &mut stdout()).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_stays_home_unless_somebody_wants_it_otherwise() {
        let refused = |listen: &str, allow: &str| {
            let mut given = Given { directory: "/nowhere".into(), ..Given::default() };
            given.flags.0.extend([("listen", listen.to_owned()), ("allow_sandbox", allow.to_owned())]);
            sandbox_stays_home(&Settings::load(&given).unwrap()).err().map(|refused| refused.0)
        };
        for listen in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
            let said = refused(listen, "false").unwrap();
            assert!(said.contains("allow_sandbox = true") && said.contains(listen), "{said}");
            assert_eq!(refused(listen, "true"), None);
        }
        for listen in ["127.0.0.1:80", "[::1]:80", "127.8.9.1:80"] {
            assert_eq!(refused(listen, "false"), None);
        }
    }
}
