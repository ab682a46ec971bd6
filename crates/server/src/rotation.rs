//! `frontrow keys`: changing the keys in two steps, so that nobody is refused.
//!
//! A new key is added first, and gets to every instance, where it only checks. Then it is promoted, and signs. The
//! installation, which is in the database, lists the keys that may sign: an instance that lacks one of them is not ready.

mod command;
mod retire;

pub use command::{KeysCommand, RingWord, work};

use crate::keys::{Keys, RingRefused};
use crate::refused::Refused;
use crate::settings::Settings;
use anyhow::Result;
use frontrow_adapters::SystemClock;
use frontrow_adapters::sql::SqlInstallation;
use frontrow_application::port::{Clock, InstallationStore, StoreError};
use frontrow_domain::{InstallationChange, Ring};

/// Changes which keys the installation lists. The first instance will list those that it has.
async fn change_list(store: &SqlInstallation, change: &InstallationChange) -> Result<()> {
    let Some(known) = store.installation().await? else { return Ok(()) };
    let next = known.change(change).map_err(|refusal| Refused(refusal.to_string()))?;
    if next == known {
        return Ok(());
    }
    match store.change(&known, &next).await {
        // Only another source of numbers is refused because of queues.
        Ok(_) => Ok(()),
        Err(StoreError::Stale) => {
            Err(Refused("somebody else has changed the installation meanwhile: try again".into()).into())
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(ring: Ring, key: &str, changed: Result<(), RingRefused>) -> Result<()> {
    Ok(changed.map_err(|refusal| Refused(format!("{key} of {ring}: {refusal}")))?)
}

fn load(settings: &Settings) -> Result<Keys> {
    let file = &settings.keys_file;
    let none = || Refused(format!("there is no keys file {}: the first start makes it", file.display()));
    Ok(Keys::load(file)?.ok_or_else(none)?)
}

fn now_in_seconds() -> i64 {
    SystemClock.now().micros().div_euclid(1_000_000)
}
