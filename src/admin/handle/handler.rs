use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;

use super::audit::Audit;
use super::{history, operation, probe, read};
use crate::admin::body::{JSON, Limits, MERGE_PATCH};
use crate::admin::guard::Scope;
use crate::admin::problem::Problem;
use crate::admin::query;
use crate::admin::route::{self, Endpoint, Found};
use crate::lifecycle::Trigger;
use crate::{BoxError, PluginManager};

/// An answer, or why there is none.
pub(super) type Answer = Result<Response<Full<Bytes>>, Problem>;

#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) manager: PluginManager,
    pub(crate) limits: Limits,
    pub(crate) requires_if_match: bool,
    /// The path of the service, where that is not the root.
    pub(crate) mounted_at: Arc<str>,
}

impl Handler {
    pub(crate) async fn handle<B>(
        self,
        request: Request<B>,
    ) -> Result<Response<Full<Bytes>>, Infallible>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let mut audit = Audit::of(&request);
        let answer = self.answer(request).await;
        let response = answer.unwrap_or_else(Problem::into_response);
        if let Some(audit) = &mut audit {
            audit.answered(&response);
        }
        Ok(response)
    }

    async fn answer<B>(self, request: Request<B>) -> Answer
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let (head, body) = request.into_parts();
        let (uri, headers) = (&head.uri, &head.headers);
        let endpoint = match route::find(&head.method, uri.path()) {
            Found::Endpoint(endpoint) => endpoint,
            Found::OtherMethod(allowed) => return Err(Problem::method_not_allowed(allowed)),
            Found::Nothing => return Err(Problem::not_found()),
        };
        let manager = &self.manager;
        let plugin = || query::plugin(uri);
        match endpoint {
            Endpoint::Status => read::status(manager, uri),
            Endpoint::List => read::list(manager, uri),
            Endpoint::Health => read::health(manager, uri),
            Endpoint::Schema => read::schema(manager, &plugin()?),
            Endpoint::Requests => read::requests(manager, uri),
            Endpoint::Livez => probe::livez(uri),
            Endpoint::Readyz => {
                let is_authorised = head.extensions.get::<Scope>().is_some();
                probe::readyz(manager, uri, is_authorised)
            }
            Endpoint::Operations => operation::list(manager, uri),
            Endpoint::Operation => operation::one(manager, uri),
            Endpoint::ReloadAll => self.reload_all(&head).await,
            Endpoint::Reload => self.reload(&head).await,
            Endpoint::Enable => self.change(&head, PluginManager::enable).await,
            Endpoint::Disable => self.change(&head, PluginManager::disable).await,
            Endpoint::Promote => self.decide(&head, Trigger::Promote).await,
            Endpoint::Abort => self.decide(&head, Trigger::Abort).await,
            Endpoint::Rollback => self.rollback(&head).await,
            Endpoint::History => history::list(manager, uri).await,
            Endpoint::Diff => history::diff(manager, uri).await,
            Endpoint::ReadConfig => history::config(manager, uri, headers).await,
            Endpoint::ReplaceConfig => self.change_config(&head, body, JSON).await,
            Endpoint::PatchConfig => self.change_config(&head, body, MERGE_PATCH).await,
        }
    }
}
