use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;

use super::{Admission, PluginState, RawSlot, Rejected};
use crate::gate::{RawPermit, Wait};
use crate::plugin::is_upgrade;
use crate::{HasSlot, Holder, Lease, Permit};

/// A service's own way into a slot: readiness before a call, admission in it.
///
/// For middleware that gates by itself. A clone starts afresh, as a clone of a service does.
///
/// The order for each request is that of a service: [`poll_ready`](Self::poll_ready) until it is
/// ready, then [`enter`](Self::enter).
///
/// ```
/// use std::convert::Infallible;
/// use std::task::Poll;
///
/// use tower_plugin_gate::{Door, Generation, PluginState, Slot};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let slot = Slot::new("geo", PluginState::Loading);
/// slot.open(Generation::new(1, ()));
/// let mut door = Door::new(&slot);
/// let Ok(()) = std::future::poll_fn(|cx| {
///     door.poll_ready(cx, |_service| Poll::Ready(Ok::<_, Infallible>(())))
/// })
/// .await;
///
/// // Admission is decided here, and not by having been ready.
/// slot.close(PluginState::Disabled);
/// assert_eq!(door.enter().unwrap_err().state(), PluginState::Disabled);
/// # }
/// ```
pub struct Door {
    slot: Arc<RawSlot>,
    /// Why nobody is let in, as long as the slot has that version.
    closed: Option<(u64, PluginState)>,
    /// The state that made the door ready although the service behind it was not.
    ready_because: Option<PluginState>,
    wait: Wait,
}

impl Door {
    /// A door to the slot of `plugin`.
    pub fn new<P: HasSlot>(plugin: &P) -> Self {
        Self::to(Arc::clone(&plugin.slot().raw))
    }

    pub(crate) fn to(slot: Arc<RawSlot>) -> Self {
        Self {
            slot,
            closed: None,
            ready_because: None,
            wait: Wait::default(),
        }
    }

    pub(crate) fn raw(&self) -> &Arc<RawSlot> {
        &self.slot
    }

    /// Name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.slot.plugin
    }

    /// Ready when the service behind is, or when the slot is closed: then
    /// [`enter`](Self::enter) rejects, so nobody waits for a service that may never be called.
    ///
    /// # Errors
    ///
    /// Those of `inner`.
    #[inline]
    pub fn poll_ready<E>(
        &mut self,
        cx: &mut Context<'_>,
        inner: impl FnOnce(&mut Context<'_>) -> Poll<Result<(), E>>,
    ) -> Poll<Result<(), E>> {
        self.ready_because = None;
        let polled = inner(cx);
        if polled.is_pending() {
            if self.is_closed(cx) {
                return Poll::Ready(Ok(()));
            }
        } else {
            self.slot.leave(&mut self.wait);
        }
        polled
    }

    /// Whether the slot is; if not, the task is woken when it changes.
    fn is_closed(&mut self, cx: &mut Context<'_>) -> bool {
        self.slot.register(&mut self.wait, cx);
        self.ready_because = self.slot.rejects();
        if self.ready_because.is_some() {
            self.slot.leave(&mut self.wait);
        }
        self.ready_because.is_some()
    }

    /// Goes in through the current generation.
    ///
    /// # Errors
    ///
    /// [`Rejected`] when there is none, or when the slot was closed while the service behind was
    /// not ready: a service that is not ready must not be called, even if the slot has been
    /// opened again since.
    pub fn enter(&mut self) -> Result<Permit, Rejected> {
        let entered = match self.slot.is_tracked {
            true => self.enter_tracked(),
            false => self.count_in().map(Permit::new),
        };
        entered.map_err(|state| self.slot.rejected(state))
    }

    #[cold]
    fn enter_tracked(&mut self) -> Result<Permit, PluginState> {
        match self.ready_because.take() {
            Some(state) => Err(state),
            None => self.slot.permit(),
        }
    }

    #[inline]
    fn count_in(&mut self) -> Result<RawPermit, PluginState> {
        match self.enter_near() {
            Some(permit) => {
                self.closed = None;
                Ok(permit)
            }
            None => self.look_up(),
        }
    }

    /// Goes in by the way this thread came last, if that still leads there.
    #[inline]
    pub(crate) fn enter_near(&self) -> Option<RawPermit> {
        match self.ready_because {
            Some(_) => None,
            None => self.slot.enter_near(),
        }
    }

    /// Whether the slot was closed when it was last looked into.
    #[inline]
    pub(crate) fn was_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Why the request is rejected, where that is known without asking the slot.
    #[inline]
    pub(crate) fn known_closed(&self) -> Option<PluginState> {
        match (self.closed, self.ready_because) {
            (Some((version, state)), None) if version == self.slot.version() => Some(state),
            _ => None,
        }
    }

    #[inline(never)]
    fn look_up(&mut self) -> Result<RawPermit, PluginState> {
        if let Some(state) = self.ready_because.take().or_else(|| self.known_closed()) {
            return Err(state);
        }
        // Read first: if the slot changes in between, the number is an old one and the next call
        // comes here again.
        let version = self.slot.version();
        let entered = self.slot.enter_anew();
        self.closed = entered.as_ref().err().map(|state| (version, *state));
        entered
    }

    /// As [`enter`](Self::enter), for work that may outlive its response.
    ///
    /// # Errors
    ///
    /// Those of [`enter`](Self::enter).
    pub fn lease(&mut self) -> Result<Lease, Rejected> {
        let admitted = self.admit().map_err(|state| self.slot.rejected(state))?;
        Ok(Lease::new(admitted))
    }

    fn admit(&mut self) -> Result<Admission, PluginState> {
        match self.ready_because.take() {
            Some(state) => Err(state),
            None => self.slot.admit(),
        }
    }

    /// As [`enter`](Self::enter), for an HTTP request: one that asks for an upgrade is given a
    /// [`Lease`] in its extensions, which its handler may hold beyond the response.
    ///
    /// # Errors
    ///
    /// Those of [`enter`](Self::enter). The request is then as it was.
    #[inline]
    pub fn enter_request<R>(&mut self, request: &mut Request<R>) -> Result<Holder, Rejected> {
        let entered = self.try_enter_request(request);
        entered.map_err(|state| self.slot.rejected(state))
    }

    /// As `enter_request`, of which a rejection is not counted yet.
    #[inline]
    pub(crate) fn try_enter_request<R>(
        &mut self,
        request: &mut Request<R>,
    ) -> Result<Holder, PluginState> {
        if is_upgrade(request) {
            return Ok(self.admit()?.holder(request));
        }
        if self.slot.is_tracked {
            return Ok(Holder::of(self.enter_tracked()?, request));
        }
        self.count_in().map(Holder::new)
    }
}

impl Clone for Door {
    fn clone(&self) -> Self {
        Self::to(Arc::clone(&self.slot))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.slot.leave(&mut self.wait);
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("plugin", &self.plugin())
            .finish_non_exhaustive()
    }
}
