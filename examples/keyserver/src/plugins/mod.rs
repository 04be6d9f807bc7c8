//! The plugins of the key server: what can be reloaded, reconfigured and disabled while it serves.
//!
//! | plugin | its instance is | where | strategy |
//! | --- | --- | --- | --- |
//! | [`ratelimit_geo`] | a layer | all of `/pks/` | replace |
//! | [`zerotrust`] | a layer | `/pks/add` | replace |
//! | [`tarpit`] | a service | `/.env`, `/wp-admin`, `/.git/config` | recreate |

pub mod ratelimit_geo;
mod set;
pub mod tarpit;
pub mod zerotrust;

pub use set::Plugins;
