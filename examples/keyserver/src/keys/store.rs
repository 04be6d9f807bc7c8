use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use pgp::types::Fingerprint;

use super::{Certificate, KeyError, Limits, Query, QueryError, index::Index};

/// Every certificate the server has, in memory.
///
/// # Examples
///
/// ```
/// use keyserver::keys::{Limits, Query, Store};
///
/// let store = Store::new(Limits::default());
/// assert!(store.find(&Query::parse("alice", false)?)?.is_empty());
/// # Ok::<(), keyserver::keys::QueryError>(())
/// ```
#[derive(Debug)]
pub struct Store {
    limits: Limits,
    /// Held by whoever adds keys, for as long as merging takes, while readers read on.
    adding: Mutex<()>,
    index: RwLock<Index>,
}

/// What [`Store::add`] did, in numbers of certificates.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Added {
    /// Not known before.
    pub new: usize,
    /// Known, and now known better.
    pub updated: usize,
    /// Known just so.
    pub unchanged: usize,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            adding: Mutex::default(),
            index: RwLock::default(),
        }
    }

    /// How many certificates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds `certificates`, merging them into those that are known.
    ///
    /// # Errors
    ///
    /// When one gets too big by it, or there is no room for it; then none is added.
    pub fn add(&self, certificates: Vec<Certificate>) -> Result<Added, KeyError> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut added = Added::default();
        let mut changed: HashMap<Fingerprint, Arc<Certificate>> = HashMap::new();
        for certificate in certificates {
            let fingerprint = certificate.fingerprint().clone();
            let staged = changed.get(&fingerprint).cloned();
            let known = staged.or_else(|| self.read().get(&fingerprint).cloned());
            let Some(known) = known else {
                added.new += 1;
                changed.insert(fingerprint, Arc::new(certificate));
                continue;
            };
            let merged = known.merged(&certificate, &self.limits)?;
            if merged.armored() == known.armored() {
                added.unchanged += 1;
            } else {
                added.updated += 1;
                changed.insert(fingerprint, Arc::new(merged));
            }
        }
        let mut index = self.write();
        let growth: usize = changed
            .values()
            .map(|certificate| index.growth(certificate))
            .sum();
        if added.new > 0 && index.len() + added.new > self.limits.max_keys
            || index.bytes() + growth > self.limits.max_total_bytes
        {
            return Err(KeyError::Full);
        }
        for certificate in changed.into_values() {
            index.insert(certificate);
        }
        Ok(added)
    }

    /// The certificates that `query` is about, newest first.
    ///
    /// A search for text looks at every user id: keep it off the threads that serve requests.
    ///
    /// # Errors
    ///
    /// When there are more than [`Limits::max_results`].
    pub fn find(&self, query: &Query) -> Result<Vec<Arc<Certificate>>, QueryError> {
        let (index, limit) = (self.read(), self.limits.max_results);
        let mut found = match &query.handle {
            Some(handle) => index.by_handle(handle, limit)?,
            None => Vec::new(),
        };
        if let (true, Some(text)) = (found.is_empty(), &query.text) {
            found = index.by_text(text, limit)?;
        }
        drop(index);
        found.sort_by_cached_key(|certificate| Reverse(certificate.primary().validity.created));
        Ok(found)
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
