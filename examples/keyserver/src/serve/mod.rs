//! From the command line to sockets and back.
//!
//! | file | part |
//! | --- | --- |
//! | `run.rs` | starting and stopping in the right order |
//! | `admin.rs` | who may use the administration |
//! | `token_file.rs` | their tokens, from a file |
//! | `listener.rs` | accepting connections, so many at a time |
//! | `connection.rs` | one connection, with bounds on what it can hold up |

mod admin;
mod connection;
mod error;
mod listener;
mod run;
mod token_file;

pub use error::ServeError;
pub use run::run;
pub use token_file::TokenFileError;
