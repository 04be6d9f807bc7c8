use http::StatusCode;
use serde_json::json;

use crate::{process::Process, support::Http};

const GEO: &str = "ratelimit-geo";

/// The statuses of so many requests in a row.
async fn statuses<const N: usize>(http: &Http, path: &str) -> [u16; N] {
    let mut statuses = [0; N];
    for status in &mut statuses {
        *status = http.get(path).await.status.as_u16();
    }
    statuses
}

#[tokio::test]
async fn over_the_limit_is_429_with_retry_after() {
    let server = Process::start().await;
    let limit = json!({"requests_per_second": 1, "burst": 2});
    server.configure(GEO, limit).await;
    assert_eq!(statuses(&server.http, "/pks/stats").await, [200, 200]);
    let answer = server.http.get("/pks/stats").await;
    answer.assert_refused(StatusCode::TOO_MANY_REQUESTS, "too many requests");
    assert_eq!(answer.retry_after(), 1);
    // All of /pks/ is limited, whether there is something or not, and nothing else is.
    for path in ["/pks/lookup", "/pks/add", "/pks/nothing/here"] {
        assert_eq!(
            server.http.get(path).await.status,
            StatusCode::TOO_MANY_REQUESTS,
            "{path}"
        );
    }
    assert_eq!(statuses(&server.http, "/").await, [200, 200, 200]);
    assert_eq!(server.plugin(GEO).await["health"]["status"], "healthy");
}

#[tokio::test]
async fn each_network_has_its_own_limit() {
    let server = Process::start().await;
    let limit = json!({
        "requests_per_second": 1, "burst": 2, "networks": {"127.0.2.0/23": 1, "127.0.3.7/32": 3}
    });
    server.configure(GEO, limit).await;
    let from = |client| server.http.at_address(client);
    assert_eq!(
        statuses(&from([127, 0, 1, 1]), "/pks/stats").await,
        [200, 200, 429]
    );
    assert_eq!(statuses(&from([127, 0, 1, 2]), "/pks/stats").await, [429]);
    assert_eq!(
        statuses(&from([127, 0, 4, 1]), "/pks/stats").await,
        [200, 200, 429]
    );
    assert_eq!(
        statuses(&from([127, 0, 2, 1]), "/pks/stats").await,
        [200, 429]
    );
    assert_eq!(statuses(&from([127, 0, 3, 1]), "/pks/stats").await, [429]);
    assert_eq!(
        statuses(&from([127, 0, 3, 7]), "/pks/stats").await,
        [200, 200, 200, 429]
    );
}

#[tokio::test]
async fn server_is_not_ready_without_its_rate_limit() {
    let server = Process::start().await;
    server.post("disable", GEO).await.assert_ok();
    let answer = server.http.get("/pks/stats").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["plugin"], GEO);
    let ready = server.admin.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    server.admin.get("/livez").await.assert_ok();
    server.post("enable", GEO).await.assert_ok();
    server.admin.get("/readyz").await.assert_ok();
    assert_eq!(server.http.stats().await.keys, 0);
}
