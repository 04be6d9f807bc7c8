//! What operators do with plugins, and what plugins do to operators.

mod config;
mod dependencies;
mod drain;
mod drift;
mod dry_run;
mod events;
mod files;
#[cfg(all(feature = "toml", feature = "yaml"))]
mod formats;
mod groups;
mod health;
mod history;
mod hooks;
mod hostile;
mod independence;
mod leftovers;
mod longest;
mod monitor;
mod operations;
mod property;
mod reload;
mod requests;
mod rest;
mod retry;
mod schema;
mod shutdown;
mod trial;
#[cfg(not(feature = "watch"))]
mod unwatched;
#[cfg(feature = "watch")]
mod watch;
