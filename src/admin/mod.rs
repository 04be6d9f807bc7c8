//! The admin interface: a manager's plugins over HTTP.
//!
//! [`AdminService`] is a tower service: nest it in axum, give it to hyper, or have [`serve`](serve())
//! run it on a listener of its own. Paths are relative to where it is mounted and matched as they
//! were sent: nothing is decoded, merged or resolved.
//!
//! | request | answers |
//! | --- | --- |
//! | `GET /plugins/status` | the system as a whole: [`SystemStatus`](crate::SystemStatus) |
//! | `GET /plugins/list` | every plugin, and what requests hold of those that are unloaded: [`PluginList`](crate::PluginList) |
//! | `GET /plugins/health` | every plugin's health: [`HealthReport`](crate::HealthReport) |
//! | `POST /plugins/reload?plugin=` | reloads, with what was edited in the plugin directory, and answers when that is done: [`ReloadReport`](crate::ReloadReport) |
//! | `POST /plugins/reload?plugin=&cascade=true` | reloads, then all that depends on it, in order: `results` has one for each |
//! | `POST /plugins/reload-all` | reloads every plugin that is not disabled, or each `plugin=` named; `results` has one for each; it is 200 only if none failed, and a 4xx only if all were refused; with `all_or_nothing=true` every new generation is healthy before any serves |
//! | `POST /plugins/enable?plugin=` | starts a plugin that is disabled or failed |
//! | `POST /plugins/disable?plugin=` | drains and stops it until it is enabled, or the server starts again |
//! | `POST /plugins/promote?plugin=` | decides the trial of a new generation in its favour |
//! | `POST /plugins/abort?plugin=` | ends it, and goes back to the generation before |
//! | `GET /plugins/config?plugin=` | its config as it is stored, and `effective` with the defaults of its schema; secrets masked, with a strong `ETag` |
//! | `PUT /plugins/config?plugin=` | puts a whole config in force (`application/json`) |
//! | `PATCH /plugins/config?plugin=` | changes it in part (RFC 7396, `application/merge-patch+json`) |
//! | `GET /plugins/config?plugin=&version=` | the config of a version that is kept |
//! | `GET /plugins/history?plugin=` | the versions that are kept, newest first: [`ConfigHistory`](crate::ConfigHistory) |
//! | `GET /plugins/diff?plugin=&from=&to=` | what is different between two versions, secrets masked: [`ConfigDiff`](crate::ConfigDiff); `to` is the version in force unless it is said |
//! | `POST /plugins/rollback?plugin=&version=` | puts the config of a version in force again, as a new version |
//! | `GET /plugins/requests?plugin=` | who is inside, the oldest first, at most `limit` (100; up to 1000): [`RequestsReport`](crate::RequestsReport) |
//! | `GET /plugins/schema?plugin=` | the JSON Schema of its config, if it publishes one |
//! | `GET /plugins/operations` | every operation under way and the last that are done, newest first, and as `groups` those on several plugins; `?plugin=` for one plugin's |
//! | `GET /plugins/operations/ID` | one of them: [`OperationInfo`](crate::OperationInfo), and its `result` once it is done |
//! | `GET /livez` | 200 while the server answers at all |
//! | `GET /readyz` | 503 while a [required](crate::Registration::required) plugin does not serve |
//!
//! Every change of one plugin takes `dry_run=true`: the same checks, and `dry_run` in the answer says what would be
//! done, with the difference in the config, the strategy and how many requests are in flight
//! ([`DryRunReport`](crate::DryRunReport)); nothing is changed. With `dry_run=start` an instance is
//! started, asked for its health and stopped again.
//!
//! A plugin that was registered without [`track_requests`](crate::Registration::track_requests) has
//! no list of its requests: the answer is a 200 all the same, with `"tracking": false`, how many
//! there are in which phase, and an empty list.
//!
//! `HEAD` works wherever `GET` does. Times are seconds since 1970.
//!
//! # Operations
//!
//! A change is answered when it is done, and goes on to its end when the client does not wait for
//! that. With `Prefer: respond-async` it is answered as soon as it has begun: 202, with
//! `Preference-Applied`, and `Location` for how far it is. That shows `phase` and, while requests
//! are waited for, `drain`; in the end `result` is what would have been answered, its status as
//! `http_status`. `Location` is a path from the root of the server: say where the service is
//! [mounted](AdminServiceBuilder::mounted_at), if that is not there.
//!
//! So are changes of several plugins, with an operation of their own: its `plugins` are those that it is
//! about, its `phase` is `running` or `done`, and how far each plugin is shows in its own operation.
//!
//! A plugin that is in another operation refuses a second one, naming the first as `operation_id`.
//! Any change takes `?wait=5s`, in Go's notation, to wait that long for its turn.
//! `?cause=`, up to 1024 bytes, says why: the history shows that as `change_cause`.
//! `POST /plugins/promote` and `/plugins/abort` take none of this, and no dry run: they decide an
//! operation that has its cause already.
//!
//! # Conditions
//!
//! Configs, and the answers to changes that are done, have a strong `ETag` that names the version in
//! force. Every change of one plugin, a reload as well as a decision on a trial, honours `If-Match`
//! with it: 412 where the config is another by now, and nothing is done. So nobody reloads, rolls back
//! or disables what somebody else has changed since it was read. With `cascade=true` it is that of the
//! plugin named. `reload-all` takes only `*`, for several plugins have no version in common.
//! `GET /plugins/config` honours `If-None-Match`.
//!
//! # Trials
//!
//! A reload or a change of config takes `canary=10` (percent of the requests), `probation=30s`,
//! `confirm_within=1m`, `max_error_rate=0.05` and `min_requests=100` in its query, each in place of
//! what the plugin was [registered](crate::Registration::probation) with. Where a new generation
//! goes on trial, the answer comes when it does, and not when the trial is decided: 202 with
//! `Location`, as above; with `cascade=true`, and for `reload-all`, with the first of the trials.
//! Plugins without a trial are answered as ever. `POST /plugins/promote` and `/plugins/abort` decide
//! it; a canary without `probation` or `confirm_within` waits for one of these as long as it takes.
//!
//! # Errors
//!
//! Every error has one shape: `status` is `"error"`, `code` names the reason for programs and
//! `message` for people; `plugin` is there when it is known, and `timestamp` always. A failed
//! reload or config also says `outcome`, `state`, `generation` and `drain`; a refused config the
//! `pointer` to the offending place and its `violation`, and with `violations` all of both, up to 64
//! (`has_more_violations` where there are more). To who accepts
//! `application/problem+json` the same is told as RFC 9457 has it: `status` is then the number,
//! and `type`, `title` and `detail` are added.
//!
//! | status | `code` |
//! | --- | --- |
//! | 400 | `plugin_required`, `invalid_query`, `invalid_json`, `invalid_host`, `invalid_body` |
//! | 401, 403 | `unauthorized`, `forbidden` |
//! | 404 | `not_found`, `plugin_not_found`, `version_not_found`, `operation_not_found` |
//! | 405 | `method_not_allowed`, with `Allow` |
//! | 408, 413, 415 | `request_timeout`, `body_too_large`, `unsupported_media_type` |
//! | 409 | `operation_in_progress`, with `Retry-After`; `not_replaceable`, `trial_unavailable`, `not_on_trial`, `cannot_start_beside`, `too_many_leftovers`, `plugin_required_by`, `store_conflict` |
//! | 412, 428 | `version_mismatch`, `precondition_required` |
//! | 421 | `misdirected_host` |
//! | 422 | `config_rejected`; `config_broken`, what is stored cannot be understood: mend it, or put another |
//! | 500, 504 | `reload_failed`, `start_timeout`; `history_broken`, `internal_error` |
//! | 503 | `shutting_down`, `not_ready`, `store_unavailable` |
//!
//! A request that is refused with a 4xx has changed nothing.
//!
//! # Who is answered
//!
//! In this order: the request must ask for a `Host` that is ours
//! ([`allow_hosts`](AdminServiceBuilder::allow_hosts)); a change must not come from a page of
//! another site; and the client must have a token
//! ([`bearer_token`](AdminServiceBuilder::bearer_token)) or be on this machine
//! ([`insecure_loopback`](AdminServiceBuilder::insecure_loopback)). There is no service without a
//! decision on the last. The probes `/livez` and `/readyz` are answered to anybody and under any
//! name; which plugins do not serve is told only to who passes.
//!
//! Whose token it is ([`named_token`](AdminServiceBuilder::named_token)), or who the program says it
//! is ([`Actor`]), is shown as the `actor` of what they change: in the history, in operations, in
//! events and in the log, which has a line for each change that was asked for, done or refused. A
//! trial that somebody promotes, aborts or ends has them as `decided_by`.

mod actor;
mod body;
mod builder;
mod etag;
mod guard;
mod handle;
mod peer;
mod prefer;
mod problem;
mod query;
mod respond;
mod route;
#[cfg(feature = "server")]
mod server;
mod service;

pub use actor::Actor;
pub use builder::{AdminServiceBuilder, BearerTokens, InsecureLoopback, Undecided};
pub use peer::PeerAddr;
pub use respond::AdminBody;
#[cfg(feature = "server")]
pub use server::{Server, serve};
pub use service::{AdminFuture, AdminService};
