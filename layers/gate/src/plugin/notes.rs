use super::Protocol;
use crate::gate::{Exit, Key};

/// What is to be remembered of a request inside, in half a word: a response is a large thing, and
/// each byte that is added to it is moved with it.
///
/// | bits | meaning |
/// | --- | --- |
/// | 0 | it speaks gRPC |
/// | 1 | panics are to be answered |
/// | 2 | it is to be counted as failed, if it ends well |
/// | 3 | it is over |
/// | 4 | it is inside by more than a permit, which its shard keeps under the key |
/// | 5 | it is a HEAD request: its response ends with its head |
/// | 6 | its shard keeps, under the key, how much of an announced length is still to come |
/// | 7–31 | the key of its task in the list of those that wait to be cancelled, plus one |
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Notes(u32);

const GRPC: u32 = 1;
const CATCHES: u32 = 1 << 1;
const FAILED: u32 = 1 << 2;
const OVER: u32 = 1 << 3;
const KEPT: u32 = 1 << 4;
const HEAD: u32 = 1 << 5;
const MEASURED: u32 = 1 << 6;
const KEY_AT: u32 = 7;
const KEY: u32 = u32::MAX << KEY_AT;

impl Notes {
    /// Of a request that is not inside.
    pub(super) fn over() -> Self {
        Self(OVER)
    }

    /// Of a request that is to be answered like that, should it come to it.
    pub(super) const fn new(protocol: Protocol) -> Self {
        Self(0).speaking(protocol)
    }

    /// These, to be answered like that.
    #[inline]
    pub(super) const fn speaking(self, protocol: Protocol) -> Self {
        match protocol {
            Protocol::Http => Self(self.0 & !GRPC),
            Protocol::Grpc => Self(self.0 | GRPC),
        }
    }

    /// These, with panics to be answered.
    pub(super) const fn catching_panics(self) -> Self {
        Self(self.0 | CATCHES)
    }

    /// These, of a HEAD request.
    pub(super) const fn of_head(self) -> Self {
        Self(self.0 | HEAD)
    }

    pub(super) fn is_head(self) -> bool {
        self.0 & HEAD != 0
    }

    /// Of one that is inside by what its shard keeps under that key.
    pub(super) fn kept(self, key: Key) -> Self {
        Self(self.0 | KEPT).with_key(key)
    }

    pub(super) fn with_key(self, key: Key) -> Self {
        Self((self.0 & !KEY) | (key.get() << KEY_AT))
    }

    /// These, for whoever goes on with the request: for whom it was, it is over.
    #[inline]
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self((self.0 & !(KEPT | MEASURED | KEY)) | OVER))
    }

    #[inline]
    pub(super) fn fail(&mut self) {
        self.0 |= FAILED;
    }

    #[inline]
    pub(super) const fn protocol(self) -> Protocol {
        if self.0 & GRPC == 0 {
            Protocol::Http
        } else {
            Protocol::Grpc
        }
    }

    /// How the request is to be counted if it ends well.
    #[inline]
    pub(super) fn end(self) -> Exit {
        if self.0 & FAILED == 0 {
            Exit::Completed
        } else {
            Exit::Failed
        }
    }

    #[inline]
    pub(super) fn is_over(self) -> bool {
        self.0 & OVER != 0
    }

    #[inline]
    pub(super) fn is_kept(self) -> bool {
        self.0 & KEPT != 0
    }

    #[inline]
    pub(super) const fn catches_panics(self) -> bool {
        self.0 & CATCHES != 0
    }

    /// Whether its frames need more than to be passed on.
    #[inline]
    pub(super) fn is_special_in_body(self) -> bool {
        self.0 & (OVER | CATCHES | MEASURED) != 0
    }

    /// These, of one whose shard keeps how much is still to come.
    pub(super) fn measured(self) -> Self {
        Self(self.0 | MEASURED)
    }

    pub(super) fn is_measured(self) -> bool {
        self.0 & MEASURED != 0
    }

    /// Whether there is nothing to remember of it, as of most.
    #[inline]
    pub(super) fn is_plain(self) -> bool {
        self.0 == 0
    }

    /// Whether nothing but the count knows of it.
    #[inline]
    pub(super) fn is_alone(self) -> bool {
        self.0 & (OVER | KEPT | KEY) == 0
    }

    pub(super) fn key(self) -> Option<Key> {
        Key::new(self.0 >> KEY_AT)
    }
}
