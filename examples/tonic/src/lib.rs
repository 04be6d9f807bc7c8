//! A tonic service behind a plugin, unary and streaming calls alike, and the admin service on a
//! second listener.
//!
//! The service is gRPC's own health service as `tonic-health` brings it, so nothing is generated
//! here and no `protoc` is needed. The plugin, `statuses`, says which services are well.
//!
//! ```sh
//! cargo run -p example-tonic                                  # or with two addresses of your own
//! ```
//!
//! ```sh
//! # A gRPC client for who has none: an empty message asks for the server as a whole.
//! check() { printf '\0\0\0\0\0' | curl -si --http2-prior-knowledge --output - --data-binary @- \
//!     -H 'Content-Type: application/grpc' http://127.0.0.1:3000/grpc.health.v1.Health/Check; }
//! check                                                       # grpc-status: 0
//!
//! curl http://127.0.0.1:3001/plugins/list
//! curl -X PUT 'http://127.0.0.1:3001/plugins/config?plugin=statuses' \
//!      -H 'Content-Type: application/json' -d '{"services": {"": true, "billing": false}}'
//!
//! curl -X POST 'http://127.0.0.1:3001/plugins/disable?plugin=statuses'
//! check                                                       # grpc-status: 14, UNAVAILABLE
//! curl -X POST 'http://127.0.0.1:3001/plugins/enable?plugin=statuses'
//! ```
//!
//! `Watch` is a stream that never ends by itself. A drain waits for it as long as the drain timeout
//! says, ten seconds here, and then ends it with status `UNAVAILABLE`, which tells a client to ask
//! again. Clients wait before they do: a gate that is closed for a moment is no error to them.
//!
//! Ctrl-C ends it in order: no new connections, then the plugin is drained, then the admin service
//! ends.
//!
//! | file | part |
//! | --- | --- |
//! | `statuses.rs` | the plugin |
//! | `serve.rs` | the service and its gate, the two listeners, and the order in which all of it ends |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod serve;
mod statuses;

pub use serve::serve;
