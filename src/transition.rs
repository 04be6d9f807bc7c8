//! The life of a plugin as a table.
//!
//! A plugin rests in one of three states, `active`, `failed` or `disabled`, or is gone (`unloading`, for
//! good). An operation takes it from one to another, through a state in which it is seen meanwhile, for
//! as long as the hooks and drains on that way may take and no longer: each has a timeout.
//!
//! ```text
//!                  register
//!                      │
//!                      ▼
//!  enable, retry  ┌─────────┐  it starts   ┌────────┐◀─────────────────────┐
//!         ┌──────▶│ loading │─────────────▶│ active │                      │ the new one
//!         │       └─────────┘              └────────┘───┐ reload,          │ serves, or
//!         │            │ it does not           │        │ update_config,   │ the last
//!         │            ▼                       │        │ rollback,        │ good config
//!         │       ┌─────────┐  reload, …       │        ▼ refresh          │
//!         ├───────│         │──────────────────┼──▶┌───────────┐───────────┘
//!         │       │ failed  │                  │   │ reloading │
//!         │       │         │◀─────────────────┼───└───────────┘
//!         │       └─────────┘  neither does    │
//!         │            │ disable               │ disable
//!         │            ▼                       ▼
//!         │       ┌──────────┐  all have   ┌───────────┐
//!         └───────│ disabled │◀────────────│ unloading │───────▶ gone
//!                 └──────────┘  left       └───────────┘ unload, shutdown:
//!                                                        from every state
//! ```
//!
//! Every pair of a state and an operation has an answer, by [`transition`]. `–`: things are as they are
//! asked to be, and to change to the config that is in force already, or to keep it, comes to the same.
//!
//! | | loading | active | reloading | unloading | failed | disabled |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | `register` | start | – | refused | refused | start | start |
//! | `reload` | start | exchange | refused | refused | start | keep |
//! | `update_config` | start | exchange | refused | refused | start | keep |
//! | `rollback` | start | exchange | refused | refused | start | keep |
//! | `retry` | start | – | refused | refused | start | – |
//! | `refresh` | start | exchange | refused | refused | start | keep |
//! | `enable` | start | – | refused | refused | start | start |
//! | `disable` | stop | stop | refused | refused | stop | – |
//! | `unload` | stop | stop | stop | stop | stop | stop |
//! | `shutdown` | stop | stop | stop | stop | stop | stop |
//!
//! An operation meets `reloading` and `unloading` only where the plugin is gone: a plugin that is in
//! another operation is [refused](crate::OperationErrorKind::InProgress) before.
//!
//! # Effects
//!
//! What is done on the way, in this order; each is an [`Effect`]:
//!
//! | | by | meanwhile | effects | if the new one fails | ends |
//! | --- | --- | --- | --- | --- | --- |
//! | start | `register`, `retry`, `enable` | loading | start, check, adopt, open | – | active or failed |
//! | start | `reload`, `update_config`, `rollback`, `refresh` | reloading | start, check, adopt, open | – | active or failed |
//! | stop | `disable` | unloading | – | – | disabled |
//! | stop | `unload` | unloading | forget | – | unloading |
//! | stop | `shutdown` | unloading | – | – | unloading |
//! | exchange, `Recreate` | `reload`, `update_config`, `rollback`, `refresh` | reloading | close, drain, stop, start, check, adopt, open | start, check, adopt, open | active or failed |
//! | exchange, `Replace` | `reload`, `refresh` | reloading | start, check, adopt, open, close, drain, stop | – | active |
//! | exchange, `Replace` | `update_config`, `rollback` | reloading | start, check, adopt, open, close, drain, stop | – | active or failed |
//! | stop | `disable` | unloading | close, drain, stop | – | disabled |
//! | stop | `unload` | unloading | close, drain, stop, forget | – | unloading |
//! | stop | `shutdown` | unloading | close, drain, stop | – | unloading |
//! | keep | `reload`, `update_config`, `rollback`, `refresh` | disabled | adopt | – | disabled |
//!
//! A new instance that does not start goes no further, and one that is found ill where another served is
//! stopped. With [`Replace`](crate::ReloadStrategy::Replace), the generation before has then never stopped
//! serving. With [`Recreate`](crate::ReloadStrategy::Recreate), one is built from the last good config;
//! only when that fails, too, the plugin is `failed`.
//!
//! A change of config that serves and cannot be stored is taken back, as one is exchanged for another: the
//! config in force is always the last that was applied.
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

pub use crate::lifecycle::{Effect, Transition, transition};
