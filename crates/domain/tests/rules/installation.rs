//! What all instances have to agree on, and how that changes.

use frontrow_domain::{
    ChangeRefused, Difference, Installation, InstallationChange, Instance, InstanceKeys, InstanceNumbers, KeyPrints,
    NumberSource, Ring,
};
use std::collections::BTreeMap;

fn keys(current: &str, known: &[&str]) -> InstanceKeys {
    let print = |key: &&str| ((*key).to_owned(), format!("print of {key}"));
    InstanceKeys { current: current.to_owned(), known: known.iter().map(print).collect() }
}

/// One whose rings all have these keys.
fn instance(current: &str, known: &[&str]) -> Instance {
    Instance {
        currency: "KRW".into(),
        numbers: InstanceNumbers::Database,
        keys: Ring::ALL.map(|ring| (ring, keys(current, known))).into(),
    }
}

/// One whose queue tokens alone are signed with these.
fn with_queue(current: &str, known: &[&str]) -> Instance {
    let mut instance = instance("a", &["a"]);
    instance.keys.insert(Ring::Queue, keys(current, known));
    instance
}

fn installation() -> Installation {
    Installation::of(&instance("a", &["a"]), NumberSource::Database)
}

fn add(key: &str) -> InstallationChange {
    InstallationChange::AddKey { ring: Ring::Queue, key: key.into(), print: format!("print of {key}") }
}

fn remove(key: &str) -> InstallationChange {
    InstallationChange::RemoveKey { ring: Ring::Queue, key: key.into() }
}

#[test]
fn the_first_instance_says_what_all_have_to_have() {
    assert_eq!(installation().differences(&instance("a", &["a"])), []);
    let several = Installation::of(&instance("b", &["a", "b"]), NumberSource::Database);
    assert_eq!(several.differences(&instance("b", &["a", "b"])), []);
    let listed: BTreeMap<Ring, Vec<&str>> =
        several.keys.iter().map(|(ring, keys)| (*ring, keys.keys().map(String::as_str).collect())).collect();
    assert_eq!(listed[&Ring::Queue], ["a", "b"]);
    assert_eq!(listed[&Ring::TicketCodes], ["a", "b"]);
}

#[test]
fn another_currency_is_a_difference() {
    let dollars = Instance { currency: "USD".into(), ..instance("a", &["a"]) };
    let difference = Difference::Currency { installation: "KRW".into(), instance: "USD".into() };
    assert_eq!(installation().differences(&dollars), [difference]);
}

#[test]
fn another_source_of_numbers_is_a_difference() {
    let redis = NumberSource::Redis { mark: "m".into() };
    let on_redis = Installation { numbers: redis.clone(), ..installation() };
    for (installation, numbers, same) in [
        (installation(), InstanceNumbers::Database, true),
        (installation(), InstanceNumbers::Redis, false),
        (installation(), InstanceNumbers::OtherRedis, false),
        (on_redis.clone(), InstanceNumbers::Redis, true),
        (on_redis.clone(), InstanceNumbers::Database, false),
        (on_redis, InstanceNumbers::OtherRedis, false),
    ] {
        let found = installation.differences(&Instance { numbers, ..instance("a", &["a"]) });
        let difference = Difference::Numbers { installation: installation.numbers.clone(), instance: numbers };
        assert_eq!(found, if same { vec![] } else { vec![difference] }, "{numbers:?}");
    }
}

#[test]
fn a_key_is_added_everywhere_before_anybody_signs_with_it_and_removed_after() {
    let (ring, key) = (Ring::Queue, "b".to_owned());
    let before = installation();
    assert_eq!(before.differences(&with_queue("a", &["a", "b"])), [], "it only checks");
    let unlisted = [Difference::UnlistedKey { ring, key: key.clone() }];
    assert_eq!(before.differences(&with_queue("b", &["a", "b"])), unlisted, "not yet");

    let added = before.change(&add("b")).unwrap();
    assert_eq!(added.differences(&with_queue("a", &["a"])), [Difference::LacksKey { ring, key }]);
    for current in ["a", "b"] {
        assert_eq!(added.differences(&with_queue(current, &["a", "b"])), [], "{current} signs");
    }

    let removed = added.change(&remove("a")).unwrap();
    let old = [Difference::UnlistedKey { ring, key: "a".into() }];
    assert_eq!(removed.differences(&with_queue("a", &["a", "b"])), old);
    assert_eq!(removed.differences(&with_queue("b", &["a", "b"])), [], "it may go on knowing it");
    assert_eq!(removed.differences(&with_queue("b", &["b"])), []);
    assert_eq!([added.version.get(), removed.version.get()], [2, 3]);
}

#[test]
fn another_key_of_the_same_name_is_found_out() {
    let mut other = instance("a", &["a"]);
    for (ring, keys) in &mut other.keys {
        keys.known = KeyPrints::from([("a".into(), format!("another of {ring}"))]);
    }
    let different = Ring::ALL.map(|ring| Difference::OtherKey { ring, key: "a".into() });
    assert_eq!(installation().differences(&other), different);
    let change = InstallationChange::AddKey { ring: Ring::Queue, key: "a".into(), print: "another".into() };
    let taken = ChangeRefused::NameTaken { ring: Ring::Queue, key: "a".into() };
    assert_eq!(installation().change(&change), Err(taken));
}

#[test]
fn a_ring_keeps_a_key() {
    let (ring, key) = (Ring::Queue, "a".to_owned());
    assert_eq!(installation().change(&remove("a")), Err(ChangeRefused::LastKey { ring, key }));
    assert_eq!(installation().change(&remove("b")), Err(ChangeRefused::NoSuchKey { ring, key: "b".into() }));
}

#[test]
fn what_is_so_already_is_no_change() {
    let same = InstallationChange::Currency("KRW".into());
    assert_eq!(installation().change(&same), Ok(installation()));
    let added = installation().change(&add("b")).unwrap();
    assert_eq!(added.change(&add("b")), Ok(added.clone()));
}
