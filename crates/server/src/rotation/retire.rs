//! `frontrow keys retire`: a key goes once nothing is left that it signed.

use super::{change_list, load, now_in_seconds, refused};
use crate::database::open_existing_database;
use crate::keys::{KeyRing, Keys};
use crate::refused::Refused;
use crate::settings::Settings;
use anyhow::Result;
use frontrow_adapters::sql::{Database, SqlInstallation, SqlQueues};
use frontrow_adapters::{SystemClock, UuidV7Source};
use frontrow_application::port::{InstallationStore, QueueStore};
use frontrow_domain::{InstallationChange, Ring};
use jiff::Timestamp;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// How much longer than its file says an instance may have signed with a key: until it got the file, and SIGHUP.
const RELOAD: Duration = Duration::from_mins(5);

pub(super) async fn retire(
    ring: Ring,
    key: &str,
    anyway: bool,
    settings: &Settings,
    out: &mut dyn Write,
) -> Result<()> {
    let keys = load(settings)?;
    // Looked at before the list is changed; what is in the file is looked at again when it is.
    refused(ring, key, keys.ring(ring).clone().retire(key))?;
    let database = open_existing_database(settings).await?;
    let store = SqlInstallation::new(database.clone());
    let unlisted = async {
        let known = store.installation().await?;
        let is_listed = known.is_some_and(|known| known.keys.get(&ring).is_some_and(|keys| keys.contains_key(key)));
        // No instance may have signed with a key that isn't listed.
        if !is_listed {
            return Ok(());
        }
        if let (false, Some(why)) = (anyway, still_good(ring, key, keys.ring(ring), &database, settings).await?) {
            return Err(Refused(format!("{key} of {ring}: {why}; to retire it all the same: --anyway")).into());
        }
        change_list(&store, &InstallationChange::RemoveKey { ring, key: key.to_owned() }).await
    };
    let unlisted = unlisted.await;
    database.close().await;
    unlisted?;
    Keys::update(&settings.keys_file, |keys| refused(ring, key, keys.ring_mut(ring).retire(key)))?;
    tracing::info!(target: "security", event = "key_retired", %ring, key);
    writeln!(out, "{ring} has no key {key} any more in {}", settings.keys_file.display())?;
    writeln!(out, "next: bring the file to every instance, and send each SIGHUP")?;
    Ok(())
}

/// What may be valid that the key signed; `None` if nothing can be.
async fn still_good(
    ring: Ring,
    key: &str,
    keys: &KeyRing,
    database: &Arc<Database>,
    settings: &Settings,
) -> Result<Option<String>> {
    match ring {
        Ring::AccessTokens => {
            Ok(tokens_good(keys.replaced.get(key).copied(), now_in_seconds(), settings.access_lifetime))
        }
        Ring::Queue => {
            let queues = SqlQueues::open(database, Arc::new(SystemClock), Arc::new(UuidV7Source)).await?;
            let live = queues.queues().await;
            queues.drain().await;
            let live = live?.len();
            let why = "people may be in them with tokens that it signed, and would lose their queue entries";
            Ok((live > 0).then(|| format!("{live} queues are not over: {why}")))
        }
        Ring::TicketCodes => {
            Ok(Some("the codes that it signed are on tickets, and could not be checked any more".to_owned()))
        }
    }
}

/// Until when access tokens may be valid that a key signed which was replaced then, in whole seconds since 1970.
fn tokens_good(replaced: Option<i64>, now: i64, lifetime: Duration) -> Option<String> {
    let Some(replaced) = replaced else {
        return Some("the keys file doesn't say since when it signs no more, so access tokens may be valid".to_owned());
    };
    let last = replaced.saturating_add((lifetime + RELOAD).as_secs().try_into().unwrap_or(i64::MAX));
    let until = Timestamp::from_second(last).map_or_else(|_| "some day".to_owned(), |until| until.to_string());
    (now < last).then(|| format!("access tokens that it signed may be valid until {until}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_as_long_as_the_last_token_that_it_may_have_signed() {
        let lifetime = Duration::from_mins(15);
        assert!(tokens_good(None, 1_000_000, lifetime).unwrap().contains("doesn't say"));
        let said = tokens_good(Some(0), 1199, lifetime).unwrap();
        assert!(said.contains("1970-01-01T00:20:00Z"), "{said}");
        assert_eq!(tokens_good(Some(0), 1200, lifetime), None);
    }
}
