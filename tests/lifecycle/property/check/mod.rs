//! What must be true.
//!
//! | file | of what |
//! | --- | --- |
//! | `always.rs` | a plugin, at any time |
//! | `rest.rs` | a plugin that nothing is done with |
//! | `effect.rs` | an operation that nothing else happened during |
//! | `dry.rs` | one that is to change nothing |
//! | `answer.rs` | what those who asked are told |
//! | `group.rs` | the same, of several plugins |
//! | `drains.rs` | drains, as the journal tells of them |

mod always;
mod answer;
mod drains;
mod dry;
mod effect;
mod group;
mod rest;

pub use always::{any_time, bound};
pub use answer::{answer, ending, refusal};
pub use drains::Drains;
pub use dry::{Shape, untold};
pub use effect::{Before, transition};
pub use group::group;
pub use rest::{at_rest, brought_back, found_by_the_next, stopped};
