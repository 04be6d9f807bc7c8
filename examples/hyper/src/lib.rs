//! A bare hyper server whose one service is a plugin: it is reloaded, reconfigured and disabled
//! while the server runs, from an admin service on a second listener.
//!
//! ```sh
//! cargo run -p example-hyper                                  # or with two addresses of your own
//! ```
//!
//! ```sh
//! curl http://127.0.0.1:3000/                                 # hello
//! curl http://127.0.0.1:3001/plugins/list
//!
//! # Say something else, a little later. What is being answered meanwhile is answered as before.
//! curl -X PUT 'http://127.0.0.1:3001/plugins/config?plugin=greeting' \
//!      -H 'Content-Type: application/json' -d '{"text": "good day", "delay_ms": 3000}'
//!
//! # The new instance takes over at once; the report comes when the old one's last request is done.
//! curl http://127.0.0.1:3000/ & sleep 1
//! curl -X POST 'http://127.0.0.1:3001/plugins/reload?plugin=greeting'   # "drain":{"completed":1,…
//!
//! # Neither of these changes anything: a field that is not known, a text that does not start.
//! curl -X PUT 'http://127.0.0.1:3001/plugins/config?plugin=greeting' \
//!      -H 'Content-Type: application/json' -d '{"txt": "good day"}'     # 422
//! curl -X PUT 'http://127.0.0.1:3001/plugins/config?plugin=greeting' \
//!      -H 'Content-Type: application/json' -d '{"text": ""}'            # 500, rolled back
//!
//! curl -X POST 'http://127.0.0.1:3001/plugins/disable?plugin=greeting'
//! curl -i http://127.0.0.1:3000/                              # 503, with Retry-After
//! curl -X POST 'http://127.0.0.1:3001/plugins/enable?plugin=greeting'
//! ```
//!
//! Ctrl-C ends it in order: no new connections, then the plugin is drained, then the admin service
//! ends.
//!
//! | file | part |
//! | --- | --- |
//! | `greeting.rs` | the plugin, and the service that its instances are |
//! | `connections.rs` | hyper: accepting, serving, ending connections |
//! | `serve.rs` | the manager, the two listeners, and the order in which all of it ends |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod connections;
mod greeting;
mod serve;

pub use greeting::{Config, Greeter, Greeting};
pub use serve::serve;
