use std::{
    collections::{BTreeMap, HashMap},
    ops::RangeInclusive,
    sync::Arc,
};

use pgp::types::Fingerprint;

use super::{Certificate, Handle, QueryError, Text};

/// Certificates by all that they can be asked for.
#[derive(Debug, Default)]
pub(super) struct Index {
    certificates: HashMap<Fingerprint, Arc<Certificate>>,
    /// Which certificates have a key of this id, subkeys included. The halves of the id are
    /// swapped, so that those with one short id stand side by side.
    by_key_id: BTreeMap<u64, Vec<Fingerprint>>,
    /// Of all certificates, in armor.
    bytes: usize,
}

/// Up to so many certificates.
struct Found {
    certificates: Vec<Arc<Certificate>>,
    limit: usize,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.certificates.len()
    }

    /// How many bytes more there are once `certificate` is in.
    pub(super) fn growth(&self, certificate: &Certificate) -> usize {
        let known = self
            .get(certificate.fingerprint())
            .map_or(0, |known| known.armored().len());
        certificate.armored().len().saturating_sub(known)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, primary: &Fingerprint) -> Option<&Arc<Certificate>> {
        self.certificates.get(primary)
    }

    pub(super) fn insert(&mut self, certificate: Arc<Certificate>) {
        self.bytes += self.growth(&certificate);
        let primary = certificate.fingerprint();
        for fingerprint in certificate.fingerprints() {
            let primaries = self
                .by_key_id
                .entry(swapped(key_id(fingerprint)))
                .or_default();
            if !primaries.contains(primary) {
                primaries.push(primary.clone());
            }
        }
        self.certificates.insert(primary.clone(), certificate);
    }

    /// The certificates with a key named by `handle`. A primary fingerprint names one and no other:
    /// anybody can make anybody's key a subkey of theirs.
    pub(super) fn by_handle(
        &self,
        handle: &Handle,
        limit: usize,
    ) -> Result<Vec<Arc<Certificate>>, QueryError> {
        if let Handle::Fingerprint(fingerprint) = handle
            && let Some(certificate) = self.get(fingerprint)
        {
            return Ok(vec![certificate.clone()]);
        }
        let mut found = Found {
            certificates: Vec::new(),
            limit,
        };
        let candidates = self
            .by_key_id
            .range(key_ids(handle))
            .flat_map(|(_, primaries)| primaries);
        for certificate in candidates.filter_map(|primary| self.get(primary)) {
            let named = match handle {
                Handle::Fingerprint(named) => certificate.fingerprints().any(|own| own == named),
                Handle::KeyId(_) | Handle::ShortId(_) => true,
            };
            if named {
                found.push(certificate)?;
            }
        }
        Ok(found.certificates)
    }

    /// The certificates with `text` in a user id.
    pub(super) fn by_text(
        &self,
        text: &Text,
        limit: usize,
    ) -> Result<Vec<Arc<Certificate>>, QueryError> {
        let mut found = Found {
            certificates: Vec::new(),
            limit,
        };
        for certificate in self.certificates.values() {
            if certificate
                .user_ids()
                .iter()
                .any(|id| text.matches(&id.lower_case))
            {
                found.push(certificate)?;
            }
        }
        Ok(found.certificates)
    }
}

impl Found {
    fn push(&mut self, certificate: &Arc<Certificate>) -> Result<(), QueryError> {
        if self
            .certificates
            .iter()
            .any(|known| Arc::ptr_eq(known, certificate))
        {
            return Ok(());
        }
        if self.certificates.len() == self.limit {
            return Err(QueryError::TooMany(self.limit));
        }
        self.certificates.push(certificate.clone());
        Ok(())
    }
}

/// The swapped key ids that `handle` may stand for.
fn key_ids(handle: &Handle) -> RangeInclusive<u64> {
    let id = match handle {
        Handle::Fingerprint(fingerprint) => swapped(key_id(fingerprint)),
        Handle::KeyId(id) => swapped(*id),
        Handle::ShortId(id) => {
            let first = u64::from(*id) << 32;
            return first..=first | u64::from(u32::MAX);
        }
    };
    id..=id
}

/// The last eight bytes of a fingerprint, or the first eight from version 6 on.
fn key_id(fingerprint: &Fingerprint) -> u64 {
    let bytes = fingerprint.as_bytes();
    let id = match fingerprint {
        Fingerprint::V6(_) => bytes.first_chunk(),
        _ => bytes.last_chunk(),
    };
    id.map_or(0, |id| u64::from_be_bytes(*id))
}

fn swapped(key_id: u64) -> u64 {
    key_id.rotate_left(32)
}
