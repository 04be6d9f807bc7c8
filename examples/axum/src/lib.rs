//! An axum application with a plugin for each route and one around all of them, and its
//! administration nested under `/admin`.
//!
//! ```sh
//! cargo run -p example-axum                                   # or with an address of your own
//! ```
//!
//! | plugin | what it does | by |
//! | --- | --- | --- |
//! | `quotes` | `GET /quote`: a line of its config | [`PluginLayer`](tower_plugin::PluginLayer) on the route |
//! | `reports` | `POST /reports`: work that goes on after the answer | a [`Lease`](tower_plugin::Lease) that the handler takes, and keeps |
//! | `branding` | a header on every answer | [`SwapLayer`](tower_plugin::SwapLayer) around the routes; the instance *is* a layer |
//!
//! ```sh
//! curl -i http://127.0.0.1:3000/quote
//! curl http://127.0.0.1:3000/admin/plugins/list
//!
//! # One plugin goes, the others stay.
//! curl -X POST 'http://127.0.0.1:3000/admin/plugins/disable?plugin=quotes'
//! curl -i http://127.0.0.1:3000/quote                         # 503, with Retry-After
//! curl -X POST http://127.0.0.1:3000/reports                  # 202
//! curl -X POST 'http://127.0.0.1:3000/admin/plugins/enable?plugin=quotes'
//!
//! # Another header from the next request on; a change in part keeps the rest of the config.
//! curl -X PATCH 'http://127.0.0.1:3000/admin/plugins/config?plugin=branding' \
//!      -H 'Content-Type: application/merge-patch+json' -d '{"value": "two"}'
//!
//! # The reload waits for the work in the background, as long as the drain timeout lets it.
//! curl -X POST http://127.0.0.1:3000/reports
//! curl -X POST 'http://127.0.0.1:3000/admin/plugins/reload?plugin=reports'
//! curl http://127.0.0.1:3000/reports                          # {"finished":2,"given_up":0}
//! ```
//!
//! Ctrl-C ends it in order: no new connections, then the plugins are drained.
//!
//! | file | part |
//! | --- | --- |
//! | `plugins.rs` | the three plugins |
//! | `leased.rs` | an extractor: a handler that takes a lease as an argument |
//! | `app.rs` | the routes, and where the layers go |
//! | `admin.rs` | the administration, for clients on this machine |
//! | `serve.rs` | the server, and the order in which it ends |

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod admin;
mod app;
mod leased;
mod plugins;
mod serve;

pub use serve::serve;
