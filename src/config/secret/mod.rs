//! The fields of a config that nobody is shown.
//!
//! | file | part |
//! | --- | --- |
//! | `graph.rs` | what leads to the secrets, in the making |
//! | `secrets.rs` | where the secrets are |
//! | `at.rs` | what is being looked at on the way there |
//! | `mask.rs` | a config as it may be shown, and back |
//! | `pair.rs` | which stored element one that was sent back is |
//! | `scrub.rs` | texts that quote no secret |

mod at;
mod graph;
mod mask;
mod pair;
mod scrub;
mod secrets;

pub(crate) use at::At;
pub(crate) use graph::{Edge, Graph};
pub use mask::MASK;
pub(crate) use scrub::SecretTexts;
pub(crate) use secrets::Secrets;
