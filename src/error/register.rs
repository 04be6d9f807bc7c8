/// Why a plugin could not be registered.
///
/// A plugin whose start fails *is* registered: its handle is in state failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A name has 1 to 64 of `a-z 0-9 . _ -`.
    #[error("invalid plugin name {0:?}: use 1 to 64 of a-z, 0-9, `.`, `_` and `-`")]
    InvalidName(String),
    /// There is a plugin of that name.
    #[error("plugin `{0}` is registered already: unload it first, or choose another name")]
    DuplicateName(String),
    /// It depends on one that is not registered.
    #[error(
        "plugin `{plugin}` depends on `{dependency}`, which is not registered: register that first, or both together"
    )]
    #[non_exhaustive]
    UnknownDependency {
        /// The plugin.
        plugin: String,
        /// The one that is missing.
        dependency: String,
    },
    /// What the plugin publishes as the schema of its config is none, or refers to what is not in
    /// it: each schema is complete, and nothing is fetched for it. Without the feature `validate`
    /// only its references and defaults are looked at.
    #[error("the schema of plugin `{plugin}` is invalid: {reason}")]
    #[non_exhaustive]
    InvalidSchema {
        /// The plugin.
        plugin: String,
        /// What is wrong, and where in the schema.
        reason: String,
    },
    /// Plugins depend on each other, or one on itself.
    #[error(
        "plugins depend on each other in a circle: {}; take one of the dependencies away",
        path.join(" -> ")
    )]
    #[non_exhaustive]
    DependencyCycle {
        /// From a plugin back to itself, each depending on the next.
        path: Vec<String>,
    },
    /// A trial needs two generations at once, which the plugin's strategy rules out.
    #[error("plugin `{0}` cannot have its generations on trial: give it the strategy `Replace`")]
    TrialNeedsReplace(String),
    /// Requests or leases hold more generations of a plugin of that name, which was unloaded, than
    /// may be [left behind](crate::Registration::max_leftovers).
    #[error(
        "plugin `{plugin}` was unloaded, but {leftovers} of its generations are still held, of at most {limit}: wait until their requests end, or choose another name"
    )]
    #[non_exhaustive]
    TooManyLeftovers {
        /// The plugin.
        plugin: String,
        /// How many are held.
        leftovers: usize,
        /// How many may be.
        limit: usize,
    },
    /// The manager shuts down.
    #[error("the manager is shutting down: nothing can be registered any more")]
    ShuttingDown,
}
