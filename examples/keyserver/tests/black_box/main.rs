//! The key server from outside: over HTTP, by GnuPG, and as a process.
#![allow(clippy::unwrap_used)]

mod add;
mod gnupg;
mod index;
mod lookup;
mod process;
mod support;
#[allow(dead_code)]
#[path = "../../src/keys/testing.rs"]
mod testing;
