//! What every answer of the service has in common.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode, response};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use tower_plugin::admin::AdminBody;

use super::secrets::Secrets;

/// The codes of the error table, by status.
const CODES: [(u16, &[&str]); 15] = [
    (
        400,
        &[
            "plugin_required",
            "invalid_query",
            "invalid_json",
            "invalid_host",
            "invalid_body",
        ],
    ),
    (401, &["unauthorized"]),
    (403, &["forbidden"]),
    (
        404,
        &["plugin_not_found", "not_found", "operation_not_found"],
    ),
    (405, &["method_not_allowed"]),
    (408, &["request_timeout"]),
    (
        409,
        &[
            "operation_in_progress",
            "too_many_leftovers",
            "trial_unavailable",
            "not_on_trial",
            "not_replaceable",
            "cannot_start_beside",
            "plugin_required_by",
        ],
    ),
    (412, &["version_mismatch"]),
    (413, &["body_too_large"]),
    (415, &["unsupported_media_type"]),
    (421, &["misdirected_host"]),
    (422, &["config_rejected"]),
    (500, &["reload_failed"]),
    (503, &["shutting_down", "not_ready"]),
    (504, &["start_timeout"]),
];

/// An answer that has been checked for its form.
pub(super) struct Answer {
    pub(super) head: response::Parts,
    pub(super) body: Bytes,
    /// The members of the body; none of an answer without one.
    pub(super) members: Map<String, Value>,
}

impl Answer {
    pub(super) async fn read(
        response: Response<AdminBody>,
        method: &Method,
        secrets: &Secrets,
    ) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let told = format!("{:?}", head.headers);
        assert!(!secrets.are_in(told.as_bytes()), "secret in {told}");
        assert!(!secrets.are_in(&body), "secret in {body:?}");
        assert_eq!(head.headers[CACHE_CONTROL], "no-store");
        assert_eq!(head.headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let mut answer = Self {
            head,
            body,
            members: Map::new(),
        };
        if answer.head.status == StatusCode::NOT_MODIFIED {
            assert!(answer.head.headers.contains_key(ETAG), "tag of a 304");
            assert!(answer.body.is_empty(), "a 304 has no body");
        } else if method == Method::HEAD {
            assert!(answer.body.is_empty(), "an answer to HEAD has no body");
            assert!(answer.head.headers.contains_key(CONTENT_TYPE));
        } else {
            answer.members = match serde_json::from_slice(&answer.body) {
                Ok(Value::Object(members)) => members,
                other => panic!("the body is no object: {other:?}"),
            };
            answer.check_body();
        }
        answer.check_headers();
        answer
    }

    pub(super) fn status(&self) -> StatusCode {
        self.head.status
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name).and_then(Value::as_str)
    }

    fn check_body(&self) {
        let status = self.head.status;
        let content_type = &self.head.headers[CONTENT_TYPE];
        if status.is_success() {
            assert_eq!(content_type, "application/json");
            let is_accepted = status == StatusCode::ACCEPTED;
            assert_eq!(self.text("operation_id").is_some(), is_accepted);
            assert_eq!(self.head.headers.contains_key(LOCATION), is_accepted);
            return;
        }
        let (_, codes) = CODES
            .iter()
            .find(|(known, _)| *known == status)
            .unwrap_or_else(|| panic!("status {status} is not in the table: {:?}", self.body));
        let code = self.text("code").expect("a code");
        assert!(codes.contains(&code), "{status} with code {code}");
        assert!(
            self.text("message")
                .is_some_and(|message| !message.is_empty())
        );
        assert!(self.members["timestamp"].is_u64());
        if content_type == "application/problem+json" {
            assert_eq!(self.members["status"], status.as_u16());
            for name in ["type", "title", "detail"] {
                assert!(self.text(name).is_some(), "{name} of a problem");
            }
        } else {
            assert_eq!(content_type, "application/json");
            assert_eq!(self.members["status"], "error");
        }
    }

    fn check_headers(&self) {
        let expected = match self.head.status {
            StatusCode::UNAUTHORIZED => WWW_AUTHENTICATE,
            StatusCode::METHOD_NOT_ALLOWED => ALLOW,
            StatusCode::CONFLICT if self.text("code") == Some("operation_in_progress") => {
                RETRY_AFTER
            }
            _ => return,
        };
        assert!(self.head.headers.contains_key(&expected), "{expected}");
    }
}
