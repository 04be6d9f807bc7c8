use std::{net::SocketAddr, sync::Arc};

use http::{Method, Request, StatusCode, header::CONTENT_TYPE};
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
use tokio::{net::TcpListener, task::AbortHandle};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A client of a server on loopback.
pub(crate) struct Http {
    address: SocketAddr,
    client: Client<HttpConnector, Full<bytes::Bytes>>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: String,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header(CONTENT_TYPE, kind)
            .body(body.into())
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        let content_type = response.headers().get(CONTENT_TYPE);
        Answer {
            status: response.status(),
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
