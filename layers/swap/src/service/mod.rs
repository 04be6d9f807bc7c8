//! [`SwapService`]: the plugin's instance is the service.
//!
//! | file | part |
//! | --- | --- |
//! | `swap.rs` | the service |
//! | `source.rs` | a clone of the instance for each clone of the service |

mod source;
mod swap;

pub use swap::SwapService;
