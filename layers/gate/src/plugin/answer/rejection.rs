use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};

use super::headers::{
    APPLICATION_GRPC, APPLICATION_JSON, UNAVAILABLE, grpc_message, put_grpc_status, seconds,
};
use super::json::json;
use super::{Answer, Protocol};
use crate::Rejected;
use crate::plugin::ResponseBody;

/// What rejections say, written once for each plugin and state.
pub(crate) struct Told {
    json: Arc<Bytes>,
    retry_after: HeaderValue,
    /// What `retry_after` says; another layer may say otherwise.
    seconds: u32,
    grpc_message: Option<HeaderValue>,
}

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
        headers.clear();
        let written;
        let told = match rejected.is_held() {
            // The rarer answers, which say more than the state.
            true => {
                written = self.tell(rejected);
                &written
            }
            false => rejected.told(|| self.tell(rejected)),
        };
        let (status, body) = match self.protocol {
            Protocol::Http => {
                headers.insert(CONTENT_TYPE, APPLICATION_JSON);
                let after = match told.seconds == self.retry_after {
                    true => told.retry_after.clone(),
                    false => seconds(self.retry_after),
                };
                headers.insert(RETRY_AFTER, after);
                let body = ResponseBody::full(Arc::clone(&told.json));
                (StatusCode::SERVICE_UNAVAILABLE, body)
            }
            Protocol::Grpc => {
                put_grpc_status(&mut headers, UNAVAILABLE, told.grpc_message.clone());
                headers.insert(CONTENT_TYPE, APPLICATION_GRPC);
                (StatusCode::OK, ResponseBody::empty())
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    #[cold]
    fn tell(self, rejected: &Rejected) -> Told {
        let (plugin, state) = (rejected.plugin(), rejected.state());
        let message = rejected.to_string();
        let json = json("plugin_unavailable", plugin, Some(state), &message);
        Told {
            json: Arc::new(json.into()),
            retry_after: seconds(self.retry_after),
            seconds: self.retry_after,
            grpc_message: grpc_message(&message),
        }
    }
}
