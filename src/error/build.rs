use std::path::PathBuf;

/// Why a manager could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The plugin directory cannot be used.
    #[error("cannot use `{}` as plugin directory: {source}; create it or name another", path.display())]
    #[non_exhaustive]
    PluginDir {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}
