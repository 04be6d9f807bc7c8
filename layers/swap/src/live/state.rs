use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use tower_plugin_gate::{Answer, Generation, Protocol, Watch};
use tower_service::Service;

use super::Source;

/// One clone of a swappable service. A further clone starts afresh: it holds no generation until
/// it is used, so a template that is only ever cloned keeps no old instance alive.
pub(crate) struct Live<P: Source> {
    pub(super) source: P,
    pub(super) held: Option<Held<P>>,
    /// Version of the slot that `held` was taken at; the slot's own start above zero. Zero once a
    /// request was served of a slot where each has to choose.
    pub(super) seen: u64,
    /// Whether it has to: two generations share the requests.
    pub(super) is_split: bool,
    /// Only while readiness is pending.
    watch: Option<Watch>,
    pub(super) answer: Answer,
}

pub(super) struct Held<P: Source> {
    pub(super) generation: Generation<P::Instance>,
    pub(super) service: P::Service,
    /// Whether `service` was polled ready and has not been called since.
    pub(super) ready: Ready,
    /// What it is once its service is.
    lets_in: Ready,
}

/// Whether the service may be called, and what has to be done for a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    No,
    /// No more than to count it, unless it is special itself.
    Plainly,
    Specially,
}

impl Ready {
    /// Whether it was; a call uses it up.
    pub(super) fn take(&mut self) -> bool {
        std::mem::replace(self, Self::No) != Self::No
    }
}

impl<P: Source> Live<P> {
    pub(crate) fn new(source: P, protocol: Protocol) -> Self {
        Self::with_answer(source, Answer::new(protocol))
    }

    pub(crate) fn with_answer(source: P, answer: Answer) -> Self {
        Self {
            source,
            held: None,
            seen: 0,
            is_split: false,
            watch: None,
            answer,
        }
    }

    pub(crate) fn catch_panics(mut self) -> Self {
        self.answer = self.answer.catch_panics();
        self
    }

    pub(crate) fn retry_after(mut self, after: Duration) -> Self {
        self.answer = self.answer.retry_after(after);
        self
    }

    /// Takes the slot's generation where it is another one than that held.
    fn refresh(&mut self) {
        // Read before the generation is: what is taken is of this version or later, and a later
        // one is looked at again.
        let version = self.source.slot().version();
        if version == self.seen {
            return;
        }
        let current = self.source.current();
        self.is_split = current.as_ref().is_some_and(|current| current.is_split);
        let same = match (&self.held, &current) {
            (Some(held), Some(current)) => held.generation.is_same(&current.generation),
            (held, current) => held.is_none() && current.is_none(),
        };
        if !same {
            self.held = current.map(|current| Held {
                generation: current.generation,
                service: current.service,
                ready: Ready::No,
                lets_in: Ready::Specially,
            });
        }
        if let Some(held) = &mut self.held {
            let is_special =
                self.is_split || self.answer.catches_panics() || !held.generation.admits_plain();
            held.lets_in = match is_special {
                true => Ready::Specially,
                false => Ready::Plainly,
            };
        }
        self.seen = version;
    }

    /// Ready when the current generation's service is, or when there is no generation: then the
    /// call is answered with a rejection.
    #[inline]
    pub(crate) fn poll_ready<R>(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), <P::Service as Service<R>>::Error>>
    where
        P::Service: Service<R>,
    {
        self.poll_ready_or(cx, |_, _| Poll::Ready(Ok(())))
    }

    /// As [`poll_ready`](Self::poll_ready), asking `absent` while there is no generation.
    #[inline]
    pub(crate) fn poll_ready_or<R>(
        &mut self,
        cx: &mut Context<'_>,
        absent: impl FnMut(&P, &mut Context<'_>) -> Poll<Result<(), <P::Service as Service<R>>::Error>>,
    ) -> Poll<Result<(), <P::Service as Service<R>>::Error>>
    where
        P::Service: Service<R>,
    {
        let mut was_pending = false;
        if self.source.slot().version() == self.seen && self.watch.is_none() {
            if let Some(held) = &mut self.held {
                let ready = held.poll_ready(cx);
                if ready.is_ready() {
                    return ready;
                }
                was_pending = true;
            }
        }
        self.poll_ready_slowly(cx, was_pending, absent)
    }

    /// As `poll_ready_or`, of a slot that has changed, or a service that was polled, and not ready.
    #[inline(never)]
    fn poll_ready_slowly<R>(
        &mut self,
        cx: &mut Context<'_>,
        mut was_pending: bool,
        mut absent: impl FnMut(
            &P,
            &mut Context<'_>,
        ) -> Poll<Result<(), <P::Service as Service<R>>::Error>>,
    ) -> Poll<Result<(), <P::Service as Service<R>>::Error>>
    where
        P::Service: Service<R>,
    {
        loop {
            let polled = if std::mem::take(&mut was_pending) {
                Poll::Pending
            } else {
                self.refresh();
                match &mut self.held {
                    None => absent(&self.source, cx),
                    Some(held) => held.poll_ready(cx),
                }
            };
            if polled.is_ready() {
                self.watch = None;
                return polled;
            }
            let watch = self.watch.get_or_insert_with(|| self.source.slot().watch());
            if watch.poll_changed(self.seen, cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl<P: Source> Held<P> {
    #[inline]
    fn poll_ready<R>(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), <P::Service as Service<R>>::Error>>
    where
        P::Service: Service<R>,
    {
        self.ready = Ready::No;
        let polled = self.service.poll_ready(cx);
        if let Poll::Ready(Ok(())) = polled {
            self.ready = self.lets_in;
        }
        polled
    }
}

impl<P: Source> Clone for Live<P> {
    fn clone(&self) -> Self {
        Self::with_answer(self.source.clone(), self.answer)
    }
}

impl<P: Source> fmt::Debug for Live<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let generation = self.held.as_ref().map(|held| held.generation.number());
        f.debug_struct("Live")
            .field("plugin", &self.source.slot().plugin())
            .field("generation", &generation)
            .finish_non_exhaustive()
    }
}
