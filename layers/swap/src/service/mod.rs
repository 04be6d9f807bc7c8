//! [`SwapService`]: the plugin's instance is the service.
//!
//! | file | part |
//! | --- | --- |
//! | `swap.rs` | the service |
//! | `policy.rs` | the same with a policy for a closed gate |
//! | `source.rs` | a clone of the instance for each clone of the service |

mod policy;
mod source;
mod swap;

pub use policy::SwapFuture;
pub use swap::SwapService;
