//! The public face, driven poll by poll and over loopback sockets.
#![cfg(not(tower_plugin_loom))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

mod axum_router;
mod eviction;
mod layer;
mod limits;
mod on_closed;
mod panics;
mod properties;
mod rejections;
mod service;
mod storm;
mod support;
mod tracked;
mod trial;
mod upgrades;
