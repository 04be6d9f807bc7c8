use std::time::SystemTime;

use serde::{Serialize, Serializer};

use crate::OperationId;
use crate::time::unix_seconds;

/// Something that happened to a plugin, or to all of them.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Its revision: 1, 2, 3… in the order in which things happened to the manager's plugins.
    pub id: u64,
    /// When, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub time: SystemTime,
    /// What.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// To which plugin; empty for events of the manager's shutdown, of the store and of the stream
    /// itself.
    pub plugin: String,
    /// The plugin's generation at that time; 0 before its first.
    pub generation: u64,
    /// The operation that it is part of, if it is part of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<OperationId>,
    /// Who asked for that operation, if they said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Why they did, if they said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// In words.
    pub message: String,
}

/// What happened. The names on the wire are dotted: `plugin.reload.applied`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// A plugin was registered.
    Registered,
    /// An instance is being started.
    Starting,
    /// A generation serves that did not before, and the operation that has brought it is done: the
    /// plugin takes the next one.
    Ready,
    /// No generation serves, because starting one failed.
    Failed,
    /// It has failed, and is to be started again after a pause.
    RetryScheduled,
    /// It has failed as often as it was to be tried, and is left so.
    RetryGivenUp,
    /// It was enabled.
    Enabled,
    /// It was disabled.
    Disabled,
    /// It was unloaded.
    Removed,
    /// A reload or a change of config began.
    ReloadStarted,
    /// It was applied.
    ReloadApplied,
    /// It was refused before anything was touched.
    ReloadRejected,
    /// It failed, and what was before serves.
    ReloadRolledBack,
    /// It failed, and nothing serves.
    ReloadFailed,
    /// A new generation is on trial.
    TrialStarted,
    /// Requests are being waited for.
    DrainStarted,
    /// All of them have left.
    DrainFinished,
    /// The deadline passed; what was left has been cancelled.
    DrainTimedOut,
    /// The last request has left a generation that was still held after its drain.
    LeftoverGone,
    /// Its config was changed.
    ConfigChanged,
    /// A background check failed, the first after one that did not; its health stays what it is
    /// until as many in a row do as the failure threshold says.
    CheckFailed,
    /// Its health changed.
    HealthChanged,
    /// A hook of an instance that is being stopped failed, or did not return in time.
    StopFailed,
    /// The manager is about to [shut down](crate::PluginManager::announce_shutdown): it is no longer
    /// ready, and everything else goes on.
    ShutdownAnnounced,
    /// It shuts down: no command is taken any more, and the plugins are drained and stopped.
    ShutdownStopping,
    /// The shutdown's time is up: drains wait no longer, and what is inside is cancelled.
    ShutdownForced,
    /// Every plugin was drained and stopped. No event of a plugin follows, but of
    /// [leftovers](Self::LeftoverGone).
    ShutdownDrained,
    /// The store could not be asked for its config, or did not answer whether it kept one: it is
    /// asked again after a pause.
    RefreshScheduled,
    /// It has answered: what it has is what serves, or is refused.
    RefreshDone,
    /// It was asked as often as it was to be.
    RefreshGivenUp,
    /// Changes that others make in the store are not all noticed, or some were missed.
    WatchFailed,
    /// They are noticed again, and what was missed is looked for.
    WatchRestored,
    /// The subscriber was too slow, or came too late: events before this one are gone. Or it asked
    /// for those after one that has not happened yet, as where it knows that from before a restart.
    StreamReset,
}

impl EventKind {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "plugin.registered",
            Self::Starting => "plugin.starting",
            Self::Ready => "plugin.ready",
            Self::Failed => "plugin.failed",
            Self::RetryScheduled => "plugin.retry.scheduled",
            Self::RetryGivenUp => "plugin.retry.given_up",
            Self::Enabled => "plugin.enabled",
            Self::Disabled => "plugin.disabled",
            Self::Removed => "plugin.removed",
            Self::ReloadStarted => "plugin.reload.started",
            Self::ReloadApplied => "plugin.reload.applied",
            Self::ReloadRejected => "plugin.reload.rejected",
            Self::ReloadRolledBack => "plugin.reload.rolled_back",
            Self::ReloadFailed => "plugin.reload.failed",
            Self::TrialStarted => "plugin.trial.started",
            Self::DrainStarted => "plugin.drain.started",
            Self::DrainFinished => "plugin.drain.finished",
            Self::DrainTimedOut => "plugin.drain.timed_out",
            Self::LeftoverGone => "plugin.leftover.gone",
            Self::ConfigChanged => "plugin.config.changed",
            Self::CheckFailed => "plugin.check.failed",
            Self::HealthChanged => "plugin.health.changed",
            Self::StopFailed => "plugin.stop.failed",
            Self::ShutdownAnnounced => "shutdown.announced",
            Self::ShutdownStopping => "shutdown.stopping",
            Self::ShutdownForced => "shutdown.forced",
            Self::ShutdownDrained => "shutdown.drained",
            Self::RefreshScheduled => "plugin.refresh.scheduled",
            Self::RefreshDone => "plugin.refresh.done",
            Self::RefreshGivenUp => "plugin.refresh.given_up",
            Self::WatchFailed => "store.watch.failed",
            Self::WatchRestored => "store.watch.restored",
            Self::StreamReset => "stream.reset",
        }
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
