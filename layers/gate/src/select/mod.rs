//! [`SelectLayer`]: gates one service behind many plugins, the request says which.
//!
//! | file | part |
//! | --- | --- |
//! | `layer.rs` | what a user configures |
//! | `plugins.rs` | the plugins to select from, by name |
//! | `selector.rs` | where in a request the name is |
//! | `service.rs` | selection and admission, in `call` |
//! | `unselected.rs` | what is answered where no plugin was found |

mod layer;
mod plugins;
mod selector;
mod service;
#[cfg(all(test, not(tower_plugin_loom)))]
mod tests;
mod unselected;

pub use layer::SelectLayer;
pub use plugins::PluginSet;
pub use selector::{Extension, Header, PathSegment, Select, SelectFn, select_fn};
pub use service::SelectService;
pub use unselected::OnUnselected;
pub(crate) use unselected::Unselected;
