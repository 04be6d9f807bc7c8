use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{
    HeaderMap, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH, RETRY_AFTER},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use keyserver::{
    hkp::{self, KeyServer, Stats},
    keys::Limits,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::{net::TcpListener, task::AbortHandle};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A client of a server on loopback.
#[derive(Clone)]
pub(crate) struct Http {
    address: SocketAddr,
    client: Client<HttpConnector, Full<bytes::Bytes>>,
    token: Option<&'static str>,
    if_match: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self::connecting(address, HttpConnector::new())
    }

    /// The same client at another address of this machine: all of 127.0.0.0/8 is.
    pub(crate) fn at_address(&self, client: [u8; 4]) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_local_address(Some(IpAddr::from(client)));
        Self::connecting(self.address, connector)
    }

    fn connecting(address: SocketAddr, connector: HttpConnector) -> Self {
        Self {
            address,
            client: Client::builder(TokioExecutor::new()).build(connector),
            token: None,
            if_match: None,
        }
    }

    /// The same client, showing a token.
    pub(crate) fn with_token(&self, token: &'static str) -> Self {
        Self {
            token: Some(token),
            ..self.clone()
        }
    }

    /// The same client, for one version of a config.
    pub(crate) fn if_match(&self, etag: &str) -> Self {
        Self {
            if_match: Some(etag.to_owned()),
            ..self.clone()
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: String,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header(CONTENT_TYPE, kind);
        if let Some(token) = self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(etag) = &self.if_match {
            request = request.header(IF_MATCH, etag);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.client.request(request).await.unwrap();
        let content_type = response.headers().get(CONTENT_TYPE);
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            content_type: content_type
                .map_or("", |kind| kind.to_str().unwrap())
                .to_owned(),
            text: String::from_utf8(response.collect().await.unwrap().to_bytes().into()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "", String::new()).await
    }

    pub(crate) async fn lookup(&self, op: &str, search: &str) -> Answer {
        self.get(&format!("/pks/lookup?op={op}&search={}", escape(search)))
            .await
    }

    pub(crate) async fn add(&self, keytext: &str) -> Answer {
        let form = format!("keytext={}", escape(keytext));
        self.send(Method::POST, "/pks/add", FORM, form).await
    }

    pub(crate) async fn stats(&self) -> Stats {
        serde_json::from_str(&self.get("/pks/stats").await.text).unwrap()
    }
}

impl Answer {
    /// Asserts a refusal in plain text that has `reason` in it.
    #[track_caller]
    pub(crate) fn assert_refused(&self, status: StatusCode, reason: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(
            self.content_type.starts_with("text/plain"),
            "{}",
            self.content_type
        );
        assert!(
            self.text.contains(reason),
            "{:?} has no {reason:?}",
            self.text
        );
    }

    /// The whole body, read as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// How many seconds to wait, as the answer says.
    #[track_caller]
    pub(crate) fn retry_after(&self) -> u64 {
        let seconds = self.headers.get(RETRY_AFTER).expect("a Retry-After");
        seconds.to_str().unwrap().parse().unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self
    }
}

/// A key server inside the test, gone with this value.
pub(crate) struct Server {
    pub(crate) http: Http,
    serving: AbortHandle,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = Http::new(listener.local_addr().unwrap());
        let app = hkp::router(Arc::new(KeyServer::new(limits)));
        let serving = tokio::spawn(async { axum::serve(listener, app).await });
        Self {
            http,
            serving: serving.abort_handle(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
