use bytes::Bytes;
use pgp::{
    composed::{ArmorOptions, SignedKeyDetails, SignedPublicKey},
    types::{Fingerprint, KeyDetails},
};

use super::{KeyError, Limits, merge};

/// A public key with all that belongs to it, every signature in it verified.
///
/// [`Reader`](super::Reader) makes them.
#[derive(Debug)]
pub struct Certificate {
    pub(super) key: SignedPublicKey,
    armored: Bytes,
    lower_case_user_ids: Box<[String]>,
}

impl Certificate {
    /// `key` must have been checked.
    pub(super) fn new(key: SignedPublicKey, limits: &Limits) -> Result<Self, KeyError> {
        let details = SignedKeyDetails::new(vec![], vec![], vec![], vec![]);
        let mut without_repetition = SignedPublicKey::new(key.primary_key.clone(), details, vec![]);
        merge::merge(&mut without_repetition, key);
        Self::seal(without_repetition, limits)
    }

    /// This certificate with what `other`, of the same fingerprint, adds to it.
    pub(super) fn merged(&self, other: &Self, limits: &Limits) -> Result<Self, KeyError> {
        let mut key = self.key.clone();
        merge::merge(&mut key, other.key.clone());
        Self::seal(key, limits)
    }

    fn seal(key: SignedPublicKey, limits: &Limits) -> Result<Self, KeyError> {
        let too_big = |limit| {
            let fingerprint = format!("{:X}", key.fingerprint());
            KeyError::TooBig { fingerprint, limit }
        };
        if key.details.users.len() > limits.max_user_ids {
            return Err(too_big(format!("{} user ids", limits.max_user_ids)));
        }
        let armored = key
            .to_armored_bytes(ArmorOptions::default())
            .map_err(KeyError::malformed)?;
        if armored.len() > limits.max_key_bytes {
            return Err(too_big(format!("{} bytes", limits.max_key_bytes)));
        }
        let lower_case = |id| String::from_utf8_lossy(id).to_lowercase();
        let lower_case_user_ids = key
            .details
            .users
            .iter()
            .map(|user| lower_case(user.id.id()))
            .collect();
        Ok(Self {
            armored: armored.into(),
            lower_case_user_ids,
            key,
        })
    }

    /// The fingerprint of the primary key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.key.fingerprint()
    }

    /// The whole certificate in ASCII armor.
    #[must_use]
    pub fn armored(&self) -> Bytes {
        self.armored.clone()
    }

    /// The user ids in lower case, what is no UTF-8 in them replaced: for searching.
    pub(super) fn lower_case_user_ids(&self) -> &[String] {
        &self.lower_case_user_ids
    }
}
