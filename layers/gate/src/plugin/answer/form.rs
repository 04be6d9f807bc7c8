use std::fmt;
use std::time::Duration;

use http::Method;

use crate::plugin::notes::Notes;

/// How a client of the gated service expects to be told that there is nobody to serve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// Status 503 with `Retry-After` and a small JSON body.
    #[default]
    Http,
    /// Status 200 with `grpc-status: 14` (`UNAVAILABLE`) on headers that end the stream.
    Grpc,
}

/// What a layer answers in place of the service: its protocol and its `Retry-After`.
///
/// The default is HTTP with a `Retry-After` of one second.
#[derive(Clone, Copy)]
pub struct Answer {
    /// As each request begins with it, so that there is nothing to be put together for one.
    notes: Notes,
    pub(super) retry_after: u32,
}

impl Default for Answer {
    fn default() -> Self {
        Self::new(Protocol::Http)
    }
}

impl Answer {
    /// An answer in `protocol`, with a `Retry-After` of one second.
    #[must_use]
    pub const fn new(protocol: Protocol) -> Self {
        Self {
            notes: Notes::new(protocol),
            retry_after: 1,
        }
    }

    /// With another `Retry-After`, rounded up to whole seconds.
    #[must_use]
    pub const fn retry_after(mut self, after: Duration) -> Self {
        let part = if after.subsec_nanos() == 0 { 0 } else { 1 };
        let seconds = after.as_secs().saturating_add(part);
        self.retry_after = if seconds > u32::MAX as u64 {
            u32::MAX
        } else {
            seconds as u32
        };
        self
    }

    /// Answers 500, or gRPC's `INTERNAL`, when the service behind panics, instead of passing the
    /// panic on to the server.
    #[must_use]
    pub const fn catch_panics(mut self) -> Self {
        self.notes = self.notes.catching_panics();
        self
    }

    /// Whether [`catch_panics`](Self::catch_panics) was asked for.
    #[inline]
    #[must_use]
    pub const fn catches_panics(self) -> bool {
        self.notes.catches_panics()
    }

    #[inline]
    pub(super) fn protocol(self) -> Protocol {
        self.notes.protocol()
    }

    /// As it is to be given to one request: a tunnel must not be told that it is open, which is
    /// what any 2xx means to CONNECT; and nobody reads a body after HEAD, so a request is over then
    /// as soon as its head is out.
    #[must_use]
    #[inline]
    pub fn for_method(mut self, method: &Method) -> Self {
        match *method {
            Method::CONNECT => self.notes = self.notes.speaking(Protocol::Http),
            Method::HEAD => self.notes = self.notes.of_head(),
            _ => {}
        }
        self
    }

    #[inline]
    pub(in crate::plugin) fn notes(self) -> Notes {
        self.notes
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("protocol", &self.protocol())
            .field("catches_panics", &self.catches_panics())
            .field("retry_after", &self.retry_after)
            .finish()
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        let answer = Answer::default().retry_after(Duration::from_millis(1200));
        assert_eq!(answer.retry_after, 2);
        assert_eq!(answer.retry_after(Duration::from_secs(3)).retry_after, 3);
    }
}
