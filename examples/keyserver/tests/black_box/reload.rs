use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpStream, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{process::Process, testing};

const CLIENTS: usize = 32;
const RELOADS: u64 = 200;

/// One connection, which is never opened again.
struct KeepAlive {
    address: SocketAddr,
    requests: SendRequest<Empty<bytes::Bytes>>,
}

impl KeepAlive {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (requests, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { address, requests }
    }

    async fn get(&mut self, path: &str) -> StatusCode {
        let request = Request::get(path)
            .header(HOST, self.address.to_string())
            .body(Empty::new())
            .unwrap();
        self.requests
            .ready()
            .await
            .expect("the connection stays open");
        let response = self.requests.send_request(request).await.unwrap();
        let status = response.status();
        response.collect().await.expect("a whole body");
        status
    }
}

/// Asks for `path` again and again; how often each status was the answer.
async fn load(
    mut client: KeepAlive,
    path: &'static str,
    enough: CancellationToken,
) -> BTreeMap<StatusCode, usize> {
    let mut answers = BTreeMap::new();
    while !enough.is_cancelled() {
        *answers.entry(client.get(path).await).or_default() += 1;
    }
    answers
}

#[tokio::test]
async fn two_hundred_reloads_of_the_rate_limit_cost_no_request_and_no_connection() {
    let server = Process::start().await;
    // What is tried here is the exchange, so the limit must not be met.
    let no_limit = json!({"requests_per_second": u32::MAX, "burst": u32::MAX});
    server.configure("ratelimit-geo", no_limit).await;
    let key = testing::public(1, &["Alice <alice@example.org>"]);
    server.http.add(&testing::armored(&key)).await.assert_ok();

    let (mut clients, enough) = (JoinSet::new(), CancellationToken::new());
    for _ in 0..CLIENTS {
        let client = KeepAlive::open(server.address).await;
        let path = "/pks/lookup?op=get&search=alice%40example.org";
        clients.spawn(load(client, path, enough.clone()));
    }
    let before = server.plugin("ratelimit-geo").await["generation"]
        .as_u64()
        .unwrap();
    for reload in 1..=RELOADS {
        let report = server.reload("ratelimit-geo").await.assert_ok().json();
        assert_eq!(report["outcome"], "applied");
        assert_eq!(report["generation"], before + reload);
        assert_eq!(report["drain"]["cancelled"], 0);
    }
    enough.cancel();

    let mut answers = BTreeMap::<_, usize>::new();
    while let Some(client) = clients.join_next().await {
        let statuses = client.expect("no connection fails");
        assert!(!statuses.is_empty(), "every client was served");
        for (status, count) in statuses {
            *answers.entry(status).or_default() += count;
        }
    }
    assert_eq!(
        answers.keys().collect::<Vec<_>>(),
        [&StatusCode::OK],
        "{answers:?}"
    );
    assert!(answers[&StatusCode::OK] > RELOADS as usize, "{answers:?}");
}

#[tokio::test]
async fn connection_that_is_kept_sees_each_new_config() {
    let server = Process::start().await;
    let mut client = KeepAlive::open(server.address).await;
    assert_eq!(client.get("/pks/stats").await, StatusCode::OK);
    let limit = json!({"requests_per_second": 1, "burst": 1});
    server.configure("ratelimit-geo", limit).await;
    let first_and_second = [
        client.get("/pks/stats").await,
        client.get("/pks/stats").await,
    ];
    assert_eq!(
        first_and_second,
        [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]
    );
    server.post("disable", "ratelimit-geo").await.assert_ok();
    assert_eq!(
        client.get("/pks/stats").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(
        client.get("/").await,
        StatusCode::OK,
        "no plugin guards the page"
    );
    tokio::time::timeout(
        Duration::from_secs(60),
        server.post("enable", "ratelimit-geo"),
    )
    .await
    .unwrap()
    .assert_ok();
    assert_eq!(client.get("/pks/stats").await, StatusCode::OK);
}
