//! Black-box tests of the whole.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod lifecycle;
mod scenario;
