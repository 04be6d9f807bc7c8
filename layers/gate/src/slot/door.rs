use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;

use super::{Admission, PluginState, RawSlot, Rejected};
use crate::gate::{RawPermit, Wait};
use crate::plugin::is_upgrade;
use crate::{Gate, HasSlot, Holder, Lease, Permit};

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
    /// The gate last entered, and the slot's version at that time. A fresh door leaves it empty
    /// on its first call: most clones serve one request, and remembering costs two writes to a
    /// count that every thread shares.
    known: Known,
    /// The state that made the door ready although the service behind it was not.
    ready_because: Option<PluginState>,
    wait: Wait,
}

enum Known {
    Fresh,
    Used,
    /// The gate alone: an idle door must not keep an instance alive that was replaced.
    Gate {
        version: u64,
        gate: Gate,
    },
    /// There is none, and so it stays until the slot changes.
    Closed {
        version: u64,
        state: PluginState,
    },
}

impl Door {
    /// A door to the slot of `plugin`.
    pub fn new<P: HasSlot>(plugin: &P) -> Self {
        Self::to(Arc::clone(&plugin.slot().raw))
    }

    pub(crate) fn to(slot: Arc<RawSlot>) -> Self {
        Self {
            slot,
            known: Known::Fresh,
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
        if let (Known::Gate { version, gate }, None) = (&self.known, self.ready_because) {
            if *version == self.slot.version() {
                if let Some(permit) = gate.count_in() {
                    return Ok(permit);
                }
            }
        }
        self.look_up()
    }

    /// Whether there is a gate that was entered last.
    #[inline]
    pub(crate) fn knows_gate(&self) -> bool {
        matches!(self.known, Known::Gate { .. })
    }

    /// Goes in through the gate that was entered last, if that is still the one.
    #[inline]
    pub(crate) fn enter_known(&self) -> Option<RawPermit> {
        match (&self.known, self.ready_because) {
            (Known::Gate { version, gate }, None) if *version == self.slot.version() => {
                gate.count_in()
            }
            _ => None,
        }
    }

    /// Why the request is rejected, where that is known without asking the slot.
    #[inline]
    pub(crate) fn known_closed(&self) -> Option<PluginState> {
        match (&self.known, self.ready_because) {
            (Known::Closed { version, state }, None) if *version == self.slot.version() => {
                Some(*state)
            }
            _ => None,
        }
    }

    #[inline(never)]
    fn look_up(&mut self) -> Result<RawPermit, PluginState> {
        match (self.ready_because.take(), self.known_closed()) {
            (Some(state), _) | (None, Some(state)) => Err(state),
            (None, None) => self.enter_current(),
        }
    }

    fn enter_current(&mut self) -> Result<RawPermit, PluginState> {
        if let Known::Fresh = self.known {
            self.known = Known::Used;
            return self.slot.enter();
        }
        self.known = Known::Used;
        // Read first: if the slot changes in between, the number is an old one and the next call
        // comes here again.
        let version = self.slot.version();
        let Admission { permit, generation } = match self.slot.admit() {
            Ok(admission) => admission,
            Err(state) => {
                self.known = Known::Closed { version, state };
                return Err(state);
            }
        };
        // Where there are two, the next request is to be asked for anew.
        if !self.slot.is_split() {
            let gate = generation.gate.clone();
            self.known = Known::Gate { version, gate };
        }
        Ok(permit.into_raw())
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
