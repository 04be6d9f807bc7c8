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
        mut headers: HeaderMap,
        rejected: &Rejected,
    ) -> Response<ResponseBody<B>> {
        let mut response = self.refusal();
        let told = self.refuse(&mut headers, &rejected.told());
        *response.headers_mut() = headers;
        response.map(|()| ResponseBody::telling(told))
    }

    /// The head of a rejection, but for its headers.
    #[inline]
    pub(in crate::plugin) fn refusal(self) -> Response<()> {
        let mut response = Response::new(());
        *response.status_mut() = match self.protocol {
            Protocol::Http => StatusCode::SERVICE_UNAVAILABLE,
            Protocol::Grpc => StatusCode::OK,
        };
        response
    }

    /// Puts the headers of a rejection in place of the request's, and returns what its body is.
    #[inline]
    pub(in crate::plugin) fn refuse(
        self,
        headers: &mut HeaderMap,
        told: &Arc<Told>,
    ) -> Option<Arc<Told>> {
        match self.protocol {
            Protocol::Http => {
                put_json_and_retry(headers, told.retry_after(self.retry_after));
                Some(Arc::clone(told))
            }
            Protocol::Grpc => {
                put_grpc(headers, UNAVAILABLE, told.grpc_message());
                None
            }
        }
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
