//! The guards: each is a layer that lets a request through or answers in its place.

mod auth;
mod host;
mod hosts;
mod origin;
mod token;

use auth::Client;
pub(super) use auth::{Access, AuthGuard, Scope};
pub(super) use host::HostGuard;
pub(super) use hosts::Hosts;
pub(super) use origin::origin_guard;
pub(super) use token::Tokens;
