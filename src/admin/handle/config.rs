use std::time::SystemTime;

use http::HeaderMap;
use http::header::{ETAG, IF_NONE_MATCH};
use http::request::Parts;
use http_body::Body;
use serde::Serialize;

use super::handler::{Answer, Handler};
use super::{change, precondition};
use crate::admin::etag::{self, Condition};
use crate::admin::problem::Problem;
use crate::admin::query::Query;
use crate::admin::{body, respond};
use crate::time::to_unix;
use crate::{BoxError, ConfigView};

#[derive(Serialize)]
struct Config<'a> {
    timestamp: u64,
    #[serde(flatten)]
    view: &'a ConfigView,
}

/// A config, unless the client knows it already.
pub(super) fn show(view: &ConfigView, headers: &HeaderMap) -> Answer {
    let known = Condition::read(headers, &IF_NONE_MATCH);
    let mut response = if known.is_some_and(|known| known.matches_weakly(view.version)) {
        respond::not_modified()
    } else {
        respond::json(&Config {
            timestamp: to_unix(SystemTime::now()),
            view,
        })?
    };
    response.headers_mut().insert(ETAG, etag::of(view.version));
    Ok(response)
}

impl Handler {
    /// Puts a config of the `accepted` type in place, whole or as a patch.
    pub(super) async fn change_config<B>(
        self,
        head: &Parts,
        body: B,
        accepted: &'static str,
    ) -> Answer
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let query = Query::read(&head.uri, &change::TRIAL_KEYS)?;
        let plugin = query.plugin()?;
        let at = |problem: Problem| problem.with("plugin", plugin.as_str());
        // Asked first, so that nobody sends a config to nobody.
        self.manager.config_version(&plugin)?;
        body::check(&head.headers, accepted).map_err(at)?;
        let body = body::read(&head.headers, body, self.limits)
            .await
            .map_err(at)?;
        if self.requires_if_match {
            precondition::require(&head.headers).map_err(at)?;
        }
        self.version(&plugin, &head.headers)?;
        let value = body::decode(&body).map_err(at)?;
        let is_patch = accepted == body::MERGE_PATCH;
        let operation = if is_patch {
            self.manager.patch_config(&plugin, value)
        } else {
            self.manager.update_config(&plugin, value)
        };
        self.carry_out(operation, &query, head).await
    }
}
