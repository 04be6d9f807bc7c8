//! The fields of a config that nobody is shown.
//!
//! | file | part |
//! | --- | --- |
//! | `graph.rs` | where the secrets are, and what is being looked at on the way there |
//! | `mask.rs` | a config as it may be shown, and back |
//! | `pair.rs` | which stored element one that was sent back is |
//! | `scrub.rs` | texts that quote no secret |

mod graph;
mod mask;
mod pair;
mod scrub;

pub(crate) use graph::{At, Edge, Graph, Secrets};
pub use mask::MASK;
pub(crate) use scrub::SecretTexts;
