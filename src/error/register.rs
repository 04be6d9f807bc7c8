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
        "plugin `{plugin}` depends on `{dependency}`, which is not registered: register that first"
    )]
    #[non_exhaustive]
    UnknownDependency {
        /// The plugin.
        plugin: String,
        /// The one that is missing.
        dependency: String,
    },
    /// The manager shuts down.
    #[error("the manager is shutting down: nothing can be registered any more")]
    ShuttingDown,
}
