use http::Method;
use http::header::{ACCEPT, ALLOW, HeaderName, HeaderValue, WWW_AUTHENTICATE};

use super::{Code, Problem};
use crate::admin::body::MERGE_PATCH;
use crate::admin::route;

/// The refusals that are not an operation's: each row of the error table.
impl Problem {
    pub(crate) fn plugin_required() -> Self {
        let message = "name one plugin in the query: `?plugin=NAME`";
        Self::new(Code::PLUGIN_REQUIRED, message)
    }

    pub(crate) fn invalid_query(message: impl Into<String>) -> Self {
        Self::new(Code::INVALID_QUERY, message)
    }

    pub(crate) fn invalid_json(why: impl std::fmt::Display) -> Self {
        let message = format!("the body must be one JSON value: {why}");
        Self::new(Code::INVALID_JSON, message)
    }

    pub(crate) fn invalid_host(message: &str) -> Self {
        Self::new(Code::INVALID_HOST, message)
    }

    pub(crate) fn misdirected_host() -> Self {
        let message = "this service does not answer for that host: use one of its own names, or \
                       have this one allowed";
        Self::new(Code::MISDIRECTED_HOST, message)
    }

    pub(crate) fn unauthorized() -> Self {
        let message = "send a valid token: `Authorization: Bearer TOKEN`";
        Self::new(Code::UNAUTHORIZED, message)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(Code::FORBIDDEN, message)
    }

    pub(crate) fn not_found() -> Self {
        let message = "there is no such endpoint: paths must be spelt exactly, as in `endpoints`";
        let endpoints = route::all().filter(|(method, _)| method != Method::HEAD);
        let endpoints = endpoints.map(|(method, path)| format!("{method} {path}"));
        Self::new(Code::NOT_FOUND, message).with("endpoints", endpoints.collect::<Vec<_>>())
    }

    pub(crate) fn plugin_not_found(plugin: &str) -> Self {
        let message = "plugin not found: `/plugins/list` has the names";
        Self::new(Code::PLUGIN_NOT_FOUND, message).with("plugin", plugin)
    }

    pub(crate) fn operation_not_found() -> Self {
        let message = "operation not found: it was done too long ago, or before a restart";
        Self::new(Code::OPERATION_NOT_FOUND, message)
    }

    pub(crate) fn no_schema(plugin: &str) -> Self {
        let message = "the plugin publishes no schema of its config";
        Self::new(Code::NOT_FOUND, message).with("plugin", plugin)
    }

    /// The server is not ready, because of these plugins or because it shuts down.
    pub(crate) fn not_ready(not_serving: Option<Vec<String>>) -> Self {
        let problem = |message| Self::new(Code::NOT_READY, message);
        match not_serving {
            None => problem("not ready".to_owned()),
            Some(plugins) if plugins.is_empty() => {
                problem("the manager is shutting down".to_owned())
            }
            Some(plugins) => problem(format!(
                "required plugins do not serve: {}",
                plugins.join(", ")
            ))
            .with("not_serving", plugins),
        }
    }

    pub(crate) fn method_not_allowed(allowed: &[Method]) -> Self {
        let allowed: Vec<_> = allowed.iter().map(Method::as_str).collect();
        let allowed = allowed.join(", ");
        let message = format!("this endpoint takes only {allowed}");
        let allow = HeaderValue::try_from(allowed).expect("methods are tokens");
        Self::new(Code::METHOD_NOT_ALLOWED, message).header(ALLOW, allow)
    }

    pub(crate) fn unsupported_media_type(accepted: &'static str) -> Self {
        let message = format!("the body must be sent as `Content-Type: {accepted}`, not encoded");
        let name = match accepted {
            MERGE_PATCH => HeaderName::from_static("accept-patch"),
            _ => ACCEPT,
        };
        let accepted = HeaderValue::from_static(accepted);
        Self::new(Code::UNSUPPORTED_MEDIA_TYPE, message).header(name, accepted)
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let message = format!("the body must not be longer than {limit} bytes");
        Self::new(Code::BODY_TOO_LARGE, message)
    }

    pub(crate) fn request_timeout() -> Self {
        let message = "the body did not arrive in time: send it again";
        Self::new(Code::REQUEST_TIMEOUT, message)
    }

    pub(crate) fn unreadable_body() -> Self {
        let message = "the body did not arrive whole: send it again";
        Self::new(Code::INVALID_BODY, message)
    }

    pub(crate) fn version_mismatch() -> Self {
        let message = "the config in force is not the one this is meant for: read it, and try again \
                       with its ETag as it is, quotes included";
        Self::new(Code::VERSION_MISMATCH, message)
    }

    pub(crate) fn no_common_version() -> Self {
        let message = "several plugins have no version in common: leave `If-Match` out, or change \
                       them one by one";
        Self::new(Code::VERSION_MISMATCH, message)
    }

    pub(crate) fn precondition_required() -> Self {
        let message = "send the ETag of the config you have read: `If-Match: \"...\"`";
        Self::new(Code::PRECONDITION_REQUIRED, message)
    }

    pub(crate) fn internal() -> Self {
        let message = "the admin service failed: read the plugin's state before trying again";
        Self::new(Code::INTERNAL_ERROR, message)
    }
}
