//! [`SwapLayer`]: the plugin's instance is a `Layer`.
//!
//! | file | part |
//! | --- | --- |
//! | `layer.rs` | what a user configures |
//! | `swap.rs` | the middleware |
//! | `shared.rs` | the inner service wrapped by the current instance, once for all clones |
//! | `evict.rs` | letting go of it when the slot changes |

mod evict;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod layer;
mod shared;
mod swap;

pub use layer::SwapLayer;
pub use swap::Swap;
