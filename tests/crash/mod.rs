//! Processes that are killed while they change a config: what is there afterwards is the config
//! before or the one after, and nothing that was reported as applied is gone.

#[cfg(feature = "fault-points")]
mod points;
mod random;
mod scene;
mod writer;
