//! What the request path of tower-plugin costs, beside its peers.
//!
//! `cargo bench` prints the table; `README.md` says how it is measured. Nothing here is published.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Site`] | the service inside, the same for all |
//! | [`Work`] | a client of a service, which sends requests one after the other |
//! | [`peers`] | the middleware that is compared |

#![forbid(unsafe_code)]
#![allow(missing_debug_implementations, reason = "nobody looks at these")]

mod client;
pub mod peers;
mod site;

pub use client::{Client, Work, put_headers, waker};
pub use site::{Frames, Reply, Site};
