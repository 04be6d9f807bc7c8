//! `ratelimit-tarpit`: holds up those who look for what is not here.
//!
//! ```json
//! {"delay_ms": 2000, "page": "not-found.html"}
//! ```
//!
//! It serves paths that no honest client asks a key server for. After `delay_ms` the answer is 404,
//! with the `page`, if any: the name of a file in the plugin directory. The page is read when the
//! plugin starts, so a page that is not there is a start that fails.

mod config;
mod page;
mod plugin;
mod service;

pub use config::Config;
pub use page::{PageError, PageName, PageNameError};
pub use plugin::RateLimitTarpit;
pub use service::{Held, Tarpit};
