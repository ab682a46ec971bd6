//! Starting as one of an installation's instances.

use crate::Error;
use crate::port::{IdSource, InstallationStore, NumberMarks};
use frontrow_domain::{Difference, Installation, Instance, InstanceKeys, InstanceNumbers, NumberSource, Ring};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an instance is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceSettings {
    /// The currency in its settings, as in ISO 4217.
    pub currency: String,
    /// What its keys file has, by ring.
    pub keys: BTreeMap<Ring, InstanceKeys>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is the first one: what it has is what all have to have.
    First(Installation),
    /// It has what it has to have.
    Same(Installation),
    /// It may not start.
    Differs(Vec<Difference>),
}

/// Compares an instance with its installation; the first one says what the installation is.
pub struct EnterInstallation {
    /// Keeps it.
    pub store: Arc<dyn InstallationStore>,
    /// Of the Redis that the instance is set to take numbers from, if it is.
    pub marks: Option<Arc<dyn NumberMarks>>,
    /// Makes marks.
    pub ids: Arc<dyn IdSource>,
}

impl EnterInstallation {
    /// Compares, or writes what is not there yet. Where the Redis can't be asked it counts as the right one: it gives no
    /// number before it has been.
    pub async fn run(&self, settings: &InstanceSettings) -> Result<Entered, Error> {
        match self.store.installation().await? {
            Some(known) => self.compare(known, settings).await,
            None => self.found(settings).await,
        }
    }

    /// Whether the instance still has what it has to have.
    pub async fn differences(&self, settings: &InstanceSettings) -> Result<Vec<Difference>, Error> {
        let Some(known) = self.store.installation().await? else { return Ok(Vec::new()) };
        let numbers = self.numbers(&known).await;
        Ok(known.differences(&instance(settings, numbers)))
    }

    async fn compare(&self, known: Installation, settings: &InstanceSettings) -> Result<Entered, Error> {
        let numbers = self.numbers(&known).await;
        let differences = known.differences(&instance(settings, numbers));
        Ok(if differences.is_empty() { Entered::Same(known) } else { Entered::Differs(differences) })
    }

    /// Its Redis has to be there: nobody could tell later whether it is the one that the first instance had.
    async fn found(&self, settings: &InstanceSettings) -> Result<Entered, Error> {
        let numbers = match &self.marks {
            None => NumberSource::Database,
            Some(marks) => {
                let mark = self.ids.id().simple().to_string();
                marks.put(&mark).await?;
                NumberSource::Redis { mark }
            }
        };
        let used = if self.marks.is_some() { InstanceNumbers::Redis } else { InstanceNumbers::Database };
        let ours = Installation::of(&instance(settings, used), numbers);
        let known = self.store.found(&ours).await?;
        if known == ours {
            return Ok(Entered::First(known));
        }
        // Somebody was faster, and their mark counts.
        if let (Some(marks), NumberSource::Redis { mark }) = (&self.marks, &ours.numbers) {
            marks.remove(mark).await?;
        }
        self.compare(known, settings).await
    }

    async fn numbers(&self, known: &Installation) -> InstanceNumbers {
        match (&self.marks, &known.numbers) {
            (None, _) => InstanceNumbers::Database,
            (Some(_), NumberSource::Database) => InstanceNumbers::OtherRedis,
            (Some(marks), NumberSource::Redis { mark }) => match marks.has(mark).await {
                Ok(false) => InstanceNumbers::OtherRedis,
                Ok(true) | Err(_) => InstanceNumbers::Redis,
            },
        }
    }
}

fn instance(settings: &InstanceSettings, numbers: InstanceNumbers) -> Instance {
    Instance { currency: settings.currency.clone(), numbers, keys: settings.keys.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outage;
    use crate::port::{MockIdSource, MockInstallationStore, MockNumberMarks, StoreError};
    use frontrow_domain::KeyPrints;
    use std::time::Duration;
    use uuid::Uuid;

    const MARK: &str = "00000000000000000000000000000007";

    fn settings(currency: &str) -> InstanceSettings {
        let keys = InstanceKeys { current: "a".into(), known: KeyPrints::from([("a".into(), "print".into())]) };
        InstanceSettings { currency: currency.into(), keys: Ring::ALL.map(|ring| (ring, keys.clone())).into() }
    }

    fn installation(numbers: NumberSource) -> Installation {
        Installation::of(&instance(&settings("KRW"), InstanceNumbers::Database), numbers)
    }

    fn on_redis() -> Installation {
        installation(NumberSource::Redis { mark: MARK.into() })
    }

    fn enter(store: MockInstallationStore, marks: Option<MockNumberMarks>) -> EnterInstallation {
        let mut ids = MockIdSource::new();
        ids.expect_id().returning(|| Uuid::from_u128(7));
        let marks = marks.map(|marks| -> Arc<dyn NumberMarks> { Arc::new(marks) });
        EnterInstallation { store: Arc::new(store), marks, ids: Arc::new(ids) }
    }

    fn that_has(known: Option<Installation>) -> MockInstallationStore {
        let mut store = MockInstallationStore::new();
        store.expect_installation().return_once(move || Ok(known));
        store
    }

    #[tokio::test]
    async fn the_first_instance_says_what_all_have_to_have() {
        let mut store = that_has(None);
        store.expect_found().return_once(|first| Ok(first.clone()));
        let entered = enter(store, None).run(&settings("KRW")).await;
        assert_eq!(entered, Ok(Entered::First(installation(NumberSource::Database))));

        let mut store = that_has(None);
        store.expect_found().return_once(|first| Ok(first.clone()));
        let mut marks = MockNumberMarks::new();
        marks.expect_put().withf(|mark| mark == MARK).times(1).return_once(|_| Ok(()));
        assert_eq!(enter(store, Some(marks)).run(&settings("KRW")).await, Ok(Entered::First(on_redis())));
    }

    #[tokio::test]
    async fn who_was_slower_is_compared_and_takes_its_mark_away() {
        let mut store = that_has(None);
        store.expect_found().return_once(|_| Ok(installation(NumberSource::Database)));
        let mut marks = MockNumberMarks::new();
        marks.expect_put().return_once(|_| Ok(()));
        marks.expect_remove().withf(|mark| mark == MARK).times(1).return_once(|_| Ok(()));
        let entered = enter(store, Some(marks)).run(&settings("USD")).await.unwrap();
        let Entered::Differs(differences) = entered else { panic!("{entered:?}") };
        assert_eq!(differences.len(), 2, "{differences:?}");
    }

    #[tokio::test]
    async fn the_first_instance_needs_its_redis_and_others_can_do_without_for_a_while() {
        let away = StoreError::Outage(Outage::Unavailable { retry_after: Duration::ZERO });
        let mut marks = MockNumberMarks::new();
        let error = away.clone();
        marks.expect_put().return_once(move |_| Err(error));
        assert_eq!(enter(that_has(None), Some(marks)).run(&settings("KRW")).await, Err(away.clone().into()));

        let mut marks = MockNumberMarks::new();
        marks.expect_has().return_once(move |_| Err(away));
        let entered = enter(that_has(Some(on_redis())), Some(marks)).run(&settings("KRW")).await;
        assert_eq!(entered, Ok(Entered::Same(on_redis())));
    }

    #[tokio::test]
    async fn a_redis_without_the_mark_is_another_one() {
        for (has, fine) in [(true, true), (false, false)] {
            let mut marks = MockNumberMarks::new();
            marks.expect_has().withf(|mark| mark == MARK).return_once(move |_| Ok(has));
            let entered = enter(that_has(Some(on_redis())), Some(marks)).run(&settings("KRW")).await.unwrap();
            assert_eq!(matches!(entered, Entered::Same(_)), fine, "{entered:?}");
        }
        let entered = enter(that_has(Some(on_redis())), None).run(&settings("KRW")).await.unwrap();
        assert!(matches!(entered, Entered::Differs(_)), "{entered:?}");
        let database = installation(NumberSource::Database);
        let entered = enter(that_has(Some(database)), Some(MockNumberMarks::new())).run(&settings("KRW")).await;
        assert!(matches!(entered, Ok(Entered::Differs(_))), "{entered:?}");
    }
}
