use std::{io, net::SocketAddr};

use thiserror::Error;
use tower_plugin::{BuildError, RegisterError};

use super::TokenFileError;

/// Why the server does not serve.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address is taken, or not ours.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Everybody could change everything.
    #[error("--admin {0} can be reached from other machines: give --admin-token-file as well")]
    AdminIsOpen(SocketAddr),
    /// There is something wrong with the file of tokens.
    #[error(transparent)]
    TokenFile(#[from] TokenFileError),
    /// There is something wrong with the plugin directory.
    #[error(transparent)]
    PluginDir(#[from] BuildError),
    /// A plugin cannot be registered.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// Nobody can be told where the server listens, it cannot be told to stop, or one of its
    /// listeners broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It was told to stop a second time before it had.
    #[error("told to stop a second time: stopped at once")]
    Interrupted,
}
