//! An OpenPGP key server: HKP over axum, keys in memory, and plugins that change while it serves.
//!
//! | module | part |
//! | --- | --- |
//! | [`keys`] | OpenPGP, without HTTP |
//! | [`hkp`] | the protocol that GnuPG speaks |
//! | [`plugins`] | a rate limit, an access check and a tarpit |
//! | [`app`] | the routes, with the plugins around them |
//! | [`serve`] | from the command line to sockets, and back on a signal |
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod app;
pub mod cli;
pub mod hkp;
pub mod keys;
pub mod plugins;
pub mod serve;
pub mod token;
pub mod workers;
