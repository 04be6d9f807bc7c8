use http::{Method, Request, Response, StatusCode};

use crate::admin::Actor;
use crate::admin::problem::Problem;
use crate::admin::query;

/// Logs who asked for a change and what the answer was, in the end: that there was none, too.
pub(super) struct Audit {
    actor: Option<Actor>,
    method: Method,
    path: String,
    plugin: Option<String>,
    dry_run: Option<String>,
    /// The status, and the code of an error.
    answer: Option<(StatusCode, Option<&'static str>)>,
}

impl Audit {
    /// Of a request that may change something.
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        if request.method().is_safe() {
            return None;
        }
        let uri = request.uri();
        Some(Self {
            actor: Actor::of(request.extensions()).cloned(),
            method: request.method().clone(),
            path: uri.path().to_owned(),
            // Of the query, these alone: nobody knows what else is written there.
            plugin: query::first(uri, "plugin"),
            dry_run: query::first(uri, "dry_run"),
            answer: None,
        })
    }

    pub(super) fn answered<B>(&mut self, response: &Response<B>) {
        let problem = response.extensions().get::<Problem>();
        self.answer = Some((
            response.status(),
            problem.map(|problem| problem.code().name()),
        ));
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        let Self {
            method,
            path,
            plugin,
            dry_run,
            ..
        } = self;
        let actor = self.actor.as_ref().map(Actor::name);
        match self.answer.map(|(status, code)| (status.as_u16(), code)) {
            Some((status, None)) => {
                tracing::info!(actor, %method, path, plugin, dry_run, status, "change answered");
            }
            Some((status, code)) => {
                tracing::warn!(actor, %method, path, plugin, dry_run, status, code, "change answered");
            }
            None => {
                tracing::warn!(actor, %method, path, plugin, dry_run, "change left unanswered");
            }
        }
    }
}
