//! What a plugin says of its config: the JSON Schema (2020-12) it publishes.
//!
//! | file | part |
//! | --- | --- |
//! | `schema.rs` | the schema of a registered plugin, and what it is good for |
//! | `part.rs` | which schemas are for which parts of a value |
//! | `secrets.rs` | where it has `writeOnly` |
//! | `defaults.rs` | what stands for what is left out |
//! | `numbers.rs` | which numbers are integers, and of which size |
//! | `publish.rs` | the schema as it may be shown |
//! | `validate.rs`, `wording.rs` | what a config violates, and in which words; the feature `validate` |

mod defaults;
mod numbers;
mod part;
mod publish;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod schema;
mod secrets;
#[cfg(feature = "validate")]
mod validate;
#[cfg(feature = "validate")]
mod wording;

pub(crate) use schema::Schema;
