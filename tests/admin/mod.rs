//! The admin interface through real sockets.

mod actors;
mod bodies;
mod config;
mod dry_run;
mod errors;
mod groups;
mod guards;
mod history;
mod mounts;
mod operations;
mod preconditions;
mod preconditions_of_changes;
mod probes;
mod requests;
mod respond_async;
mod secrets;
mod server;
mod shapes;
mod support;
mod trials;
