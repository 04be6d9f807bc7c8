//! A new generation on trial: given a share of the requests beside the one before (canary), or all
//! of them while that is kept warm (probation), until it has proved itself or is taken back.
//!
//! | file | part |
//! | --- | --- |
//! | `rules.rs` | for how long, and what it must not do |
//! | `swap.rs` | who serves: each step of a trial, and the way back |
//! | `watch.rs` | what a trial waits for |

mod rules;
mod swap;
mod watch;

pub(crate) use rules::{TrialOptions, TrialRules, errors, finished};
