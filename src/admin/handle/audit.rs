use http::{Method, Request, Response, StatusCode};

use crate::admin::Actor;
use crate::admin::query;

/// Logs who asked for a change and what the answer was, in the end: that there was none, too.
pub(super) struct Audit {
    actor: Option<Actor>,
    method: Method,
    path: String,
    plugin: Option<String>,
    status: Option<StatusCode>,
}

impl Audit {
    /// Of a request that may change something.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        if request.method().is_safe() {
            return None;
        }
        Some(Self {
            actor: Actor::of(request.extensions()).cloned(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            // Of the query, this alone: nobody knows what else is written there.
            plugin: query::about(request.uri()),
            status: None,
        })
    }

    pub(super) fn answered<B>(&mut self, response: &Response<B>) {
        self.status = Some(response.status());
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        let Self {
            method,
            path,
            plugin,
            ..
        } = self;
        let actor = self.actor.as_ref().map(Actor::name);
        match self.status.map(|status| status.as_u16()) {
            Some(status) if status < 400 => {
                tracing::info!(actor, %method, path, plugin, status, "asked for a change");
            }
            Some(status) => {
                tracing::warn!(actor, %method, path, plugin, status, "asked for a change in vain");
            }
            None => {
                tracing::warn!(actor, %method, path, plugin, "asked for a change and went away");
            }
        }
    }
}
