//! What each command does.

use crate::application::Application;
use crate::cli::{Action, Demo, DrawAction, NewOperator, OperatorAction, UserAction};
use crate::database::{open_and_migrate, open_empty_database};
use crate::demo::{DemoFile, fill};
use crate::gateway::Gateway;
use crate::keys::Keys;
use crate::operator::Newcomer;
use crate::refused::{Refused, unless};
use crate::serve::{Listeners, Server};
use crate::settings::{DatabaseAddress, Given, Settings, show};
use crate::{draw, exposure, installation, logs, mock, rotation, sale, user, verify};
use anyhow::{Context, Result};
use frontrow_domain::UserId;
use std::collections::BTreeMap;
use std::future::Future;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use uuid::Uuid;

/// Runs the command that the command line names.
pub fn run(action: Action, given: &Given) -> Result<ExitCode> {
    match action {
        Action::Serve => on_runtime(serve_command(&Settings::load(given)?))?,
        Action::Migrate => on_runtime(migrate(&for_people(given)?))?,
        Action::Demo(demo) => on_runtime(demo_command(demo, for_people(given)?, given))?,
        Action::Mock(options) => on_runtime(mock::serve(options, &mut stdout()))?,
        Action::Verify => return on_runtime(verify_command(&for_people(given)?)),
        Action::Openapi => writeln!(stdout(), "{}", frontrow_web::openapi_json()?)?,
        Action::Operator { action: OperatorAction::Add(new) } => add_operator(new, &for_people(given)?)?,
        Action::User { action: UserAction::StandIn { user } } => on_runtime(stand_in(user, &for_people(given)?))?,
        Action::Sale { action } => on_runtime(sale::work(action, &for_people(given)?))?,
        Action::Draw { action: DrawAction::Verify { directory } } => return draw::verify(&directory, &mut stdout()),
        Action::Draw { action } => on_runtime(draw::work(action, &for_people(given)?))?,
        Action::Installation { command } => on_runtime(installation::work(command, &for_people(given)?))?,
        Action::Keys { command } => on_runtime(rotation::work(command, &for_people(given)?))?,
        Action::Config { check: true } => {
            let fine = exposure::check(&Settings::load(given)?, &mut stdout())?;
            return Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Action::Config { check: false } => {
            Settings::load(given)?;
            show(given, &mut stdout())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Commands that somebody types and waits for say little, and not in JSON.
fn for_people(given: &Given) -> Result<Settings> {
    // What they do about security is in a file, if it has one; otherwise they would tell it to whoever types.
    let own = BTreeMap::from([("log", "warn,security=off"), ("log_format", "text")]);
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
    let listeners = Listeners::open(settings)?;
    let server = Server::start(Application::open(settings, &keys).await?, listeners, settings)?;
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
    let target = DemoTarget::choose(&demo, &settings, given)?;
    logs::start(&settings)?;
    let listeners = if demo.serve { Some(demo_listeners(&settings, given)?) } else { None };
    let file = match &target {
        DemoTarget::Server => None,
        DemoTarget::File(path) => Some(DemoFile::new(Some(path.clone()), demo.serve)?),
        DemoTarget::Nameless => Some(DemoFile::new(None, demo.serve)?),
    };
    if let Some(file) = &file {
        settings.database = DatabaseAddress::File(file.path.clone());
        settings.database_password_file = None;
    }
    let on_server = file.is_none();
    let database = if on_server { open_empty_database(&settings).await? } else { open_and_migrate(&settings).await? };
    let keys = if demo.serve && target != DemoTarget::Nameless {
        // A database that stays needs keys that stay, once something is sold.
        Keys::load_or_create(&settings.keys_file)?
    } else {
        Keys::generate()?
    };
    // Keys that go away with this command are not those that others have to have.
    let installation =
        if listeners.is_some() { Some(installation::enter(&database, &settings, &keys).await?) } else { None };
    let application = Application::on(database, &settings, &keys, installation.as_ref()).await?;
    let incomplete = || format!("the demo in {} is incomplete: delete it", settings.database);
    let people = fill(&application).await.with_context(incomplete)?;
    let mut out = stdout();
    writeln!(out, "demo database: {}\nusers, with passwords that are shown this once:", settings.database)?;
    people.iter().try_for_each(|person| writeln!(out, "  {person}"))?;
    let Some(listeners) = listeners else {
        application.close().await;
        return Ok(());
    };
    let server = Server::start(application, listeners, &settings)?;
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

/// The database that a demo fills.
#[derive(Debug, PartialEq, Eq)]
enum DemoTarget {
    /// `database_url` names a server.
    Server,
    /// A flag or `database_url` names a file.
    File(PathBuf),
    /// Nothing names a database: a served demo has one that is deleted with it.
    Nameless,
}

impl DemoTarget {
    fn choose(demo: &Demo, settings: &Settings, given: &Given) -> Result<Self, Refused> {
        let two_flags = demo.database.is_some() && given.flags.0.contains_key("database_url");
        unless(
            !two_flags,
            "--database names a file, --database-url an address: name the demo's database with one of them",
        )?;
        Ok(match (&demo.database, &settings.database) {
            (None, _) if !given.names("database_url") => Self::Nameless,
            (None, DatabaseAddress::Server(_)) => Self::Server,
            (Some(path), _) | (None, DatabaseAddress::File(path)) => Self::File(path.clone()),
        })
    }
}

/// Anybody could charge a demo's wallets, so it is served to this machine alone.
fn demo_listeners(settings: &Settings, given: &Given) -> Result<Listeners> {
    let loopback = settings.listen.ip().is_loopback();
    unless(loopback, "a demo is served on loopback only: write --listen 127.0.0.1:8080")?;
    if given.names("metrics_listen") {
        Listeners::open(settings)
    } else {
        Listeners::open_with_metrics_anywhere(settings)
    }
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

    fn demo_target(flag: Option<&str>, given: &Given) -> Result<DemoTarget, String> {
        let demo = Demo { serve: true, database: flag.map(PathBuf::from) };
        DemoTarget::choose(&demo, &for_people(given).unwrap(), given).map_err(|refused| refused.0)
    }

    #[test]
    fn a_demo_fills_the_database_that_file_environment_or_flag_names() {
        let directory = tempfile::tempdir().unwrap();
        let mut given = Given { directory: directory.path().into(), ..Given::default() };
        let file = |path: &str| Ok(DemoTarget::File(path.into()));
        assert_eq!(demo_target(None, &given), Ok(DemoTarget::Nameless));
        assert_eq!(demo_target(Some("flag.sqlite"), &given), file("flag.sqlite"));

        std::fs::write(directory.path().join("frontrow.toml"), "database_url = \"sqlite://settings.sqlite\"").unwrap();
        assert_eq!(demo_target(None, &given), file("settings.sqlite"));
        given.environment.insert("FRONTROW_DATABASE_URL".to_owned(), "sqlite://environment.sqlite".to_owned());
        assert_eq!(demo_target(None, &given), file("environment.sqlite"));
        given.environment.insert("FRONTROW_DATABASE_URL".to_owned(), "postgres://kim:1@localhost/demo".to_owned());
        assert_eq!(demo_target(None, &given), Ok(DemoTarget::Server));
        assert_eq!(demo_target(Some("flag.sqlite"), &given), file("flag.sqlite"));
        given.flags.0.insert("database_url", "sqlite://address.sqlite".to_owned());
        assert_eq!(demo_target(None, &given), file("address.sqlite"));
        assert!(demo_target(Some("flag.sqlite"), &given).unwrap_err().contains("one of them"));
    }

    #[test]
    fn a_demos_metrics_give_way_unless_somebody_named_their_port() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let mut given = Given { directory: "/nowhere".into(), ..Given::default() };
        given.flags.0.insert("listen", "127.0.0.1:0".to_owned());
        let settings = Settings { metrics_listen: Some(address), ..Settings::load(&given).unwrap() };
        assert!(demo_listeners(&settings, &given).is_ok());
        given.environment.insert("FRONTROW_METRICS_LISTEN".to_owned(), address.to_string());
        let error = demo_listeners(&settings, &given).err().unwrap();
        assert!(format!("{error:#}").contains("FRONTROW_METRICS_LISTEN"), "{error:#}");
    }

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
