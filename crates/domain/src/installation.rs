//! What all instances that serve one database have to agree on.
//!
//! The database keeps it as one row. An instance that differs would refuse the others' tokens, show the same balance in
//! another currency, or hand out numbers from somewhere else, so it does not start.

use crate::record::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use thiserror::Error;

/// What keys are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// Signs who somebody is: access tokens.
    AccessTokens,
    /// Queue tokens and passes.
    Queue,
    /// The codes on tickets.
    TicketCodes,
}

/// The prints of keys, by id. A print tells two keys of the same id apart, and says nothing of the key itself.
pub type KeyPrints = BTreeMap<String, String>;

/// Where queue numbers come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberSource {
    /// From the database.
    Database,
    /// From the Redis that has this mark.
    Redis {
        /// Random, and made anew whenever another Redis is chosen.
        mark: String,
    },
}

impl NumberSource {
    /// Whether people who wait keep their queue entries when numbers come from `next` instead. A Redis knows them again
    /// by their queue tokens, as after a loss of all that it had.
    pub const fn passes_entries_on_to(&self, next: &Self) -> bool {
        matches!((self, next), (Self::Redis { .. }, Self::Redis { .. }))
    }
}

/// What the database says that every instance has to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// The one currency, as in ISO 4217.
    pub currency: String,
    /// Where numbers come from.
    pub numbers: NumberSource,
    /// The keys that an instance may sign with, and so that every instance has to know.
    pub keys: BTreeMap<Ring, KeyPrints>,
    /// Goes up by one with every change.
    #[serde(skip, default = "first")]
    pub version: Version,
}

fn first() -> Version {
    Version::FIRST
}

/// The keys of one ring that an instance has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceKeys {
    /// The id of the one that it signs with.
    pub current: String,
    /// All that it knows.
    pub known: KeyPrints,
}

/// What an instance takes numbers from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceNumbers {
    /// From the database.
    Database,
    /// From a Redis: the installation's, or one that can't be asked now and gives no number before it has been.
    Redis,
    /// From a Redis without the installation's mark.
    OtherRedis,
}

/// What an instance has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The currency in its settings, as in ISO 4217.
    pub currency: String,
    /// Where it takes numbers from.
    pub numbers: InstanceNumbers,
    /// What its keys file has, by ring.
    pub keys: BTreeMap<Ring, InstanceKeys>,
}

/// Something in which an instance differs from its installation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Difference {
    /// It would show all amounts in another currency.
    #[error("currency: the installation has {installation}, this instance {instance}")]
    Currency {
        /// The currency that the database says.
        installation: String,
        /// The currency in the settings here.
        instance: String,
    },
    /// It would hand out numbers from somewhere else.
    #[error("source of numbers: the installation has {installation}, this instance {instance}")]
    Numbers {
        /// Where the database says that numbers come from.
        installation: NumberSource,
        /// Where the settings here say so.
        instance: InstanceNumbers,
    },
    /// It would refuse what others sign.
    #[error("{ring}: the installation has key {key}, this instance does not")]
    LacksKey {
        /// Of this ring.
        ring: Ring,
        /// The key's id.
        key: String,
    },
    /// It would refuse what others sign, too.
    #[error("{ring}: the installation and this instance have different keys by the name of {key}")]
    OtherKey {
        /// Of this ring.
        ring: Ring,
        /// The key's id.
        key: String,
    },
    /// Others may refuse what it signs.
    #[error("{ring}: this instance signs with key {key}, which the installation does not list")]
    UnlistedKey {
        /// Of this ring.
        ring: Ring,
        /// The key's id.
        key: String,
    },
}

/// A change of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstallationChange {
    /// From now on instances may sign with that key, and all have to know it.
    AddKey {
        /// Of this ring.
        ring: Ring,
        /// Id of the key in its ring, as in the keys file.
        key: String,
        /// What tells the key from others of the same id, and does not give it away.
        print: String,
    },
    /// From now on no instance may sign with that key, and none has to know it.
    RemoveKey {
        /// Of this ring.
        ring: Ring,
        /// Id of the key in its ring, as in the keys file.
        key: String,
    },
    /// Amounts stay as they are, in another currency.
    Currency(String),
    /// Numbers come from somewhere else.
    Numbers(NumberSource),
}

/// Why the installation can't be changed so.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChangeRefused {
    /// Nothing could be signed.
    #[error("{key} is the only key of {ring}: add another one first")]
    LastKey {
        /// Of this ring.
        ring: Ring,
        /// The key's id.
        key: String,
    },
    /// Nobody knows it.
    #[error("the installation lists no key {key} of {ring}")]
    NoSuchKey {
        /// Of this ring.
        ring: Ring,
        /// The key's id.
        key: String,
    },
    /// It would replace a key that tokens are signed with.
    #[error("the installation lists another key of {ring} by the name of {key}: give the new one a name of its own")]
    NameTaken {
        /// Of this ring.
        ring: Ring,
        /// The key's id.
        key: String,
    },
}

impl Ring {
    /// Every ring.
    pub const ALL: [Self; 3] = [Self::AccessTokens, Self::Queue, Self::TicketCodes];

    /// Its name, as in the file with the keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessTokens => "access_tokens",
            Self::Queue => "queue",
            Self::TicketCodes => "ticket_codes",
        }
    }
}

impl Installation {
    /// Of the first instance: what it has is what all have to have.
    pub fn of(first: &Instance, numbers: NumberSource) -> Self {
        let keys = first.keys.iter().map(|(ring, keys)| (*ring, keys.known.clone())).collect();
        Self { currency: first.currency.clone(), numbers, keys, version: Version::FIRST }
    }

    /// Everything in which the instance differs. An instance may know more keys than are listed: so they get everywhere,
    /// one instance after the other, before the first of them signs.
    pub fn differences(&self, instance: &Instance) -> Vec<Difference> {
        let mut differences = Vec::new();
        if self.currency != instance.currency {
            let (installation, instance) = (self.currency.clone(), instance.currency.clone());
            differences.push(Difference::Currency { installation, instance });
        }
        let same_source = matches!(
            (&self.numbers, instance.numbers),
            (NumberSource::Database, InstanceNumbers::Database) | (NumberSource::Redis { .. }, InstanceNumbers::Redis)
        );
        if !same_source {
            let (installation, instance) = (self.numbers.clone(), instance.numbers);
            differences.push(Difference::Numbers { installation, instance });
        }
        let none = (KeyPrints::new(), InstanceKeys::default());
        for ring in Ring::ALL {
            let (listed, has) = (self.keys.get(&ring).unwrap_or(&none.0), instance.keys.get(&ring).unwrap_or(&none.1));
            differences.extend(differences_of_ring(ring, listed, has));
        }
        differences
    }

    /// The installation after the change; the same if there is nothing to do.
    pub fn change(&self, change: &InstallationChange) -> Result<Self, ChangeRefused> {
        let mut next = self.clone();
        match change {
            InstallationChange::AddKey { ring, key, print } => next.add_key(*ring, key, print)?,
            InstallationChange::RemoveKey { ring, key } => next.remove_key(*ring, key)?,
            InstallationChange::Currency(currency) => next.currency.clone_from(currency),
            InstallationChange::Numbers(numbers) => next.numbers.clone_from(numbers),
        }
        if next != *self {
            next.version = self.version.next();
        }
        Ok(next)
    }

    fn add_key(&mut self, ring: Ring, key: &str, print: &str) -> Result<(), ChangeRefused> {
        let listed = self.keys.entry(ring).or_default();
        match listed.get(key) {
            Some(known) if known != print => Err(ChangeRefused::NameTaken { ring, key: key.to_owned() }),
            _ => {
                listed.insert(key.to_owned(), print.to_owned());
                Ok(())
            }
        }
    }

    fn remove_key(&mut self, ring: Ring, key: &str) -> Result<(), ChangeRefused> {
        let listed = self.keys.entry(ring).or_default();
        if !listed.contains_key(key) {
            return Err(ChangeRefused::NoSuchKey { ring, key: key.to_owned() });
        }
        if listed.len() == 1 {
            return Err(ChangeRefused::LastKey { ring, key: key.to_owned() });
        }
        listed.remove(key);
        Ok(())
    }
}

fn differences_of_ring(ring: Ring, listed: &KeyPrints, has: &InstanceKeys) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (key, print) in listed {
        match has.known.get(key) {
            Some(known) if known == print => {}
            Some(_) => differences.push(Difference::OtherKey { ring, key: key.clone() }),
            None => differences.push(Difference::LacksKey { ring, key: key.clone() }),
        }
    }
    if !listed.contains_key(&has.current) {
        differences.push(Difference::UnlistedKey { ring, key: has.current.clone() });
    }
    differences
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for NumberSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("the database"),
            Self::Redis { mark } => write!(f, "the Redis with mark {mark}"),
        }
    }
}

impl fmt::Display for InstanceNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "the database (redis_url is off)",
            Self::Redis => "Redis",
            Self::OtherRedis => "a Redis without that mark (another one, or one that has lost everything)",
        })
    }
}
