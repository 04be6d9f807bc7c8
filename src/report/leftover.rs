use std::time::{Duration, SystemTime};

use serde::Serialize;
use tower_plugin_gate::PhaseCounts;

use super::requests::phases;
use crate::time::{millis, unix_seconds};

/// A generation that is stopped, but still held by requests or leases that did not leave when they
/// were cancelled. It keeps its instance in memory until the last of them goes.
///
/// ```
/// use std::time::Duration;
/// use tower_plugin::{BoxError, PluginManager, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::builder()
///     .drain_timeout(Duration::from_millis(10))
///     .cancel_grace(Duration::from_millis(10))
///     .build()?;
/// let plugin = manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>(()) })).await?;
/// let lease = plugin.enter()?;
/// manager.reload("p").await?;
///
/// let leftovers = plugin.leftovers();
/// assert_eq!((leftovers[0].generation, leftovers[0].in_flight), (1, 1));
/// drop(lease);
/// assert!(plugin.leftovers().is_empty());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Leftover {
    /// Its number.
    pub generation: u64,
    /// When its drain was given up, in seconds since 1970 on the wire.
    #[serde(serialize_with = "unix_seconds")]
    pub since: SystemTime,
    /// How long ago that was; whole milliseconds on the wire.
    #[serde(rename = "age_ms", serialize_with = "millis")]
    pub age: Duration,
    /// Whether the plugin that it is of has been unloaded: a plugin that is registered under its name
    /// by now is another one.
    pub unloaded: bool,
    /// How many are inside still.
    pub in_flight: usize,
    /// How far those have got: see [`Gate::phases`](crate::gate::Gate::phases) for how exact that
    /// is.
    #[serde(serialize_with = "phases")]
    pub phases: PhaseCounts,
}

/// A plugin that is registered no more, while some of its generations are still held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnloadedPlugin {
    /// Name it was registered under.
    pub name: String,
    /// The generations, oldest first.
    pub leftovers: Vec<Leftover>,
}
