#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "admin")]
pub mod admin;
mod config;
mod duration;
mod error;
mod event;
mod fault;
mod lifecycle;
mod manager;
mod operation;
mod plugin;
mod report;
pub mod shutdown;
mod time;
pub mod transition;

pub use config::{
    ChangeKind, ConfigChanges, ConfigError, ConfigStore, ConfigVersion, ConfigView, FieldChange,
    FileStore, MASK, MemoryStore, ParseConfigVersionError, PreparedPut, Put, Revision, StoreChange,
    StoreError, StoreFuture, StoredConfig, StoredVersion, Violation,
};
pub use duration::{GoDuration, ParseDurationError};
pub use error::{BuildError, OperationError, OperationErrorKind, RegisterError};
pub use event::{Event, EventKind, EventStream};
pub use lifecycle::{Backoff, ReloadStrategy};
pub use manager::{
    Cascade, OperationBuilder, PluginHandle, PluginManager, PluginManagerBuilder, RegisterAll,
    Registration, ReloadAll, ShutdownReport,
};
pub use operation::{GroupHandle, OperationHandle, OperationId, ParseOperationIdError};
pub use plugin::{Health, HealthStatus, Plugin, PluginFn, StartContext, StartReason, plugin_fn};
pub use report::{
    ConfigDiff, ConfigHistory, DrainProgress, DrainReport, Draining, DryRunReport, DryRunStep,
    GroupInfo, GroupOperation, GroupOutcome, GroupPhase, GroupReport, HealthReport, HealthSummary,
    LastError, Leftover, Operation, OperationInfo, OperationPhase, Outcome, PluginHealth,
    PluginInfo, PluginList, PluginResult, PluginSystem, ReloadReport, ReportedHealth,
    RequestsReport, RetryInfo, StoreWatch, SystemStatus, TrialInfo, TrialSide, UnloadedPlugin,
    VersionInfo,
};
pub use tower_plugin_gate as gate;
pub use tower_plugin_gate::{
    AnyLayer, BoxError, CancelledError, Counters, HasSlot, InFlightRequest, Latency, LatencyLayer,
    Lease, LingerLayer, OnClosed, PanickedError, PhaseCounts, PluginLayer, PluginService,
    PluginSet, PluginState, Rejected, RequestPhase, ResponseBody, ResponseBodyError, SelectLayer,
};
pub use tower_plugin_swap as swap;
pub use tower_plugin_swap::{SwapLayer, SwapService};
