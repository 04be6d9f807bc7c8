use http::{Method, Request, StatusCode};
use http_body_util::Empty;

use super::world::{LONG, World};

impl World {
    /// Looks at everything once more, shuts down, and is still answered.
    pub(super) async fn close(mut self) {
        self.check_events();
        for target in [
            "/plugins/list",
            "/plugins/config?plugin=recreated",
            "/plugins/config?plugin=replaced",
        ] {
            assert_eq!(self.send(Method::GET, target).await, StatusCode::OK);
        }
        self.leases.clear();
        self.manager.shutdown().await;
        assert_eq!(
            self.send(Method::GET, "/plugins/status").await,
            StatusCode::OK
        );
        let readiness = self.send(Method::GET, "/readyz").await;
        assert_eq!(readiness, StatusCode::SERVICE_UNAVAILABLE);
        self.check_events();
        drop(self);
        // For hooks that were given up to be gone.
        tokio::time::sleep(LONG).await;
    }

    async fn send(&self, method: Method, target: &str) -> StatusCode {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://localhost{target}"))
            .header("authorization", format!("Bearer {}", self.operator))
            .extension(super::wire::PEER)
            .body(Empty::<bytes::Bytes>::new())
            .expect("a valid request");
        self.ask(request).await.status()
    }
}
