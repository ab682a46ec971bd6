//! What this instance must have in common with all others on its database. Checked before it serves, and regularly
//! while it does.

mod command;
mod guard;

pub use command::{InstallationCommand, work};
pub use guard::{GuardedProbe, InstallationGuard};

use crate::keys::{Key, KeyRing, Keys};
use crate::refused::Refused;
use crate::settings::Settings;
use anyhow::{Context, Result};
use frontrow_adapters::UuidV7Source;
use frontrow_adapters::redis::{RedisMarks, RedisSettings};
use frontrow_adapters::sql::{Database, SqlInstallation};
use frontrow_application::port::{InstallationStore, NumberMarks};
use frontrow_application::{EnterInstallation, Entered, InstanceSettings};
use frontrow_domain::{Difference, Installation, InstanceKeys, InstanceNumbers, NumberSource, Ring};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often to look for a Redis's missing mark: after a loss of data, running instances put it back.
const LOOKS: u32 = 30;
/// How long to wait in between. All waits together are longer than [`InstallationGuard::EVERY`] plus one try.
const PAUSE: Duration = Duration::from_millis(250);
/// Bytes of a key's fingerprint: enough to tell apart any two keys that somebody has mixed up.
const PRINT: usize = 8;

/// The installation, if this instance matches it; otherwise an error with every difference. The first instance on a
/// database defines the installation.
pub async fn enter(database: &Arc<Database>, settings: &Settings, keys: &Keys) -> Result<Installation> {
    let enter = entrance(database, settings)?;
    let own = instance_settings(settings, keys);
    let mut entered = enter.run(&own).await;
    for _ in 1..LOOKS {
        if !entered.as_ref().is_ok_and(lacks_mark) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        entered = enter.run(&own).await;
    }
    match entered.context("what the installation is can't be found out")? {
        Entered::Same(installation) => Ok(installation),
        Entered::First(installation) => {
            tracing::info!(
                currency = installation.currency,
                numbers = %installation.numbers,
                "this is the first instance: from now on all have to have its currency, keys and source of numbers"
            );
            Ok(installation)
        }
        Entered::Differs(differences) => Err(Refused(refusal(&differences)).into()),
    }
}

/// The installation, for a command that hands out no queue numbers but may need to know where they come from. `None` if
/// no instance has started yet.
pub async fn known(database: &Arc<Database>, settings: &Settings) -> Result<Option<Installation>> {
    let Some(known) = SqlInstallation::new(database.clone()).installation().await? else { return Ok(None) };
    let numbers = match (&settings.redis, &known.numbers) {
        (None, _) => InstanceNumbers::Database,
        (Some(_), NumberSource::Database) => InstanceNumbers::OtherRedis,
        // The dispenser checks the mark itself.
        (Some(_), NumberSource::Redis { .. }) => InstanceNumbers::Redis,
    };
    if (numbers == InstanceNumbers::Database) == (known.numbers == NumberSource::Database) {
        return Ok(Some(known));
    }
    let difference = Difference::Numbers { installation: known.numbers, instance: numbers };
    Err(Refused(refusal(&[difference])).into())
}

/// The use case that compares this instance with its installation.
fn entrance(database: &Arc<Database>, settings: &Settings) -> Result<EnterInstallation> {
    let marks = marks(settings)?.map(|marks| -> Arc<dyn NumberMarks> { marks });
    let store = Arc::new(SqlInstallation::new(database.clone()));
    Ok(EnterInstallation { store, marks, ids: Arc::new(UuidV7Source) })
}

fn marks(settings: &Settings) -> Result<Option<Arc<RedisMarks>>> {
    let Some(url) = &settings.redis else { return Ok(None) };
    Ok(Some(Arc::new(RedisMarks::new(RedisSettings::new(url.url()), Arc::new(UuidV7Source))?)))
}

/// The mark that the installation's Redis must have; `None` if it isn't known or numbers come from the database.
pub fn mark(installation: Option<&Installation>) -> Option<String> {
    match installation.map(|installation| &installation.numbers) {
        Some(NumberSource::Redis { mark }) => Some(mark.clone()),
        _ => None,
    }
}

fn lacks_mark(entered: &Entered) -> bool {
    let Entered::Differs(differences) = entered else { return false };
    let lacks = |difference: &Difference| {
        matches!(
            difference,
            Difference::Numbers { installation: NumberSource::Redis { .. }, instance: InstanceNumbers::OtherRedis }
        )
    };
    // Other differences don't go away by themselves.
    differences.iter().all(lacks)
}

/// What the installation is compared with: these settings and keys.
pub fn instance_settings(settings: &Settings, keys: &Keys) -> InstanceSettings {
    let rings = BTreeMap::from([
        (Ring::AccessTokens, prints(Ring::AccessTokens, &keys.access_tokens)),
        (Ring::Queue, prints(Ring::Queue, &keys.queue)),
        (Ring::TicketCodes, prints(Ring::TicketCodes, &keys.ticket_codes)),
    ]);
    InstanceSettings { currency: settings.currency.clone(), keys: rings }
}

fn prints(ring: Ring, keys: &KeyRing) -> InstanceKeys {
    let known = keys.keys.iter().map(|(id, key)| (id.clone(), print(ring, id, key))).collect();
    InstanceKeys { current: keys.current.clone(), known }
}

/// A fingerprint that tells keys apart and reveals nothing: a key is 256 random bits, which nobody can find from a hash,
/// and no signature is made by hashing a text that begins like this one.
fn print(ring: Ring, id: &str, key: &Key) -> String {
    let mut hash = Sha256::new();
    for part in [b"frontrow key print 1".as_slice(), ring.as_str().as_bytes(), id.as_bytes()] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(key.0);
    hex::encode(&hash.finalize()[..PRINT])
}

/// Every difference, with what to do about it.
pub fn refusal(differences: &[Difference]) -> String {
    let queues = differences.iter().map(|difference| format!("  {difference}: {}", remedy(difference)));
    let first = "this instance differs from the installation that the database belongs to".to_owned();
    [first].into_iter().chain(queues).collect::<Vec<_>>().join("\n")
}

fn remedy(difference: &Difference) -> String {
    match difference {
        Difference::Currency { installation, .. } => {
            format!("set currency = \"{installation}\", or change all with frontrow installation change currency")
        }
        Difference::Numbers { installation: NumberSource::Database, .. } => {
            "set redis_url = \"off\", or change all with frontrow installation change numbers".to_owned()
        }
        Difference::Numbers { instance: InstanceNumbers::Database, .. } => {
            "set redis_url as the other instances have it, or change all with frontrow installation change numbers"
                .to_owned()
        }
        Difference::Numbers { .. } => {
            "set redis_url as the other instances have it; if it is the right one and has lost everything, or is to \
             replace the other, frontrow installation change numbers"
                .to_owned()
        }
        Difference::OtherKey { .. } => "replace this instance's keys_file with that of another instance".to_owned(),
        Difference::LacksKey { ring, key } => {
            format!("put key {key} of {ring} from the keys_file of another instance into this one's")
        }
        Difference::UnlistedKey { ring, key } => format!(
            "let a listed key sign, put {key} into the keys_file of every instance, and then frontrow keys promote \
             {ring} {key}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_tells_keys_rings_and_ids_apart_and_is_no_key() {
        let (one, other) = (Key([1; 32]), Key([2; 32]));
        let known = print(Ring::Queue, "a", &one);
        assert_eq!(known.len(), 2 * PRINT);
        assert_eq!(print(Ring::Queue, "a", &one), known);
        for different in
            [print(Ring::Queue, "a", &other), print(Ring::Queue, "b", &one), print(Ring::AccessTokens, "a", &one)]
        {
            assert_ne!(different, known);
        }
    }

    #[test]
    fn a_refusal_says_what_differs_what_each_side_has_and_what_to_do() {
        let differences = [
            Difference::Currency { installation: "KRW".into(), instance: "USD".into() },
            Difference::UnlistedKey { ring: Ring::Queue, key: "b".into() },
        ];
        let text = refusal(&differences);
        for part in ["has KRW", "instance USD", "set currency = \"KRW\"", "keys promote queue b"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
