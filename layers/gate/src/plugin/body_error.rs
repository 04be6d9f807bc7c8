use std::error::Error;
use std::fmt;

use crate::{BoxError, CancelledError, PanickedError};

/// Why a [`ResponseBody`](super::ResponseBody) ended before its end: the service's own error, or
/// that its request was cancelled, or that it panicked.
///
/// That cause is the [`source`](Error::source), so whoever looks for an error down the chain, as
/// hyper does for those of HTTP/2, finds it.
///
/// ```
/// use std::convert::Infallible;
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::BodyExt;
/// use http_body_util::channel::Channel;
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_plugin_gate::{Generation, PluginLayer, PluginState, Slot};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let slot = Slot::new("geo", PluginState::Loading);
/// slot.open(Generation::new(1, ()));
/// let (_more, body) = Channel::<Bytes, Infallible>::new(1);
/// let mut body = Some(body);
/// let download = service_fn(move |_: Request<()>| {
///     let response = Response::new(body.take().expect("one request"));
///     std::future::ready(Ok::<_, Infallible>(response))
/// });
/// let response = PluginLayer::new(&slot).layer(download).oneshot(Request::new(())).await;
///
/// // The drain's deadline passes while there is more to come.
/// let old = slot.close(PluginState::Disabled).expect("it was open");
/// old.gate().cancel();
/// let error = response.expect("it was let in").collect().await.expect_err("it was cut off");
/// let cancelled = error.cancelled().expect("because it was cancelled");
/// assert_eq!((cancelled.plugin(), cancelled.state()), ("geo", PluginState::Disabled));
/// # }
/// ```
pub struct ResponseBodyError(Option<BoxError>);

impl ResponseBodyError {
    /// Of another gate's body it stays that one.
    #[cold]
    pub(super) fn new(cause: impl Into<BoxError>) -> Self {
        match cause.into().downcast() {
            Ok(same) => *same,
            Err(cause) => Self(Some(cause)),
        }
    }

    /// The cause.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn Error + Send + Sync + 'static) {
        let cause = self.0.as_deref();
        cause.expect("it is there until it is taken out")
    }

    /// The cause, to keep.
    #[must_use]
    pub fn into_inner(mut self) -> BoxError {
        let cause = self.0.take();
        cause.expect("it is there until it is taken out")
    }

    /// How the request was cancelled, if it was: the drain's deadline had passed.
    #[must_use]
    pub fn cancelled(&self) -> Option<&CancelledError> {
        self.get_ref().downcast_ref()
    }

    /// Whether the request was [cancelled](Self::cancelled).
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled().is_some()
    }

    /// Whether the service's body panicked, where that is
    /// [caught](super::PluginLayer::catch_panics).
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.get_ref().is::<PanickedError>()
    }
}

/// Small, and so inlined where a frame is dropped that may be an error: what is done about one has
/// a function of its own.
impl Drop for ResponseBodyError {
    #[inline(always)]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        fn drop_cause(cause: BoxError) {
            drop(cause);
        }
        if let Some(cause) = self.0.take() {
            drop_cause(cause);
        }
    }
}

impl fmt::Display for ResponseBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the response ended early")
    }
}

impl fmt::Debug for ResponseBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResponseBodyError")
            .field(&self.get_ref())
            .finish()
    }
}

impl Error for ResponseBodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.get_ref())
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn error_of_a_gate_behind_another_is_told_once() {
        let of_the_service = io::Error::other("no luck");
        let inner = ResponseBodyError::new(of_the_service);
        let outer = ResponseBodyError::new(inner);
        let cause = outer.source().expect("the service's");
        assert!(cause.is::<io::Error>(), "{outer:?}");
        assert_eq!(outer.to_string(), "the response ended early");
        assert!(outer.into_inner().is::<io::Error>());
    }
}
