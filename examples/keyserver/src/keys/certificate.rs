use bytes::Bytes;
use pgp::{
    composed::{ArmorOptions, Deserializable, SignedKeyDetails, SignedPublicKey},
    types::{Fingerprint, KeyDetails},
};

use super::{KeyError, Limits, describe, merge};

/// A public key with all that belongs to it, every signature in it verified.
///
/// [`Reader`](super::Reader) makes them. It is kept as it is served, with what the server needs to
/// know of it beside: unpacked, a key takes about ten times as much memory.
#[derive(Debug)]
pub struct Certificate {
    armored: Bytes,
    primary: Key,
    subkeys: Box<[Key]>,
    user_ids: Box<[UserId]>,
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

/// A user id of a [`Certificate`].
#[derive(Clone, Debug)]
pub struct UserId {
    /// Its bytes, UTF-8 by convention only.
    pub bytes: Box<[u8]>,
    /// The same as text in lower case, for searching.
    pub(super) lower_case: Box<str>,
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
    /// `key` must have been checked.
    pub(super) fn new(key: SignedPublicKey, limits: &Limits) -> Result<Self, KeyError> {
        let details = SignedKeyDetails::new(vec![], vec![], vec![], vec![]);
        let mut without_repetition = SignedPublicKey::new(key.primary_key.clone(), details, vec![]);
        merge::merge(&mut without_repetition, key);
        Self::pack(&without_repetition, limits)
    }

    /// This certificate with what `other`, of the same fingerprint, adds to it.
    pub(super) fn merged(&self, other: &Self, limits: &Limits) -> Result<Self, KeyError> {
        let mut key = self.unpack()?;
        merge::merge(&mut key, other.unpack()?);
        Self::pack(&key, limits)
    }

    fn pack(key: &SignedPublicKey, limits: &Limits) -> Result<Self, KeyError> {
        let too_big = |limit| {
            let fingerprint = format!("{:X}", key.fingerprint());
            KeyError::TooBig { fingerprint, limit }
        };
        if key.details.users.len() > limits.max_user_ids {
            return Err(too_big(format!("{} user ids", limits.max_user_ids)));
        }
        let armored = key.to_armored_bytes(ArmorOptions::default())?;
        if armored.len() > limits.max_key_bytes {
            return Err(too_big(format!("{} bytes", limits.max_key_bytes)));
        }
        Ok(Self {
            armored: armored.into(),
            primary: describe::primary(key),
            subkeys: key.public_subkeys.iter().map(describe::subkey).collect(),
            user_ids: key.details.users.iter().map(describe::user_id).collect(),
        })
    }

    fn unpack(&self) -> Result<SignedPublicKey, KeyError> {
        let (key, _) = SignedPublicKey::from_armor_single(&*self.armored)?;
        Ok(key)
    }

    /// The fingerprint of the primary key.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.primary.fingerprint
    }

    /// The whole certificate in ASCII armor.
    #[must_use]
    pub fn armored(&self) -> Bytes {
        self.armored.clone()
    }

    /// The primary key.
    #[must_use]
    pub fn primary(&self) -> &Key {
        &self.primary
    }

    /// The subkeys.
    #[must_use]
    pub fn subkeys(&self) -> &[Key] {
        &self.subkeys
    }

    /// The user ids, in the order they came in.
    #[must_use]
    pub fn user_ids(&self) -> &[UserId] {
        &self.user_ids
    }

    /// Of the primary key and all subkeys.
    pub(super) fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        std::iter::once(&self.primary)
            .chain(&self.subkeys)
            .map(|key| &key.fingerprint)
    }
}
