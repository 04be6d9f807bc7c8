use slab::Slab;

use super::holder::Otherwise;
use crate::gate::{Key, Wait};
use crate::sync::{Mutex, lock};

/// What a request is inside by that is more than a permit, and where its body waits.
pub(super) struct Kept {
    pub(super) otherwise: Box<Otherwise>,
    pub(super) wait: Wait,
}

/// What the rarer requests are inside by, which their shard keeps for them: upgrades, and those
/// that are tracked. Room for it in every response would cost all the others.
#[derive(Default)]
pub(crate) struct KeptForRequests(Mutex<Slab<Kept>>);

impl KeptForRequests {
    pub(super) fn keep(&self, otherwise: Box<Otherwise>) -> Key {
        let wait = Wait::default();
        Key::of_index(lock(&self.0).insert(Kept { otherwise, wait }))
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
        lock(&self.0)[key.index()].otherwise.is_in_body();
    }
}

impl std::fmt::Debug for KeptForRequests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptForRequests").finish_non_exhaustive()
    }
}
