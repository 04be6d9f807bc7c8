//! A part of a gate's count.
//!
//! | file | part |
//! | --- | --- |
//! | `shard.rs` | what it is made of, and how it comes to a gate and goes back |
//! | `word.rs` | what a request changes once to come and once to go |
//! | `count.rs` | coming and going |
//! | `facts.rs` | what there is to know |
//! | `cancel.rs` | cancellation |

mod cancel;
mod count;
mod facts;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod shard;
mod word;

pub(crate) use shard::Shard;
