//! Hot-swap a tower service or middleware under live traffic.
//!
//! The instance of a plugin can *be* a service, or *be* a [`Layer`](tower_layer::Layer). A new
//! generation in the plugin's [`Slot`](tower_plugin_gate::Slot) then takes over in every server
//! that was built with it: no router is rebuilt, no connection is closed, no request is turned
//! away.
//!
//! | part | the plugin's instance | where it goes |
//! | --- | --- | --- |
//! | [`SwapService`] | answers the requests itself | axum's `route_service` and `nest_service`, hyper |
//! | [`SwapLayer`] | wraps another service | axum's `layer` and `route_layer`, `ServiceBuilder` |
//!
//! Both gate and count as [`PluginLayer`](tower_plugin_gate::PluginLayer) does. A request enters
//! exactly one generation and stays with it to the end of its response body; only a plugin
//! without any generation rejects, or does what its
//! [`OnClosed`](tower_plugin_gate::OnClosed) says: hold requests until there is one, or, in the
//! case of a middleware, let them pass without it.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use tower::{ServiceExt, util::BoxCloneSyncService};
//! use tower_plugin_gate::{Generation, PluginState, Slot};
//! use tower_plugin_swap::SwapService;
//!
//! type Greeter = BoxCloneSyncService<Request<()>, Response<Full<Bytes>>, Infallible>;
//!
//! fn greeter(text: &'static str) -> Greeter {
//!     BoxCloneSyncService::new(tower::service_fn(move |_| async move {
//!         Ok(Response::new(Full::from(text)))
//!     }))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Infallible> {
//! use http_body_util::BodyExt;
//!
//! let slot: Slot<Greeter> = Slot::new("greeter", PluginState::Loading);
//! let service = SwapService::new(&slot);
//!
//! let early = service.clone().oneshot(Request::new(())).await?;
//! assert_eq!(early.status(), StatusCode::SERVICE_UNAVAILABLE);
//!
//! slot.open(Generation::new(1, greeter("hello")));
//! let hello = service.clone().oneshot(Request::new(())).await?;
//!
//! let old = slot.open(Generation::new(2, greeter("good evening"))).expect("the first");
//! let evening = service.oneshot(Request::new(())).await?;
//! let evening = evening.into_body().collect().await.expect("a whole body").to_bytes();
//! assert_eq!(evening, "good evening");
//!
//! // Who came earlier is served to the end by what it came to.
//! assert!(!old.gate().is_drained());
//! let hello = hello.into_body().collect().await.expect("a whole body").to_bytes();
//! assert_eq!(hello, "hello");
//! assert!(old.gate().is_drained());
//! # Ok(()) }
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod layer;
mod live;
mod oneshot;
mod service;

pub use layer::{BypassBody, PolicySwap, PolicySwapFuture, Swap, SwapLayer};
pub use oneshot::Oneshot;
pub use service::{SwapFuture, SwapService};
