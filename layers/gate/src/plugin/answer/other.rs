use http::header::RETRY_AFTER;
use http::{Response, StatusCode};

use super::headers::{INTERNAL, UNAVAILABLE, UNIMPLEMENTED, grpc_message, put, put_grpc, put_json};
use super::json::{JsonStr, json};
use super::{Answer, Protocol, Told};
use crate::plugin::ResponseBody;
use crate::{CancelledError, PanickedError};

impl Answer {
    /// The response to a request that was cancelled before its head was out.
    #[must_use]
    pub fn cancellation<B>(self, cancelled: &CancelledError) -> Response<ResponseBody<B>> {
        let (plugin, state) = (cancelled.plugin(), cancelled.state());
        let message = cancelled.to_string();
        let json = || json("request_cancelled", plugin, Some(state), &message);
        self.unavailable(json, &message)
    }

    /// The response to a request that ended in a panic before its head was out.
    #[must_use]
    pub fn panic<B>(self, panicked: &PanickedError) -> Response<ResponseBody<B>> {
        let message = panicked.to_string();
        let json = || json("plugin_panicked", panicked.plugin(), None, &message);
        self.response(StatusCode::INTERNAL_SERVER_ERROR, json, INTERNAL, &message)
    }

    /// The response to a request for a plugin that there is not, or is not yet.
    pub(crate) fn unknown_plugin<B>(
        self,
        is_retryable: bool,
        message: &str,
    ) -> Response<ResponseBody<B>> {
        let json = || {
            let message = JsonStr(message);
            format!(r#"{{"status":"error","code":"plugin_not_found","message":{message}}}"#)
        };
        if is_retryable {
            return self.unavailable(json, message);
        }
        self.response(StatusCode::NOT_FOUND, json, UNIMPLEMENTED, message)
    }

    fn unavailable<B>(
        self,
        json: impl FnOnce() -> String,
        message: &str,
    ) -> Response<ResponseBody<B>> {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut response = self.response(status, json, UNAVAILABLE, message);
        if self.protocol() == Protocol::Http {
            let after = self.retry_after.into();
            put(response.headers_mut(), &RETRY_AFTER, after);
        }
        response
    }

    fn response<B>(
        self,
        status: StatusCode,
        json: impl FnOnce() -> String,
        grpc: &'static str,
        message: &str,
    ) -> Response<ResponseBody<B>> {
        match self.protocol() {
            Protocol::Http => {
                let told = Told::new(json(), None);
                let mut response = Response::new(ResponseBody::telling(Some(told)));
                *response.status_mut() = status;
                put_json(response.headers_mut());
                response
            }
            Protocol::Grpc => {
                let mut response = Response::new(ResponseBody::telling(None));
                put_grpc(response.headers_mut(), grpc, grpc_message(message));
                response
            }
        }
    }
}
