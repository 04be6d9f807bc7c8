use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::slot::RawSlot;
use crate::{Held, Rejected, Slot};

/// What a layer does with a request that meets a closed gate.
///
/// It decides alike for every reason there is no instance, a construction that failed included:
///
/// | state of the plugin | `Reject` | `Hold` | `Bypass` |
/// | --- | --- | --- | --- |
/// | `loading`, `reloading` | rejects | holds | lets pass |
/// | `failed`, `disabled`, `unloading` | rejects | rejects at once | lets pass |
///
/// ```
/// use std::convert::Infallible;
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use http::{Request, Response, StatusCode};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, ServiceExt};
/// use tower_plugin_gate::{Generation, OnClosed, PluginLayer, PluginState, Slot};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
/// let slot = Slot::new("geo", PluginState::Reloading);
/// let hold = OnClosed::Hold { max_wait: Duration::from_secs(5), max_held: 1000 };
/// let service = ServiceBuilder::new().layer(PluginLayer::new(&slot).on_closed(hold)).service_fn(
///     |_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))) },
/// );
///
/// let request = tokio::spawn(service.oneshot(Request::new(())));
/// tokio::task::yield_now().await;
/// assert_eq!((slot.held(), slot.in_flight()), (1, 0));
/// slot.open(Generation::new(1, ()));
/// let response = request.await.expect("no panic")?;
/// assert_eq!(response.status(), StatusCode::OK);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnClosed {
    /// Answers in place of the service: 503, status 14, or an `Err`. The default.
    #[default]
    Reject,
    /// Holds requests while a generation is being started, and serves them as soon as it is
    /// there: first come, first served, nobody who comes later is let in earlier.
    ///
    /// A held request waits in its response future, with a clone of the service behind that is
    /// called once it is ready. It is not in flight, but [held](Slot::held), until its turn comes.
    /// Where the plugin turns out not to come back it is rejected at once, as it is without
    /// waiting in a state that promises nothing.
    ///
    /// Only a tokio runtime with timers enabled can hold: elsewhere the call panics.
    Hold {
        /// How long one request is held. Then it is rejected, and
        /// [`Rejected::is_hold_timeout`] says so.
        max_wait: Duration,
        /// How many requests are held at a time. The next one is rejected, and
        /// [`Rejected::is_hold_full`] says so. All services in front of one plugin count
        /// together, each against its own bound.
        max_held: usize,
    },
    /// Fails open: the service behind is called as if the layer were not there, uncounted, out of
    /// reach of any drain, and without a lease for an upgrade.
    ///
    /// For [`SwapLayer`](https://docs.rs/tower-plugin-swap) that is the service without the
    /// middleware. Where the plugin *is* the service, there is nothing to call: `SwapService`
    /// rejects.
    Bypass,
}

/// The policy of a layer that was not told any: [`OnClosed::Reject`], known to the compiler.
///
/// It asks nothing of the service behind; one that may have to be held has to be [`Clone`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reject;

/// What [`OnClosed::decide`] says.
pub enum Closed<T: ?Sized = dyn Any + Send + Sync> {
    /// To be answered in place of the service.
    Reject(Rejected),
    /// To wait for this, and to go in with what it resolves to.
    Hold(Held<T>),
    /// To go past the plugin; where there is no way past it, to be answered with this.
    Bypass(Rejected),
}

impl OnClosed {
    /// What to do with a request that `slot` turned away with `rejected`: for middleware that
    /// gates by itself.
    ///
    /// A request that is to be held has its place in the line from here on.
    ///
    /// ```
    /// use tower_plugin_gate::{Closed, OnClosed, PluginState, Slot};
    ///
    /// let slot: Slot<()> = Slot::new("geo", PluginState::Failed);
    /// let rejected = slot.enter().unwrap_err();
    /// assert!(matches!(OnClosed::Bypass.decide(&slot, rejected), Closed::Bypass(_)));
    /// ```
    ///
    /// # Panics
    ///
    /// [`OnClosed::Hold`], outside of a tokio runtime with timers enabled.
    pub fn decide<T>(self, slot: &Slot<T>, rejected: Rejected) -> Closed<T> {
        self.decide_raw(&slot.raw, rejected)
    }

    pub(crate) fn decide_raw<T: ?Sized>(
        self,
        slot: &Arc<RawSlot>,
        rejected: Rejected,
    ) -> Closed<T> {
        match self {
            Self::Reject => Closed::Reject(rejected),
            Self::Bypass => {
                slot.not_rejected(&rejected);
                Closed::Bypass(rejected)
            }
            Self::Hold { max_wait, max_held } => {
                slot.not_rejected(&rejected);
                match Held::new(slot, max_wait, max_held) {
                    Ok(held) => Closed::Hold(held),
                    Err(rejected) => Closed::Reject(rejected),
                }
            }
        }
    }
}

impl<T: ?Sized> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reject(rejected) => f.debug_tuple("Reject").field(rejected).finish(),
            Self::Hold(held) => f.debug_tuple("Hold").field(held).finish(),
            Self::Bypass(rejected) => f.debug_tuple("Bypass").field(rejected).finish(),
        }
    }
}
