use pgp::{
    packet::{Signature, SignatureType},
    types::{Fingerprint, KeyDetails},
};

use super::{
    Certificate,
    check::{is_binding, is_self_certification},
    material,
};

/// A user id of a [`Certificate`].
#[derive(Clone, Copy, Debug)]
pub struct UserId<'a> {
    /// Its bytes, UTF-8 by convention only.
    pub bytes: &'a [u8],
    /// When its owner stands by it.
    pub validity: Validity,
}

/// One key of a [`Certificate`]: the primary key or a subkey.
#[derive(Clone, Debug)]
pub struct Key {
    /// What names it for good.
    pub fingerprint: Fingerprint,
    /// The number of its algorithm in OpenPGP's registry.
    pub algorithm: u8,
    /// Its size in bits; 0 where that is not known.
    pub bits: u16,
    /// When its owner stands by it.
    pub validity: Validity,
}

/// From when to when something holds, as its owner said last. Times are in seconds since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    /// When it was made.
    pub created: u32,
    /// When it ends, if it does.
    pub expires: Option<u32>,
    /// Whether it was taken back.
    pub revoked: bool,
}

impl Validity {
    /// Whether it has ended at the time `now`.
    #[must_use]
    pub fn is_expired(&self, now: u32) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Certificate {
    /// The primary key.
    #[must_use]
    pub fn primary(&self) -> Key {
        let details = &self.key.details;
        let certifications = details.users.iter().flat_map(|user| &user.signatures);
        let newest = newest(
            certifications
                .filter(|sig| is_self_certification(sig))
                .chain(details.direct_signatures.iter()),
        );
        describe(
            &self.key.primary_key,
            newest,
            !details.revocation_signatures.is_empty(),
        )
    }

    /// The user ids, in the order they came in.
    pub fn user_ids(&self) -> impl Iterator<Item = UserId<'_>> {
        self.key.details.users.iter().map(|user| {
            let newest = newest(
                user.signatures
                    .iter()
                    .filter(|sig| is_self_certification(sig)),
            );
            let made = newest.map_or(0, created);
            let expires = end(made, newest.and_then(Signature::signature_expiration_time));
            let taken_back = |sig: &Signature| !is_self_certification(sig) && created(sig) >= made;
            let revoked = user.signatures.iter().any(taken_back);
            UserId {
                bytes: user.id.id(),
                validity: Validity {
                    created: made,
                    expires,
                    revoked,
                },
            }
        })
    }

    /// The subkeys.
    pub fn subkeys(&self) -> impl Iterator<Item = Key> {
        self.key.public_subkeys.iter().map(|subkey| {
            let newest = newest(subkey.signatures.iter().filter(|sig| is_binding(sig)));
            let revocation = Some(SignatureType::SubkeyRevocation);
            let revoked = subkey.signatures.iter().any(|sig| sig.typ() == revocation);
            describe(&subkey.key, newest, revoked)
        })
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
fn end(created: u32, lifetime: Option<pgp::types::Duration>) -> Option<u32> {
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
        types::{Duration, Password, Tag, Timestamp},
    };

    use super::*;
    use crate::keys::{Limits, testing};

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
        let ends = certificate(&key(10)).primary();
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
        assert!(user_revoked.user_ids().all(|id| id.validity.revoked));
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
