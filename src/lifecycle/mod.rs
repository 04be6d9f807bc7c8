//! The life of one plugin: a task that owns its config, its generations and its timers, takes
//! commands in order and publishes snapshots.
//!
//! | file | part |
//! | --- | --- |
//! | `transition/` | what a command does in a state, as a table |
//! | `trace.rs` | what was done, held against the table |
//! | `command.rs` | what the task can be asked |
//! | `task.rs` | the task: commands, one after the other |
//! | `operation.rs` | a command from its validation to its report |
//! | `dry_run.rs` | the same without touching anything |
//! | `candidate.rs` | the config an operation is carried out with |
//! | `depend.rs` | what it depends on, and what depends on it |
//! | `persist.rs` | what the store has, and putting what is in force there |
//! | `read.rs` | a config as the plugin's type, checked |
//! | `exchange.rs` | one generation for another, by either strategy |
//! | `together.rs` | a new generation that serves only if those of other plugins do |
//! | `trial/` | the new generation on trial, while the one before is kept |
//! | `start.rs`, `stop.rs`, `check.rs` | the hooks |
//! | `health/` | background checks, and what they come to |
//! | `drain.rs` | waiting for requests, then cancelling them |
//! | `leftover.rs` | generations that somebody holds after their drain |
//! | `retry/` | starting again what has failed, and asking again what did not answer |
//! | `hook.rs`, `contain.rs` | the bounds every hook runs in |
//! | `recover.rs` | what is left when the task itself panics, or ends |
//! | `snapshot.rs` | what everybody else reads |

mod candidate;
mod check;
mod command;
mod contain;
mod depend;
mod drain;
mod drift;
mod dry_run;
mod exchange;
mod health;
mod hook;
mod leftover;
mod operation;
mod persist;
mod read;
mod recover;
mod retry;
mod settings;
mod snapshot;
mod start;
mod stop;
mod task;
mod together;
mod trace;
mod transition;
mod trial;

pub(crate) use command::{Command, ConfigChange, Options, Request};
pub(crate) use dry_run::DryRun;
pub(crate) use health::{HealthRecord, HealthSettings, PassiveHealth};
pub use retry::Backoff;
pub(crate) use retry::Own;
pub use settings::ReloadStrategy;
pub(crate) use settings::Settings;
pub(crate) use snapshot::{Published, Snapshot};
pub(crate) use task::Lifecycle;
pub(crate) use together::{Awaited, Together};
pub use transition::{Effect, Stage, Transition, Trigger, transition};
pub(crate) use trial::{TrialOptions, TrialRules, errors, finished};
