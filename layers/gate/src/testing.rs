//! What the unit tests share: a slot that is open, and a body that does as it is told.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::{BoxError, Gate, Generation, PluginState, Slot};

/// A slot with a generation in it, and that generation's gate.
pub(crate) fn open_slot() -> (Slot<()>, Gate) {
    let slot = Slot::new("geo", PluginState::Loading);
    let generation = Generation::new(1, ());
    let gate = generation.gate().clone();
    assert!(slot.open(generation).is_none());
    (slot, gate)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Data(&'static str),
    Trailers,
    /// Trailers with a `grpc-status`.
    Status(&'static str),
    Error,
    /// Pending for one poll.
    Pending,
    /// Pending for good.
    Stuck,
    Panic,
}

/// A body that takes one step a poll, and ends when there is none left.
#[derive(Debug, Default)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    /// Whether `is_end_stream` says so before `None` was seen.
    knows_its_end: bool,
    hint: SizeHint,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(crate) fn knowing_its_end(mut self) -> Self {
        self.knows_its_end = true;
        self
    }

    pub(crate) fn hinting(mut self, hint: SizeHint) -> Self {
        self.hint = hint;
        self
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match self.steps.pop_front() {
            None => None,
            Some(Step::Data(data)) => Some(Ok(Frame::data(Bytes::from_static(data.as_bytes())))),
            Some(Step::Trailers) => Some(Ok(Frame::trailers(HeaderMap::new()))),
            Some(Step::Status(status)) => {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", http::HeaderValue::from_static(status));
                Some(Ok(Frame::trailers(trailers)))
            }
            Some(Step::Error) => Some(Err("the body failed".into())),
            Some(Step::Panic) => panic!("the body panicked"),
            Some(Step::Stuck) => {
                self.steps.push_front(Step::Stuck);
                return Poll::Pending;
            }
            Some(Step::Pending) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}
