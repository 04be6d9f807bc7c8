use std::mem::{forget, replace};
use std::sync::Arc;

use http::{HeaderMap, Response, StatusCode};

use super::headers::{UNAVAILABLE, grpc_message, put_grpc, put_json_and_retry};
use super::json::json;
use super::{Answer, Protocol, Told};
use crate::Rejected;
use crate::plugin::ResponseBody;

impl Answer {
    /// The response to a request that was not admitted.
    #[must_use]
    pub fn rejection<B>(self, rejected: &Rejected) -> Response<ResponseBody<B>> {
        self.rejection_in(HeaderMap::new(), rejected)
    }

    /// As [`rejection`](Self::rejection), written into a header map that is there already, the
    /// request's own: where that has had a few headers, nothing has to be allocated.
    #[must_use]
    pub fn rejection_in<B>(
        self,
        headers: HeaderMap,
        rejected: &Rejected,
    ) -> Response<ResponseBody<B>> {
        let response = self.refusal(headers, &rejected.told());
        response.map(ResponseBody::telling)
    }

    /// As `rejection_in`, of what the client is told, and with what its body is to say.
    #[inline]
    pub(in crate::plugin) fn refusal(
        self,
        headers: HeaderMap,
        told: &Arc<Told>,
    ) -> Response<Option<Arc<Told>>> {
        let mut response = Response::new(());
        *response.status_mut() = match self.protocol() {
            Protocol::Http => StatusCode::SERVICE_UNAVAILABLE,
            Protocol::Grpc => StatusCode::OK,
        };
        // Nothing is lost with the map of a new response, which has not allocated.
        forget(replace(response.headers_mut(), headers));
        let headers = response.headers_mut();
        let told = match self.protocol() {
            Protocol::Http => {
                put_json_and_retry(headers, told.retry_after(self.retry_after));
                Some(Arc::clone(told))
            }
            Protocol::Grpc => {
                put_grpc(headers, UNAVAILABLE, told.grpc_message());
                None
            }
        };
        response.map(|()| told)
    }
}

/// Writes what a client is told of a rejection.
#[cold]
pub(crate) fn tell(rejected: &Rejected) -> Arc<Told> {
    let (plugin, state) = (rejected.plugin(), rejected.state());
    let message = rejected.to_string();
    let json = json("plugin_unavailable", plugin, Some(state), &message);
    Told::new(json, grpc_message(&message))
}
