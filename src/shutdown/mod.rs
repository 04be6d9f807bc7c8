//! Ending a server in the right order: its readiness, its plugins, its connections, all of it
//! within one deadline.
//!
//! | step | what happens | who waits for it |
//! | --- | --- | --- |
//! | 1 | a signal, or [`ShutdownHandle::trigger`]: readiness fails, everything else goes on | load balancers, for [`readiness_delay`](Shutdown::readiness_delay) |
//! | 2 | plugins are drained, dependents before what they depend on | servers that are to accept no more connections: [`stopping`](ShutdownHandle::stopping) |
//! | 3 | the plugins are stopped | servers that are to answer until then, such as the admin interface: [`drained`](ShutdownHandle::drained) |
//! | 4 | the deadline passes, or there is a second signal: what is left is given up | everybody: [`bound`](ShutdownHandle::bound) |
//!
//! Requests that a plugin holds up are cancelled shortly before the deadline, so that there is time
//! to write what they are answered.
//!
//! With axum:
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_plugin::shutdown::Shutdown;
//! use tower_plugin::{BoxError, PluginManager};
//!
//! # async fn run(listener: tokio::net::TcpListener, app: axum::Router) -> Result<(), BoxError> {
//! let manager = PluginManager::new();
//! let shutdown = Shutdown::new(manager).deadline(Duration::from_secs(30)).on_signals()?;
//! let server = axum::serve(listener, app).with_graceful_shutdown(shutdown.drained());
//! shutdown.bound(server).await??;
//! # Ok(()) }
//! ```
//!
//! With hyper-util, where connections are served one by one:
//!
//! ```no_run
//! use hyper_util::server::graceful::GracefulShutdown;
//! use tower_plugin::shutdown::ShutdownHandle;
//! use tower_plugin::BoxError;
//!
//! # async fn accept(graceful: &GracefulShutdown) {}
//! # async fn run(shutdown: ShutdownHandle) -> Result<(), BoxError> {
//! let graceful = GracefulShutdown::new();
//! tokio::select! {
//!     () = accept(&graceful) => {} // each connection is `watch`ed
//!     () = shutdown.stopping() => {}
//! }
//! shutdown.bound(graceful.shutdown()).await?;
//! # Ok(()) }
//! ```

mod driver;
mod error;
mod handle;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod shutdown;
#[cfg(feature = "signal")]
mod signals;

pub use error::ForcedError;
pub use handle::ShutdownHandle;
pub use shutdown::Shutdown;
