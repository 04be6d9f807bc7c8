use slab::Slab;

use super::holder::Otherwise;
use crate::gate::{Key, Wait};
use crate::sync::{Mutex, lock};

/// What a request is inside by that is more than a permit, and where its body waits.
pub(super) struct Kept {
    /// Beside the permit.
    pub(super) otherwise: Option<Box<Otherwise>>,
    pub(super) wait: Wait,
    /// How many bytes of an announced length are still to come.
    pub(super) to_come: u64,
}

/// What the rarer requests are inside by, which their shard keeps for them: upgrades, those that
/// are tracked, and those whose bodies are measured. Room for it in every response would cost all the others.
#[derive(Default)]
pub(crate) struct KeptForRequests(Mutex<Slab<Kept>>);

impl KeptForRequests {
    pub(super) fn keep(&self, otherwise: Box<Otherwise>) -> Key {
        self.insert(Kept {
            otherwise: Some(otherwise),
            wait: Wait::default(),
            to_come: 0,
        })
    }

    fn insert(&self, kept: Kept) -> Key {
        Key::of_index(lock(&self.0).insert(kept))
    }

    /// Keeps how long a body is to be, under the key of its request, if that has one.
    pub(super) fn keep_length(&self, key: Option<Key>, to_come: u64) -> Key {
        let Some(key) = key else {
            return self.insert(Kept {
                otherwise: None,
                wait: Wait::default(),
                to_come,
            });
        };
        lock(&self.0)[key.index()].to_come = to_come;
        key
    }

    /// So many more bytes have come. Whether these were the last.
    pub(super) fn came(&self, key: Key, bytes: usize) -> bool {
        let to_come = &mut lock(&self.0)[key.index()].to_come;
        *to_come = to_come.saturating_sub(bytes as u64);
        *to_come == 0
    }

    pub(super) fn take(&self, key: Key) -> Kept {
        lock(&self.0).remove(key.index())
    }

    /// Takes the place in the list of those that wait, which is to be [put back](Self::put_wait):
    /// a waker that is dropped under this lock might come back here.
    pub(super) fn wait(&self, key: Key) -> Wait {
        std::mem::take(&mut lock(&self.0)[key.index()].wait)
    }

    pub(super) fn put_wait(&self, key: Key, wait: Wait) {
        lock(&self.0)[key.index()].wait = wait;
    }

    /// The response head is out.
    pub(super) fn is_in_body(&self, key: Key) {
        if let Some(otherwise) = &lock(&self.0)[key.index()].otherwise {
            otherwise.is_in_body();
        }
    }
}

impl std::fmt::Debug for KeptForRequests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptForRequests").finish_non_exhaustive()
    }
}
