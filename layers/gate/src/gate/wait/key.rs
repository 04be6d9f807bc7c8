use std::num::NonZeroU32;

/// Names a place, and no other one until its owner has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(NonZeroU32);

impl Key {
    /// So that it fits beside other things.
    const MAX: u32 = u32::MAX >> 5;

    pub(crate) fn new(key: u32) -> Option<Self> {
        NonZeroU32::new(key).map(Self)
    }

    pub(crate) fn of_index(index: usize) -> Self {
        let key = u32::try_from(index + 1)
            .ok()
            .filter(|key| *key <= Self::MAX);
        key.and_then(Self::new)
            .expect("more tasks than memory has room for")
    }

    pub(crate) fn get(self) -> u32 {
        self.0.get()
    }

    pub(crate) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}
