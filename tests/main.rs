//! Black-box tests of the whole.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

#[cfg(feature = "server")]
mod admin;
#[cfg(unix)]
mod crash;
mod lifecycle;
mod scenario;
mod shutdown;
mod store;
