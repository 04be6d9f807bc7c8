use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::time::timeout;

use super::{Admin, Reply};

/// How long the next part of an answer is waited for.
const A_WHILE: Duration = Duration::from_millis(200);

#[must_use]
pub struct Ask<'a> {
    pub(super) admin: &'a Admin,
    pub(super) request: Request<Full<Bytes>>,
}

impl Ask<'_> {
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = value.parse().unwrap();
        self.request.headers_mut().append(name, value);
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    pub async fn send(self) -> Reply {
        Reply::read(self.admin.client.request(self.request).await.unwrap()).await
    }

    /// Sends it and answers with all that comes within a while: some answers have no end.
    pub async fn glance(self) -> String {
        let sent = self.admin.client.request(self.request);
        let (head, mut body) = sent.await.unwrap().into_parts();
        let mut seen = format!("{head:?}\n").into_bytes();
        while let Ok(Some(Ok(frame))) = timeout(A_WHILE, body.frame()).await {
            seen.extend(frame.into_data().unwrap_or_default());
        }
        String::from_utf8(seen).unwrap()
    }

    /// Sends it and expects 200.
    pub async fn ok(self) -> Value {
        let reply = self.send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// Sends it, expects to be refused with this status and code, and nothing to have changed.
    pub async fn refused(self, status: u16, code: &str) -> Reply {
        let (admin, request) = (self.admin, format!("{:?}", self.request));
        let before = admin.witness();
        let reply = self.send().await;
        assert_eq!(reply.status, status, "{request}: {}", reply.text);
        reply.assert_error(code);
        assert_eq!(admin.witness(), before, "{request} changed something");
        reply
    }
}
