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
//! Every stage and everything that may be asked in it has an answer, by [`transition`]. `–`: things are
//! as they are asked to be, and to change to the config that is in force already, or to keep it, comes to
//! the same.
//!
//! | | loading | active | reloading | unloading | failed | disabled | canary | probation | attempt |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | `register` | start | – | refused | refused | start | start | refused | refused | refused |
//! | `reload` | start | exchange | refused | refused | start | keep | refused | refused | abandon |
//! | `update_config` | start | exchange | refused | refused | start | keep | refused | refused | abandon |
//! | `rollback` | start | exchange | refused | refused | start | keep | refused | refused | abandon |
//! | `retry` | start | – | refused | refused | start | – | refused | refused | refused |
//! | `refresh` | start | exchange | refused | refused | start | keep | refused | refused | abandon |
//! | `enable` | start | – | refused | refused | start | start | refused | refused | abandon |
//! | `disable` | stop | stop | refused | refused | stop | – | go back | go back | abandon |
//! | `unload` | stop | stop | stop | stop | stop | stop | go back | go back | abandon |
//! | `shutdown` | stop | stop | stop | stop | stop | stop | go back | go back | abandon |
//! | `promote` | refused | refused | refused | refused | refused | refused | promote | promote | refused |
//! | `abort` | refused | refused | refused | refused | refused | refused | go back | go back | refused |
//! | `pass` | refused | refused | refused | refused | refused | refused | go on | promote | refused |
//! | `fail` | refused | refused | refused | refused | refused | refused | go back | go back | refused |
//!
//! An operation meets `reloading` and `unloading` only where the plugin is gone: a plugin that is in
//! another operation is [refused](crate::OperationErrorKind::InProgress) before. Only in three stages of
//! operations under way something else may come before their end: on trial, as a `canary` or in
//! `probation`, and in an `attempt` of a plugin to start [again](crate::Registration::retry) by itself.
//! What is no decision there makes way for what was asked, which is then done as in the state that is
//! left.
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
//! | go back, canary | `disable`, `unload`, `shutdown` | active | close, drain, stop | – | active, and on from there |
//! | promote, canary | `promote` | active | open, close, adopt, drain, stop | – | active or failed |
//! | go back, canary | `abort`, `fail` | active | close, drain, stop | – | active |
//! | go on, canary | `pass` | active | open | – | active, in probation |
//! | go back, probation | `disable`, `unload`, `shutdown` | active | open, close, drain, stop | – | active, and on from there |
//! | promote, probation | `promote`, `pass` | active | close, adopt, drain, stop | – | active or failed |
//! | go back, probation | `abort`, `fail` | active | open, close, drain, stop | – | active |
//! | abandon, attempt | `reload`, `update_config`, `rollback`, `refresh`, `enable`, `disable`, `unload`, `shutdown` | loading | – | – | failed, and on from there |
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
//!                    ┌──────────── abort, fail ───────────┬──────▶ the one before serves,
//!                    │                                    │        the new one is stopped
//!  start,     ┌────────────┐                       ┌─────────────┐
//!  check ───▶ │ canary:    │ ───────── pass ─────▶ │ probation:  │
//!             │ a share of │                       │ all         │
//!             │ requests   │                       │ requests    │
//!             └────────────┘                       └─────────────┘
//!                    │                                    │
//!                    └───── promote ──────────────────────┴─ pass, promote
//!                                                         ▼
//!                          the new one serves, the one before is stopped
//! ```
//!
//! It begins in `probation` where no share was asked for, and a canary passes by time only where there
//! is to be a probation. To `pass`, nothing was wrong while its time lasted; to `fail`, it was found ill, too
//! many of its requests failed, or nobody promoted it within the time in which it was to be
//! [confirmed](crate::Registration::confirm_within). `disable`, `unload` and `shutdown` end a trial by going
//! back.

pub use crate::lifecycle::{Effect, Stage, Transition, Trigger, transition};
