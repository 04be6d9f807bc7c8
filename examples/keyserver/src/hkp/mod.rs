//! HKP, the HTTP key server protocol, as GnuPG and web browsers speak it.
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /pks/add`, form field `keytext` | keeps the armored keys in it |
//! | `GET /pks/lookup?op=get&search=…` | the keys found, in ASCII armor |
//! | `GET /pks/lookup?op=index&search=…` | a list of them, for people; `vindex` has the subkeys too |
//! | …`&options=mr` | the list for machines |
//! | …`&exact=on` | only whole user ids and mail addresses match |
//! | `GET /pks/stats` | numbers, in JSON |
//!
//! `search` is a fingerprint, a long or short key id, or text of a user id. A refusal is a line of
//! plain text that says why.

mod add;
mod error;
mod lookup;
mod machine;
mod page;
mod router;
mod server;
mod stats;

pub use add::MAX_BODY_BYTES;
pub use error::HkpError;
pub use router::{add_routes, lookup_routes, page_routes, router};
pub use server::KeyServer;
pub use stats::Stats;
