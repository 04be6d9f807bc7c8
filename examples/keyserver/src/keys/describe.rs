//! What the signatures of a checked key say about it.

use pgp::{
    composed::{SignedPublicKey, SignedPublicSubKey},
    packet::{Signature, SignatureType},
    types::{Duration, KeyDetails, SignedUser},
};

use super::{
    Key, UserId, Validity,
    check::{is_binding, is_self_certification},
    material,
};

pub(super) fn primary(key: &SignedPublicKey) -> Key {
    let details = &key.details;
    let certifications = details.users.iter().flat_map(|user| &user.signatures);
    let certifications = certifications.filter(|sig| is_self_certification(sig));
    let newest = newest(certifications.chain(&details.direct_signatures));
    describe(
        &key.primary_key,
        newest,
        !details.revocation_signatures.is_empty(),
    )
}

pub(super) fn subkey(subkey: &SignedPublicSubKey) -> Key {
    let newest = newest(subkey.signatures.iter().filter(|sig| is_binding(sig)));
    let revocation = Some(SignatureType::SubkeyRevocation);
    let revoked = subkey.signatures.iter().any(|sig| sig.typ() == revocation);
    describe(&subkey.key, newest, revoked)
}

pub(super) fn user_id(user: &SignedUser) -> UserId {
    let newest = newest(
        user.signatures
            .iter()
            .filter(|sig| is_self_certification(sig)),
    );
    let made = newest.map_or(0, created);
    let expires = end(made, newest.and_then(Signature::signature_expiration_time));
    let taken_back = |sig: &Signature| !is_self_certification(sig) && created(sig) >= made;
    let revoked = user.signatures.iter().any(taken_back);
    let bytes = user.id.id();
    UserId {
        bytes: bytes.into(),
        lower_case: String::from_utf8_lossy(bytes).to_lowercase().into(),
        validity: Validity {
            created: made,
            expires,
            revoked,
        },
    }
}

fn describe(key: &impl KeyDetails, newest: Option<&Signature>, revoked: bool) -> Key {
    let created = key.created_at().as_secs();
    let expires = end(created, newest.and_then(Signature::key_expiration_time));
    Key {
        fingerprint: key.fingerprint(),
        algorithm: key.algorithm().into(),
        bits: material::bits(key.public_params()),
        validity: Validity {
            created,
            expires,
            revoked,
        },
    }
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|sig| created(sig))
}

fn created(signature: &Signature) -> u32 {
    signature.created().map_or(0, |time| time.as_secs())
}

/// A lifetime of zero seconds means that there is no end.
fn end(created: u32, lifetime: Option<Duration>) -> Option<u32> {
    match lifetime?.as_secs() {
        0 => None,
        seconds => Some(created.saturating_add(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use pgp::{
        composed::SignedPublicKey,
        packet::SubpacketData,
        types::{Password, Tag, Timestamp},
    };

    use super::*;
    use crate::keys::{Certificate, Limits, testing};

    const DAY: u32 = 24 * 60 * 60;

    fn certificate(key: &SignedPublicKey) -> Certificate {
        Certificate::new(key.clone(), &Limits::default()).unwrap()
    }

    fn certify(seed: u64, typ: SignatureType, subpackets: Vec<SubpacketData>) -> SignedPublicKey {
        let secret = testing::secret(seed, &["Alice"]);
        let mut key = SignedPublicKey::from(secret.clone());
        let mut config = testing::signature(&secret.primary_key, typ);
        config
            .hashed_subpackets
            .extend(subpackets.into_iter().map(testing::subpacket));
        let (signer, public) = (&secret.primary_key, secret.primary_key.public_key());
        let user = &mut key.details.users[0];
        let sig =
            config.sign_certification(signer, public, &Password::empty(), Tag::UserId, &user.id);
        user.signatures.push(sig.unwrap());
        key
    }

    #[test]
    fn fresh_key_has_no_end_and_a_size() {
        let certificate = certificate(&testing::public(1, &["Alice"]));
        let primary = certificate.primary();
        assert_eq!((primary.algorithm, primary.bits), (22, 255));
        assert_eq!(
            (primary.validity.expires, primary.validity.revoked),
            (None, false)
        );
        let subkeys: Vec<_> = certificate
            .subkeys()
            .iter()
            .map(|key| (key.algorithm, key.bits))
            .collect();
        assert_eq!(subkeys, [(18, 255), (22, 255)]);
    }

    #[test]
    fn newest_self_signature_says_when_the_key_ends() {
        let later = |days: u32| Timestamp::from_secs(Timestamp::now().as_secs() + days * DAY);
        let lifetime = |days| SubpacketData::KeyExpirationTime(Duration::from_secs(days * DAY));
        let key = |days| {
            let created = SubpacketData::SignatureCreationTime(later(1));
            certify(
                1,
                SignatureType::CertPositive,
                vec![created, lifetime(days)],
            )
        };
        let ends = certificate(&key(10));
        let ends = ends.primary();
        let created = ends.validity.created;
        assert_eq!(ends.validity.expires, Some(created + 10 * DAY));
        assert!(ends.validity.is_expired(created + 10 * DAY));
        assert!(!ends.validity.is_expired(created + 10 * DAY - 1));
        assert_eq!(certificate(&key(0)).primary().validity.expires, None);
    }

    #[test]
    fn revoked_user_id_and_key_are_marked() {
        let now = SubpacketData::SignatureCreationTime(Timestamp::now());
        let user_revoked = certificate(&certify(1, SignatureType::CertRevocation, vec![now]));
        assert!(user_revoked.user_ids().iter().all(|id| id.validity.revoked));
        assert!(!user_revoked.primary().validity.revoked);

        let secret = testing::secret(1, &["Alice"]);
        let (signer, public) = (&secret.primary_key, secret.primary_key.public_key());
        let config = testing::signature(signer, SignatureType::KeyRevocation);
        let revocation = config.sign_key(signer, &Password::empty(), public).unwrap();
        let mut key = SignedPublicKey::from(secret.clone());
        key.details.revocation_signatures.push(revocation);
        assert!(certificate(&key).primary().validity.revoked);
    }
}
