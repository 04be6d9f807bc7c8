use std::time::Instant;

use pgp::{
    composed::{SignedPublicKey, SignedPublicSubKey},
    crypto::hash::HashAlgorithm,
    errors::Result as PgpResult,
    packet::{PublicKey, Signature, SignatureType, SubpacketData},
    types::{KeyDetails, KeyVersion, Tag},
};

use super::{KeyError, Limits};

/// Strips keys down to what they vouch for themselves.
///
/// A key server that stores what it cannot check can be used by anybody to bloat anybody's key,
/// so signatures of third parties go, and so does every user id and subkey that is left without
/// a valid signature of the key it claims to belong to.
pub(super) struct Checker {
    max_signatures: usize,
    deadline: Instant,
    verified: usize,
    dropped: usize,
}

impl Checker {
    pub(super) fn new(limits: &Limits) -> Self {
        let deadline = Instant::now() + limits.max_check_time;
        Self {
            max_signatures: limits.max_signatures,
            deadline,
            verified: 0,
            dropped: 0,
        }
    }

    /// Whether there is time and work left.
    pub(super) fn may_go_on(&self) -> Result<(), KeyError> {
        if self.verified > self.max_signatures {
            return Err(KeyError::TooManySignatures(self.max_signatures));
        }
        if Instant::now() > self.deadline {
            return Err(KeyError::TooSlow);
        }
        Ok(())
    }

    /// Signatures left out so far.
    pub(super) fn dropped(&self) -> usize {
        self.dropped
    }

    pub(super) fn check(&mut self, mut key: SignedPublicKey) -> Result<SignedPublicKey, KeyError> {
        let primary = &key.primary_key;
        let fingerprint = || format!("{:X}", primary.fingerprint());
        if !matches!(primary.version(), KeyVersion::V4 | KeyVersion::V6) {
            let version = primary.version().into();
            return Err(KeyError::Version {
                fingerprint: fingerprint(),
                version,
            });
        }

        let details = &mut key.details;
        self.keep(&mut details.revocation_signatures, primary, |sig| {
            sig.verify_key(primary)
        });
        self.keep(&mut details.direct_signatures, primary, |sig| {
            sig.verify_key(primary)
        });
        for user in &mut details.users {
            self.keep(&mut user.signatures, primary, |sig| {
                sig.verify_certification(primary, Tag::UserId, &user.id)
            });
        }
        for user in &mut details.user_attributes {
            self.keep(&mut user.signatures, primary, |sig| {
                sig.verify_certification(primary, Tag::UserAttribute, &user.attr)
            });
        }
        for subkey in &mut key.public_subkeys {
            let SignedPublicSubKey {
                key: subkey,
                signatures,
            } = subkey;
            self.keep(signatures, primary, |sig| {
                sig.verify_subkey_binding(primary, subkey)?;
                match sig.embedded_signature() {
                    // Otherwise anybody could pass another's signing key off as their own.
                    Some(back) if signs(sig) => back.verify_primary_key_binding(subkey, primary),
                    None if signs(sig) => Err(pgp::errors::Error::MissingKey),
                    _ => Ok(()),
                }
            });
        }
        self.may_go_on()?;

        details
            .users
            .retain(|user| user.signatures.iter().any(is_self_certification));
        details
            .user_attributes
            .retain(|user| user.signatures.iter().any(is_self_certification));
        key.public_subkeys
            .retain(|subkey| subkey.signatures.iter().any(is_binding));

        let bound_without_user_id = primary.version() == KeyVersion::V6
            && details
                .direct_signatures
                .iter()
                .any(|sig| sig.typ() == Some(SignatureType::Key));
        if details.users.is_empty() && !bound_without_user_id {
            return Err(KeyError::NoUserId {
                fingerprint: fingerprint(),
            });
        }
        Ok(key)
    }

    /// Keeps the signatures that `primary` made and `verify` finds good, trimmed.
    fn keep(
        &mut self,
        signatures: &mut Vec<Signature>,
        primary: &PublicKey,
        verify: impl Fn(&Signature) -> PgpResult<()>,
    ) {
        let before = signatures.len();
        signatures.retain_mut(|sig| {
            if !is_published_by(sig, primary) || self.may_go_on().is_err() {
                return false;
            }
            self.verified += 1;
            verify(sig).and_then(|()| trim(sig, primary)).is_ok()
        });
        self.dropped += before - signatures.len();
    }
}

pub(super) fn is_self_certification(sig: &Signature) -> bool {
    sig.is_certification() && sig.typ() != Some(SignatureType::CertRevocation)
}

pub(super) fn is_binding(sig: &Signature) -> bool {
    sig.typ() == Some(SignatureType::SubkeyBinding)
}

fn signs(binding: &Signature) -> bool {
    is_binding(binding) && binding.key_flags().sign()
}

/// Whether the signature claims to be of `primary`, is meant for the public, and is not made with
/// a hash anybody can forge.
fn is_published_by(sig: &Signature, primary: &PublicKey) -> bool {
    let (ids, fingerprints) = (sig.issuer_key_id(), sig.issuer_fingerprint());
    let by_primary = ids.is_empty() && fingerprints.is_empty()
        || ids.contains(&&primary.legacy_key_id())
        || fingerprints.contains(&&primary.fingerprint());
    by_primary && sig.exportable_certification() && sig.hash_alg() != Some(HashAlgorithm::Md5)
}

/// Removes from the part that is not signed, which anybody can write to, all but what names the
/// issuer and proves a signing subkey.
fn trim(sig: &mut Signature, primary: &PublicKey) -> PgpResult<()> {
    let unhashed = sig
        .config()
        .map_or(0, |config| config.unhashed_subpackets.len());
    for index in (0..unhashed).rev() {
        let needed =
            sig.config()
                .is_some_and(|config| match &config.unhashed_subpackets[index].data {
                    SubpacketData::IssuerKeyId(id) => *id == primary.legacy_key_id(),
                    SubpacketData::IssuerFingerprint(fp) => *fp == primary.fingerprint(),
                    SubpacketData::EmbeddedSignature(back) => {
                        sig.embedded_signature() == Some(&**back)
                    }
                    _ => false,
                });
        if !needed {
            sig.unhashed_subpacket_remove(index)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
