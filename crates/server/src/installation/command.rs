//! `frontrow installation`: what the installation is, and changing it.

use super::{instance_settings, marks, remedy};
use crate::database::open_existing_database;
use crate::keys::Keys;
use crate::refused::{Refused, unless};
use crate::settings::Settings;
use anyhow::Result;
use clap::Subcommand;
use frontrow_adapters::UuidV7Source;
use frontrow_adapters::sql::{Database, SqlInstallation, newest_step};
use frontrow_application::port::{IdSource, InstallationStore, NumberMarks, StoreError};
use frontrow_application::{EnterInstallation, InstanceSettings};
use frontrow_domain::{Installation, InstallationChange, NumberSource};
use std::io::{Write, stdout};
use std::sync::Arc;

/// What to do with the installation.
#[derive(Debug, Subcommand)]
pub enum InstallationCommand {
    /// Shows what every instance must have, and how an instance with these settings would differ.
    Show,
    /// Changes what every instance must have.
    Change {
        /// What to change.
        #[command(subcommand)]
        change: ChangeCommand,
    },
}

/// What to change in the installation. The new value always comes from the settings here.
#[derive(Debug, Subcommand)]
pub enum ChangeCommand {
    /// Adopts the currency of the settings here. Stop all instances first.
    Currency {
        /// Confirms the change although something is booked: all amounts keep their numbers, and are in the new
        /// currency from then on.
        #[arg(long)]
        relabel: bool,
    },
    /// Adopts the source of queue numbers of the settings here. Stop all instances first. To change between the database
    /// and Redis, also close the queues that people have joined.
    Numbers,
}

/// Does what the command line says, on the database itself.
pub async fn work(asked: InstallationCommand, settings: &Settings) -> Result<()> {
    crate::logs::start(settings)?;
    let database = open_existing_database(settings).await?;
    let command = Command { store: SqlInstallation::new(database.clone()), database: database.clone(), settings };
    let done = match asked {
        InstallationCommand::Show => command.show(&mut stdout()).await,
        InstallationCommand::Change { change } => command.change(change, &mut stdout()).await,
    };
    database.close().await;
    done
}

/// What a command works with.
struct Command<'a> {
    store: SqlInstallation,
    database: Arc<Database>,
    settings: &'a Settings,
}

impl Command<'_> {
    async fn show(&self, out: &mut dyn Write) -> Result<()> {
        let installation = self.known().await?;
        describe(&installation, out)?;
        writeln!(out, "schema: {}", newest_step())?;
        let Some(own) = self.own()? else {
            return Ok(writeln!(
                out,
                "there is no keys file here to compare with: {}",
                self.settings.keys_file.display()
            )?);
        };
        let marks = marks(self.settings)?.map(|marks| -> Arc<dyn NumberMarks> { marks });
        let store = Arc::new(SqlInstallation::new(self.database.clone()));
        let enter = EnterInstallation { store, marks, ids: Arc::new(UuidV7Source) };
        let differences = enter.differences(&own).await?;
        if differences.is_empty() {
            writeln!(out, "an instance with the settings here may start")?;
        }
        for difference in differences {
            writeln!(out, "an instance with the settings here may not start: {difference}: {}", remedy(&difference))?;
        }
        Ok(())
    }

    async fn change(&self, change: ChangeCommand, out: &mut dyn Write) -> Result<()> {
        let known = self.known().await?;
        let change = match change {
            ChangeCommand::Currency { relabel } => self.currency(relabel).await?,
            ChangeCommand::Numbers => match self.numbers(&known).await? {
                Some(numbers) => InstallationChange::Numbers(numbers),
                None => return Ok(writeln!(out, "numbers come from there already")?),
            },
        };
        let next = known.change(&change).map_err(|refusal| Refused(refusal.to_string()))?;
        if next == known {
            return Ok(writeln!(out, "it is so already")?);
        }
        let changed = self.write(&known, &next).await;
        // Where nobody knows whether it has changed, the mark may be the installation's: one too many does no harm.
        if let (Err(error), InstallationChange::Numbers(NumberSource::Redis { mark }), Some(marks)) =
            (&changed, &change, marks(self.settings)?)
            && error.is::<Refused>()
            && let Err(error) = marks.remove(mark).await
        {
            tracing::warn!(%error, mark, "a mark that nobody needs is left in Redis");
        }
        changed?;
        describe(&next, out)
    }

    async fn write(&self, known: &Installation, next: &Installation) -> Result<()> {
        match self.store.change(known, next).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(sales)) => {
                let sales: Vec<String> = sales.iter().map(ToString::to_string).collect();
                let why = "people wait in the queues of these sales, and keep their queue entries where their numbers come from";
                Err(Refused(format!("{why}: close the queues first: {}", sales.join(", "))).into())
            }
            Err(StoreError::Stale) => {
                Err(Refused("somebody else has changed the installation meanwhile: look at it again".into()).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn currency(&self, relabel: bool) -> Result<InstallationChange> {
        let booked = self.store.has_amounts().await?;
        let currency = self.settings.currency.clone();
        let why = format!(
            "amounts are booked, and {currency} would be the currency of all of them as they stand: if that is meant, \
             frontrow installation change currency --relabel"
        );
        unless(relabel || !booked, why)?;
        Ok(InstallationChange::Currency(currency))
    }

    /// Where numbers are to come from; `None` if they do. A Redis gets a mark of its own, which no other has.
    async fn numbers(&self, known: &Installation) -> Result<Option<NumberSource>> {
        let Some(marks) = marks(self.settings)? else {
            return Ok(Some(NumberSource::Database).filter(|numbers| *numbers != known.numbers));
        };
        if let NumberSource::Redis { mark } = &known.numbers
            && marks.has(mark).await?
        {
            return Ok(None);
        }
        let mark = UuidV7Source.id().simple().to_string();
        marks.put(&mark).await?;
        Ok(Some(NumberSource::Redis { mark }))
    }

    async fn known(&self) -> Result<Installation> {
        let known = self.store.installation().await?;
        let none = || Refused("no instance has started yet: the first one says what the installation is".into());
        Ok(known.ok_or_else(none)?)
    }

    /// What an instance here would be; `None` if there is no file with keys, which is not made.
    fn own(&self) -> Result<Option<InstanceSettings>> {
        let keys = Keys::load(&self.settings.keys_file)?;
        Ok(keys.map(|keys| instance_settings(self.settings, &keys)))
    }
}

fn describe(installation: &Installation, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "currency: {}", installation.currency)?;
    writeln!(out, "numbers: from {}", installation.numbers)?;
    for (ring, keys) in &installation.keys {
        let keys: Vec<String> = keys.iter().map(|(key, print)| format!("{key} (print {print})")).collect();
        writeln!(out, "{ring}: {}", keys.join(", "))?;
    }
    Ok(())
}
