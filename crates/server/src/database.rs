//! Opening the database.

use crate::settings::{DatabaseAddress, Settings};
use anyhow::{Context, Result, bail, ensure};
use frontrow_adapters::UuidV7Source;
use frontrow_adapters::sql::{Database, DatabaseError, DatabaseSettings, SchemaState};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// The database, ready to be worked with. A file is made if there is none and brought up to date; a server's database
/// may be in use by others, so somebody has to say when: `frontrow migrate`.
pub async fn open_database(settings: &Settings) -> Result<Arc<Database>> {
    match settings.database {
        DatabaseAddress::File(_) => open_and_migrate(settings).await,
        DatabaseAddress::Server(_) => {
            up_to_date(connect(settings, Haste::Serving { create: false }).await?, settings).await
        }
    }
}

/// The database, brought up to date.
pub async fn open_and_migrate(settings: &Settings) -> Result<Arc<Database>> {
    let database = connect(settings, Haste::Serving { create: true }).await?;
    database.migrate().await?;
    Ok(database)
}

/// The database as it is, which has to be there and up to date, for a command that is typed.
pub async fn open_existing_database(settings: &Settings) -> Result<Arc<Database>> {
    up_to_date(connect(settings, Haste::None).await?, settings).await
}

async fn up_to_date(database: Arc<Database>, settings: &Settings) -> Result<Arc<Database>> {
    match database.schema_state().await? {
        SchemaState::Current => Ok(database),
        SchemaState::Newer(steps) => Err(DatabaseError::Newer(steps).into()),
        SchemaState::Pending(_) => bail!("{} is not up to date: run frontrow migrate", settings.database),
    }
}

/// A server's database that nothing is in yet, brought up to date.
pub async fn open_empty_database(settings: &Settings) -> Result<Arc<Database>> {
    let database = connect(settings, Haste::Serving { create: false }).await?;
    let empty = database.is_empty().await?;
    ensure!(empty, "a demo needs an empty database, and {} is not: name another", settings.database);
    database.migrate().await?;
    Ok(database)
}

/// Makes an empty file for a database, which only its owner can read: it will have personal data.
pub fn create_database(path: &Path, has_to_be_new: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    let options = options.append(true).mode(0o600).create(true).create_new(has_to_be_new);
    let unusable = || format!("the database {} can't be written", path.display());
    options.open(path).with_context(unusable)?;
    Ok(())
}

/// How long what is read may take.
#[derive(Clone, Copy)]
enum Haste {
    /// No longer than a request.
    Serving { create: bool },
    /// For somebody who typed a command, and waits. The database has to be there.
    None,
}

/// A command asks one thing after the other, so it takes one connection of each kind.
fn wanted(settings: &Settings, haste: Haste, url: String) -> DatabaseSettings {
    let Haste::Serving { create } = haste else {
        return DatabaseSettings { readers: 1, browsing_readers: 1, writers: Some(1), ..DatabaseSettings::new(url) };
    };
    DatabaseSettings {
        url,
        readers: settings.database_readers,
        browsing_readers: settings.database_browsing_readers,
        writers: settings.database_writers,
        create,
    }
}

async fn connect(settings: &Settings, haste: Haste) -> Result<Arc<Database>> {
    let create = matches!(haste, Haste::Serving { create: true });
    if let (DatabaseAddress::File(file), true) = (&settings.database, create) {
        create_database(file, false)?;
    }
    let address = settings.database_with_password()?;
    let wanted = wanted(settings, haste, address.url());
    let ids = Arc::new(UuidV7Source);
    Ok(Arc::new(match haste {
        Haste::Serving { .. } => Database::open(&wanted, ids).await?,
        Haste::None => Database::open_patiently(&wanted, ids).await?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Given;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn settings(database: &Path) -> Settings {
        let mut given = Given { directory: "/nowhere".into(), ..Given::default() };
        given.flags.0.insert("database_url", format!("sqlite://{}", database.display()));
        Settings::load(&given).unwrap()
    }

    #[tokio::test]
    async fn a_new_database_is_its_owners_alone_and_stays_so() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.sqlite");
        let settings = settings(&file);
        for _ in 0..2 {
            open_database(&settings).await.unwrap().close().await;
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(open_existing_database(&settings).await.is_ok());
    }

    #[tokio::test]
    async fn a_missing_database_is_not_made_where_one_has_to_be() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.sqlite");
        let settings = settings(&file);
        assert!(open_existing_database(&settings).await.is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        fs::write(&file, "").unwrap();
        let error = open_existing_database(&settings).await.err().unwrap();
        assert!(format!("{error:#}").contains("frontrow migrate"), "{error:#}");
    }
}
