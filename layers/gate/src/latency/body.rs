use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::timer::Timer;

pin_project! {
    /// A response body that is timed until it ends: at the end of the stream, at an error, or when
    /// it is dropped.
    #[derive(Debug)]
    pub struct LatencyBody<B> {
        #[pin]
        inner: B,
        timer: Option<Timer>,
    }
}

impl<B: Body> LatencyBody<B> {
    pub(super) fn new(inner: B, timer: Option<Timer>) -> Self {
        let timer = timer.filter(|_| !inner.is_end_stream());
        Self { inner, timer }
    }
}

impl<B: Body> Body for LatencyBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) || this.inner.is_end_stream() {
            *this.timer = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use std::sync::Arc;

    use tokio_test::{assert_ready, task};

    use super::*;
    use crate::latency::Histogram;
    use crate::testing::Script;
    use crate::testing::Step::{Data, Error};

    #[test]
    fn body_is_timed_until_its_observed_end_and_once() {
        for script in [
            Script::new([Data("a"), Data("b")]),
            Script::new([Data("a"), Data("b")]).knowing_its_end(),
            Script::new([Data("a"), Error]),
        ] {
            let histogram = Arc::new(Histogram::new());
            let body = LatencyBody::new(script, Some(Timer::start(&histogram)));
            let mut body = task::spawn(body);
            let mut poll = || assert_ready!(body.enter(|cx, body| body.poll_frame(cx)));
            assert!(poll().is_some_and(|frame| frame.is_ok()));
            assert_eq!(histogram.read().count(), 0, "there is more to come");
            while poll().is_some() {}
            assert_eq!(histogram.read().count(), 1, "though the body is held");
            drop(body);
            assert_eq!(histogram.read().count(), 1);
        }
    }

    #[test]
    fn empty_body_is_not_waited_for_and_a_dropped_one_ends() {
        let histogram = Arc::new(Histogram::new());
        let timer = || Some(Timer::start(&histogram));
        let empty = LatencyBody::new(Script::new([]).knowing_its_end(), timer());
        assert_eq!(histogram.read().count(), 1);
        drop(LatencyBody::new(Script::new([Data("a")]), timer()));
        assert_eq!(histogram.read().count(), 2);
        drop(empty);
        assert_eq!(histogram.read().count(), 2);
    }
}
