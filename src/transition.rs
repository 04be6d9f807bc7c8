//! The life of a plugin as a table.
//!
//! A plugin is at rest in one of three states, `active`, `failed` or `disabled`, or gone
//! (`unloading`, for good). An operation takes it from one to another, through a state in which
//! it is seen meanwhile:
//!
//! ```text
//!                         register
//!                            |
//!                            v
//!                       [ loading ] ----- start fails -----+
//!                            |                             |
//!      enable                v                             v
//!  +---------------------> active <---- enable, reload, -- failed <-----+
//!  |                      |  ^  |      config, retry        |  |         |
//!  |          reload,     |  |  |                           |  |         |
//!  |          config,     v  |  |                           |  |         |
//!  |          rollback [ reloading ] -- it fails, and the --|--|---------+
//!  |                            |       last good, too      |  |
//!  |                 disable    v                           |  |
//!  +--- disabled <------ [ unloading ] <------- disable ----+  |
//!            |                  |                              |
//!            |  unload,         v                              |
//!            +-- shutdown --> gone <---- unload, shutdown -----+
//! ```
//!
//! Every pair of a state and an operation has an answer, by [`transition`]:
//!
//! | | active | failed, loading | disabled | reloading, unloading |
//! | --- | --- | --- | --- | --- |
//! | register, enable | nothing | start → active, or failed | start → active, or failed | refuse |
//! | retry | nothing | start → active, or failed | nothing | refuse |
//! | reload, config, rollback, refresh | exchange → active, or failed | start → active, or failed | keep it for later | refuse |
//! | disable | stop → disabled | stop → disabled | nothing | refuse |
//! | unload, shutdown | stop → gone | stop → gone | stop → gone | stop → gone |
//!
//! An operation meets `reloading` and `unloading` only where the plugin is gone: a plugin that is in
//! another operation is [refused](crate::OperationErrorKind::InProgress) before.
//!
//! # Exchange
//!
//! With [`Recreate`](crate::ReloadStrategy::Recreate): close, drain, stop, start, check, open. When
//! the new instance fails, one is built from the last good config; only when that fails, too, the
//! plugin is `failed`.
//!
//! With [`Replace`](crate::ReloadStrategy::Replace): start, check, open, close, drain, stop. When
//! the new instance fails, the generation before has never stopped serving.
//!
//! # Trials
//!
//! With `Replace`, a new generation may be [on trial](crate::Registration::probation). The plugin
//! is `active` all along:
//!
//! ```text
//!                 +--------------- abort, not confirmed, unhealthy, errors ---+
//!                 |                        |                                  v
//!  start, check --+-> [ canary: a share ] -+-> [ probation: all requests ]    the one before serves,
//!                            |                         |                      the new one is stopped
//!                            +---- promote ----+-------+ its time has passed
//!                                              v
//!                          the new one serves, the one before is stopped
//! ```
//!
//! `disable`, `unload` and `shutdown` end a trial by going back, and then do what they always do.
//!
pub use crate::lifecycle::{Effect, Transition, transition};
