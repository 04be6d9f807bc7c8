use std::time::Duration;

use pgp::{
    packet::{KeyFlags, Notation, Subpacket},
    types::Password,
};

use super::*;
use crate::keys::testing::{self, signature, subpacket};

fn check(key: &SignedPublicKey) -> Result<(SignedPublicKey, usize), KeyError> {
    let mut checker = Checker::new(&Limits::default());
    let key = checker.check(key.clone())?;
    Ok((key, checker.dropped()))
}

fn padding() -> Subpacket {
    subpacket(SubpacketData::Notation(Notation {
        readable: true,
        name: "padding@example.org".into(),
        value: vec![b'x'; 500].into(),
    }))
}

#[test]
fn sound_keys_are_kept_whole() {
    for key in [
        testing::public(1, &["Alice", "Alice Example"]),
        testing::secret_v6(1, &["Alice", "Alice Example"]).into(),
        testing::secret_v6(1, &[]).into(),
    ] {
        let (checked, dropped) = check(&key).unwrap();
        assert_eq!((&checked, dropped), (&key, 0));
    }
}

#[test]
fn version_4_key_without_user_id_is_refused() {
    let mut key = testing::public(1, &["Alice"]);
    key.details.users.clear();
    assert!(matches!(check(&key), Err(KeyError::NoUserId { .. })));
}

#[test]
fn certification_of_a_third_party_is_dropped() {
    let mut alice = testing::public(1, &["Alice"]);
    let bob = testing::secret(2, &["Bob"]);
    let user = &mut alice.details.users[0];
    let certification = signature(&bob.primary_key, SignatureType::CertPositive)
        .sign_certification_third_party(
            &bob.primary_key,
            &Password::empty(),
            &alice.primary_key,
            Tag::UserId,
            &user.id,
        )
        .unwrap();
    user.signatures.push(certification);

    let (checked, dropped) = check(&alice).unwrap();
    assert_eq!(dropped, 1);
    assert_eq!(checked.details.users[0].signatures.len(), 1);
}

#[test]
fn user_ids_and_subkeys_of_another_key_are_dropped() {
    let alice = testing::public(1, &["Alice"]);
    let bob = testing::public(2, &["Bob"]);
    let mut grafted = alice.clone();
    grafted.details.users.extend(bob.details.users);
    grafted.public_subkeys.extend(bob.public_subkeys);
    let (checked, dropped) = check(&grafted).unwrap();
    assert_eq!((checked, dropped), (alice, 3));
}

#[test]
fn signing_subkey_is_not_bound_without_its_own_signature() {
    let alice = testing::secret(1, &["Alice"]);
    let stolen = testing::public(2, &["Bob"])
        .public_subkeys
        .pop()
        .unwrap()
        .key;
    let bind = |may_sign: bool| {
        let mut flags = KeyFlags::default();
        flags.set_sign(may_sign);
        flags.set_encrypt_comms(!may_sign);
        let mut config = signature(&alice.primary_key, SignatureType::SubkeyBinding);
        config
            .hashed_subpackets
            .push(subpacket(SubpacketData::KeyFlags(flags)));
        let primary = alice.primary_key.public_key();
        let binding = config
            .sign_subkey_binding(&alice.primary_key, primary, &Password::empty(), &stolen)
            .unwrap();
        let mut key = SignedPublicKey::from(alice.clone());
        key.public_subkeys = vec![SignedPublicSubKey::new(stolen.clone(), vec![binding])];
        check(&key).unwrap().0.public_subkeys.len()
    };
    assert_eq!(bind(true), 0);
    assert_eq!(
        bind(false),
        1,
        "the same binding must be good without the signing flag"
    );
}

#[test]
fn signatures_meant_to_stay_local_are_dropped() {
    let alice = testing::secret(1, &["Alice"]);
    let mut key = SignedPublicKey::from(alice.clone());
    let mut config = signature(&alice.primary_key, SignatureType::CertPositive);
    config
        .hashed_subpackets
        .push(subpacket(SubpacketData::ExportableCertification(false)));
    let id = key.details.users[0].id.clone();
    let local = config
        .sign_certification(
            &alice.primary_key,
            alice.primary_key.public_key(),
            &Password::empty(),
            Tag::UserId,
            &id,
        )
        .unwrap();
    key.details.users[0].signatures = vec![local];
    assert!(matches!(check(&key), Err(KeyError::NoUserId { .. })));
}

#[test]
fn padding_in_the_unsigned_part_is_cut_off() {
    let key = testing::public(1, &["Alice"]);
    let mut padded = key.clone();
    padded.details.users[0].signatures[0]
        .unhashed_subpacket_insert(0, padding())
        .unwrap();
    for subkey in &mut padded.public_subkeys {
        subkey.signatures[0]
            .unhashed_subpacket_push(padding())
            .unwrap();
    }
    let (checked, dropped) = check(&padded).unwrap();
    assert_eq!((checked, dropped), (key, 0));
}

#[test]
fn signatures_past_the_limit_are_not_verified() {
    let key = testing::public(1, &["Alice", "Alice Example"]);
    let mut checker = Checker::new(&Limits {
        max_signatures: 4,
        ..Limits::default()
    });
    checker.check(key.clone()).unwrap();
    let refused = checker.check(key);
    assert!(
        matches!(refused, Err(KeyError::TooManySignatures(4))),
        "{refused:?}"
    );
}

#[test]
fn checking_ends_when_its_time_is_up() {
    let limits = Limits {
        max_check_time: Duration::ZERO,
        ..Limits::default()
    };
    let refused = Checker::new(&limits).check(testing::public(1, &["Alice"]));
    assert!(matches!(refused, Err(KeyError::TooSlow)), "{refused:?}");
}
