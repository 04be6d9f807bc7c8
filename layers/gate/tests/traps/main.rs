//! The traps of gating a request path, each through real servers over loopback.

#![cfg(not(tower_plugin_loom))]
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod grpc;
mod grpc_web;
mod http1;
mod http2;
mod identical;
mod layers;
mod panics;
mod statics;
mod support;
mod upgrade;
mod upload;
