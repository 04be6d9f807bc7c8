//! OpenPGP certificates: reading and checking what strangers send, keeping it, finding it again.
//!
//! A [`Certificate`] only comes out of [`Reader::read`], which drops whatever the key itself does
//! not vouch for. The [`Store`] merges certificates by fingerprint and answers a [`Query`].

mod armor;
mod certificate;
mod check;
mod describe;
mod error;
mod index;
mod limits;
mod material;
mod merge;
mod query;
mod reader;
mod store;
#[cfg(test)]
pub(crate) mod testing;

pub use certificate::{Certificate, Key, UserId, Validity};
pub use error::{KeyError, QueryError};
pub use limits::Limits;
pub use query::{Handle, Query, Text};
pub use reader::{Reader, Submission};
pub use store::{Added, Store};
