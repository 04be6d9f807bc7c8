//! Poll by poll.

#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod layers;
mod list;
mod phases;
mod requests;
