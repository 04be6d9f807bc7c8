//! Gate, count, drain and cancel the requests of **one plugin** of a running tower server.
//!
//! This crate is the request path of `tower-plugin`. It knows nothing of managers, configs or
//! reloads: somebody *writes* a [`Slot`], layers *read* it.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Gate`] | admission for one generation of a plugin: open, then closed for good |
//! | [`Permit`] | proof that a request was admitted; it is inside until the permit drops |
//! | [`Slot`] | the current generation of a plugin, or why there is none |
//! | [`Lease`] | a permit plus the plugin's instance, for work that outlives a response |
//! | [`PluginLayer`] | gates HTTP and gRPC services, counting until the response body ends |
//! | [`LatencyLayer`] | times requests, where that is wanted |
//! | [`SelectLayer`] | gates a service behind many plugins: the request says which |
//! | [`AnyLayer`] | gates any other [`tower_service::Service`]: a rejection is an `Err` |
//! | [`OnClosed`] | what becomes of a request at a closed gate: reject, hold, or bypass |
//! | [`InFlightRequests`] | who is inside a plugin whose requests are [tracked](Slot::tracked) |
//! | [`LingerLayer`] | lets clients read a rejection that comes before their upload is through |
//!
//! ```
//! use tower_plugin_gate::{Generation, PluginState, Slot};
//!
//! let slot: Slot<String> = Slot::new("greeter", PluginState::Loading);
//! assert_eq!(slot.enter().unwrap_err().state(), PluginState::Loading);
//!
//! slot.open(Generation::new(1, "hello".to_owned()));
//! let lease = slot.enter().expect("the slot is open");
//! assert_eq!(lease.instance(), "hello");
//! assert_eq!(slot.in_flight(), 1);
//!
//! // Closing lets nothing in any more; what is inside stays until it is done.
//! let old = slot.close(PluginState::Disabled).expect("there was a generation");
//! assert!(slot.enter().is_err());
//! assert!(!old.gate().is_drained());
//! drop(lease);
//! assert!(old.gate().is_drained());
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod any;
mod gate;
mod latency;
mod linger;
#[cfg(all(test, tower_plugin_loom))]
mod loom_models;
mod plugin;
mod policy;
mod select;
mod slot;
mod sync;
#[cfg(all(test, not(tower_plugin_loom)))]
mod testing;
mod track;

pub use any::{AnyFuture, AnyLayer, AnyPolicyFuture, AnyService};
pub use gate::{Cancelled, CancelledError, Counters, Drained, Gate, PanickedError, Permit};
pub use latency::{Latency, LatencyBody, LatencyFuture, LatencyLayer, LatencyService};
pub use linger::{LingerBody, LingerFuture, LingerLayer, LingerService, Upload};
pub use plugin::{
    Answer, Holder, Plain, PluginLayer, PluginService, Protocol, ResponseBody, ResponseBodyError,
    ResponseFuture, is_plain, is_special, is_upgrade,
};
pub use policy::{Closed, HeldRequest, NeverHeld, OnClosed, PolicyFuture, Reject, Resumed};
pub use select::{
    Extension, Header, OnUnselected, PathSegment, PluginSet, Select, SelectFn, SelectLayer,
    SelectService, select_fn,
};
pub use slot::{Door, Generation, HasSlot, Held, Lease, PluginState, Rejected, Share, Slot, Watch};
pub use track::{InFlightRequest, InFlightRequests, PhaseCounts, RequestPhase};

/// A boxed error, as tower uses it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
