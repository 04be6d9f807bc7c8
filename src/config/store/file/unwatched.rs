use crate::{ConfigChanges, StoreChange, StoreError, StoreFuture};

/// The changes that are found where a file is read for something else, for want of more.
#[derive(Debug)]
pub(super) struct Unwatched {
    noted: Box<dyn ConfigChanges>,
}

impl Unwatched {
    pub(super) fn new(noted: Box<dyn ConfigChanges>) -> Self {
        Self { noted }
    }
}

impl ConfigChanges for Unwatched {
    fn ready(&mut self) -> StoreFuture<'_, ()> {
        let why = "edits of files are noticed with the feature `watch` only: build with that, or \
                   reload a plugin when its file was edited";
        Box::pin(std::future::ready(Err(StoreError::unavailable(why))))
    }

    fn next(&mut self) -> StoreFuture<'_, StoreChange> {
        self.noted.next()
    }
}
