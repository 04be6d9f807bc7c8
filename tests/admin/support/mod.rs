//! One plugin, `p`, behind an admin service on a socket of its own.

mod admin;
mod ask;
mod reply;

use std::time::Duration;

pub use admin::Admin;
pub use ask::Ask;
pub use reply::{Reply, shape};
use serde_json::Value;

/// A secret in the plugin's config, which must never be seen.
pub const CANARY: &str = "c4n4ry";

/// A token that is accepted where tokens are.
pub const TOKEN: &str = "t0k3n-of-operators";

/// Longer than anything here may take.
pub const LONG: Duration = Duration::from_secs(20);

/// One that is good for reading.
pub const READ_TOKEN: &str = "t0k3n-of-dashboards";

/// Everything that a request could change.
#[derive(Debug, PartialEq)]
pub struct Witness {
    pub state: String,
    pub generation: u64,
    pub hooks: (usize, usize),
    pub checks: usize,
    pub version: u64,
    pub config: Value,
}
