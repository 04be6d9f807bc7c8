//! [`SwapLayer`]: the plugin's instance is a `Layer`.
//!
//! | file | part |
//! | --- | --- |
//! | `layer.rs` | what a user configures |
//! | `swap.rs` | the middleware |
//! | `policy.rs` | the same with a policy for a closed gate |
//! | `future.rs`, `body.rs` | its response: of the middleware, or of the service inside alone |
//! | `shared.rs` | the inner service wrapped by the current instance, once for all clones |
//! | `evict.rs` | letting go of it when the slot changes |

mod body;
mod evict;
mod future;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod layer;
mod policy;
mod shared;
mod swap;

pub use body::BypassBody;
pub use future::PolicySwapFuture;
pub use layer::SwapLayer;
pub use policy::PolicySwap;
pub use swap::Swap;
