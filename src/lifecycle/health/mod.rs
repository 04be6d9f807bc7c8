//! How a generation is, from what its plugin's `check` says and from what becomes of its requests.
//!
//! | file | part |
//! | --- | --- |
//! | `settings.rs` | how often, how patiently, after how many of which answers |
//! | `monitor.rs` | the task of a generation that asks in the background |
//! | `record.rs` | what the answers come to, by Kubernetes' thresholds |
//! | `passive.rs` | what becomes of the requests of a window of time |

mod monitor;
mod passive;
mod record;
mod settings;

pub(super) use monitor::Monitor;
pub(crate) use record::HealthRecord;
pub(crate) use settings::{HealthSettings, PassiveHealth};
pub(super) use settings::{prolonged, random};
