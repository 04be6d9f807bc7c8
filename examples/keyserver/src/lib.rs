//! An OpenPGP key server: HKP over axum, keys in memory.
//!
//! [`keys`] knows OpenPGP and nothing of HTTP, [`hkp`] is the protocol that GnuPG speaks, and
//! [`serve`] puts it on a socket.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cli;
pub mod hkp;
pub mod keys;
pub mod serve;
pub mod workers;
