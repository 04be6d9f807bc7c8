//! The key server from outside: over HTTP, by GnuPG, and as a process.
#![allow(clippy::unwrap_used)]

mod access;
mod add;
mod admin;
mod config;
mod gnupg;
mod index;
mod inside;
mod limits;
mod lookup;
mod process;
mod reload;
mod start;
mod stop;
mod support;
mod tarpit;
#[allow(dead_code)]
#[path = "../../src/keys/testing.rs"]
mod testing;
mod watch;
