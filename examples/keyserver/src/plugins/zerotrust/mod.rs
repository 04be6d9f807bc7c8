//! `zerotrust`: who may send keys.
//!
//! ```json
//! {"require_token": false, "tokens": []}
//! ```
//!
//! With `require_token`, a request to `/pks/add` needs one of the `tokens`, as `Authorization:
//! Bearer TOKEN`; else it is answered 401. The tokens are a secret: nobody is shown them.
//!
//! It fails closed: while no instance serves, nobody may send keys.

mod access;
mod config;
mod plugin;

pub use access::Access;
pub use config::Config;
pub use plugin::ZeroTrust;
