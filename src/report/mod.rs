//! What the manager tells: the result of an operation, the state of the system.
//!
//! The types serialize as the admin interface answers them.

mod drain;
mod dry_run;
mod group;
mod health;
mod history;
mod leftover;
mod list;
mod operation;
mod progress;
mod requests;
mod retry;
mod status;
mod trial;

pub use drain::DrainReport;
pub use dry_run::{DryRunReport, DryRunStep};
pub use group::{GroupInfo, GroupOperation, GroupOutcome, GroupPhase, GroupReport, PluginResult};
pub use health::{HealthReport, HealthSummary, PluginHealth, ReportedHealth};
pub use history::{ConfigDiff, ConfigHistory, VersionInfo};
pub use leftover::{Leftover, UnloadedPlugin};
pub use list::{LastError, PluginInfo, PluginList};
pub use operation::{Operation, Outcome, ReloadReport};
pub use progress::{DrainProgress, OperationInfo, OperationPhase};
pub use requests::RequestsReport;
pub use retry::RetryInfo;
pub use status::{Draining, PluginSystem, StoreWatch, SystemStatus};
pub use trial::{TrialInfo, TrialSide};
