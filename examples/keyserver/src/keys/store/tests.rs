use std::time::Duration;

use pgp::{
    composed::{SignedPublicKey, SignedPublicSubKey},
    packet::{PubKeyInner, PublicSubkey, SignatureType},
    types::{KeyDetails, Password},
};

use super::*;
use crate::keys::testing;

const ROOMY: Limits = Limits {
    max_keys: 10,
    max_total_bytes: 100_000,
    max_user_ids: 3,
    max_key_bytes: 100_000,
    max_signatures: 100,
    max_check_time: Duration::from_secs(60),
    max_results: 2,
};

fn certificate(key: &SignedPublicKey) -> Certificate {
    Certificate::new(key.clone(), &ROOMY).unwrap()
}

fn found(store: &Store, search: &str) -> Vec<Fingerprint> {
    let query = Query::parse(search, false).unwrap();
    store
        .find(&query)
        .unwrap()
        .iter()
        .map(|cert| cert.fingerprint().clone())
        .collect()
}

#[test]
fn key_is_found_by_every_name_of_it_and_of_its_subkeys() {
    let store = Store::new(ROOMY);
    let v4 = testing::public(1, &["Alice <alice@example.org>"]);
    let v6 = SignedPublicKey::from(testing::secret_v6(2, &["Bob <bob@example.org>"]));
    store.add(vec![certificate(&v4), certificate(&v6)]).unwrap();

    for key in [&v4, &v6] {
        let subkeys = key
            .public_subkeys
            .iter()
            .map(|sub| (sub.fingerprint(), sub.legacy_key_id()));
        for (fingerprint, id) in subkeys.chain([(key.fingerprint(), key.legacy_key_id())]) {
            let id = id.to_string();
            for name in [fingerprint.to_string(), id.clone(), id[8..].to_owned()] {
                assert_eq!(
                    found(&store, &format!("0x{name}")),
                    [key.fingerprint()],
                    "{name}"
                );
                assert_eq!(
                    found(&store, &name.to_uppercase()),
                    [key.fingerprint()],
                    "{name}"
                );
            }
        }
    }
    assert_eq!(found(&store, "BOB@example"), [v6.fingerprint()]);
    assert!(found(&store, "carol").is_empty());
    assert!(found(&store, "0x0123456789abcdef").is_empty());
}

#[test]
fn key_id_without_prefix_falls_back_to_user_ids() {
    let store = Store::new(ROOMY);
    let key = testing::public(1, &["The DEADBEEF company"]);
    store.add(vec![certificate(&key)]).unwrap();
    assert_eq!(found(&store, "deadbeef"), [key.fingerprint()]);
    assert!(found(&store, "0xdeadbeef").is_empty());
}

#[test]
fn adding_again_merges_and_takes_nothing_away() {
    let store = Store::new(ROOMY);
    let whole = testing::public(
        1,
        &["Alice <alice@example.org>", "Alice <alice@example.com>"],
    );
    let (mut first, mut second) = (whole.clone(), whole.clone());
    first.details.users.truncate(1);
    first.public_subkeys.truncate(1);
    second.details.users.remove(0);
    second.public_subkeys.remove(0);

    let add = |key| store.add(vec![certificate(key)]).unwrap();
    assert_eq!(
        add(&first),
        Added {
            new: 1,
            ..Added::default()
        }
    );
    assert_eq!(
        add(&second),
        Added {
            updated: 1,
            ..Added::default()
        }
    );
    assert_eq!(
        add(&first),
        Added {
            unchanged: 1,
            ..Added::default()
        }
    );
    assert_eq!(
        add(&whole),
        Added {
            unchanged: 1,
            ..Added::default()
        }
    );

    let query = Query::parse(&whole.fingerprint().to_string(), false).unwrap();
    let stored = store.find(&query).unwrap().remove(0);
    assert_eq!(stored.armored(), certificate(&whole).armored());
    for subkey in &whole.public_subkeys {
        assert_eq!(
            found(&store, &subkey.fingerprint().to_string()),
            [whole.fingerprint()]
        );
    }
}

#[test]
fn one_key_sent_twice_at_once_is_merged() {
    let store = Store::new(Limits {
        max_keys: 1,
        ..ROOMY
    });
    let key = testing::public(1, &["Alice", "Alice Example"]);
    let mut part = key.clone();
    part.details.users.remove(0);
    let added = store
        .add(vec![certificate(&part), certificate(&key)])
        .unwrap();
    assert_eq!(
        added,
        Added {
            new: 1,
            updated: 1,
            unchanged: 0
        }
    );
    assert_eq!(found(&store, "alice"), [key.fingerprint()]);
}

#[test]
fn full_store_takes_updates_only_and_adds_nothing_of_the_rest() {
    let store = Store::new(Limits {
        max_keys: 1,
        ..ROOMY
    });
    let alice = testing::public(1, &["Alice", "Alice Example"]);
    let mut part = alice.clone();
    part.details.users.truncate(1);
    store.add(vec![certificate(&part)]).unwrap();

    let bob = certificate(&testing::public(2, &["Bob"]));
    let refused = store.add(vec![certificate(&alice), bob]).unwrap_err();
    assert!(refused.is_full());
    assert_eq!(store.len(), 1);
    assert!(found(&store, "alice example").is_empty());

    store.add(vec![certificate(&alice)]).unwrap();
    assert_eq!(found(&store, "alice example"), [alice.fingerprint()]);
}

#[test]
fn bytes_over_the_limit_are_refused_for_new_keys_and_for_updates() {
    let alice = testing::public(1, &["Alice", "Alice Example"]);
    let mut part = alice.clone();
    part.details.users.truncate(1);
    let max_total_bytes = certificate(&part).armored().len();
    let store = Store::new(Limits {
        max_total_bytes,
        ..ROOMY
    });
    store.add(vec![certificate(&part)]).unwrap();
    store.add(vec![certificate(&part)]).unwrap();
    for key in [alice, testing::public(2, &["Bob"])] {
        assert!(store.add(vec![certificate(&key)]).unwrap_err().is_full());
    }
    assert_eq!(store.len(), 1);
}

#[test]
fn merging_past_a_limit_changes_nothing() {
    let store = Store::new(ROOMY);
    let names = ["A", "B", "C", "D"];
    let whole = testing::public(1, &names);
    let (mut first, mut second) = (whole.clone(), whole);
    first.details.users.truncate(2);
    second.details.users.drain(..2);
    store.add(vec![certificate(&first)]).unwrap();
    let refused = store.add(vec![certificate(&second)]).unwrap_err();
    assert!(matches!(refused, KeyError::TooBig { .. }), "{refused}");
    let stored = store
        .find(&Query::parse("a", true).unwrap())
        .unwrap()
        .remove(0);
    assert_eq!(stored.user_ids().len(), 2);
}

#[test]
fn more_results_than_the_limit_are_refused() {
    let store = Store::new(ROOMY);
    for seed in 1..=3 {
        store
            .add(vec![certificate(&testing::public(seed, &["Alice"]))])
            .unwrap();
    }
    let query = Query::parse("alice", false).unwrap();
    assert_eq!(store.find(&query).unwrap_err(), QueryError::TooMany(2));
}

#[test]
fn primary_fingerprint_names_no_key_that_took_it_for_a_subkey() {
    let store = Store::new(ROOMY);
    let alice = testing::public(1, &["Alice"]);
    let mallory = testing::secret(2, &["Mallory"]);
    let (version, algorithm) = (alice.version(), alice.algorithm());
    let params = alice.public_params().clone();
    let inner = PubKeyInner::new(version, algorithm, alice.created_at(), None, params).unwrap();
    let taken = PublicSubkey::from_inner(inner).unwrap();
    assert_eq!(taken.fingerprint(), alice.fingerprint());
    let signer = &mallory.primary_key;
    let binding = testing::signature(signer, SignatureType::SubkeyBinding)
        .sign_subkey_binding(signer, signer.public_key(), &Password::empty(), &taken)
        .unwrap();
    let mut mallory = SignedPublicKey::from(mallory.clone());
    mallory
        .public_subkeys
        .push(SignedPublicSubKey::new(taken, vec![binding]));
    store
        .add(vec![certificate(&mallory), certificate(&alice)])
        .unwrap();

    assert_eq!(
        found(&store, &alice.fingerprint().to_string()),
        [alice.fingerprint()]
    );
    assert_eq!(
        found(&store, &format!("0x{}", alice.legacy_key_id())).len(),
        2
    );
}
