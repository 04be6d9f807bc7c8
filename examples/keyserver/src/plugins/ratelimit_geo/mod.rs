//! `ratelimit-geo`: how many requests each client network may make.
//!
//! ```json
//! {"requests_per_second": 200, "burst": 400, "networks": {"10.0.0.0/8": 50}}
//! ```
//!
//! A client network is a /24 of IPv4 or a /64 of IPv6. Each may make `requests_per_second`, after
//! a `burst` at once. A network named in `networks` counts as one client instead, with a rate of
//! its own, and a second's worth of it at once; of several that fit, the smallest counts. What is
//! over the limit is answered 429 with `Retry-After`.
//!
//! Networks are those of the connections: no header is believed, so behind a proxy all clients are
//! one.

mod config;
mod limiter;
mod network;
mod plugin;

pub use config::Config;
pub use limiter::Limiter;
pub use network::{Network, NetworkError};
pub use plugin::RateLimitGeo;
