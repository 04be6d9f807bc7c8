use std::{net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long the head of a request may take, and a connection be without a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long before a connection is told to end: who wants more opens another.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How long it then has to finish what is under way, which ends those who do not read.
const GOODBYE: Duration = Duration::from_secs(60);

/// Serves one connection until the client ends it, its time is up, or `stopping`.
///
/// HTTP/1 is what HKP is spoken over, and what hyper can bound from the first byte on.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    app: Router,
    stopping: CancellationToken,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, %peer, "a connection failed");
            }
            return;
        }
        () = stopping.cancelled() => {}
        () = time::sleep(LIFETIME) => {}
    }
    connection.as_mut().graceful_shutdown();
    if time::timeout(GOODBYE, connection).await.is_err() {
        tracing::debug!(%peer, "a connection did not end in time: closed");
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::Instant,
    };

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    /// A client's end of a connection, with room for so many bytes on the way.
    fn connect(bytes: usize, stopping: &CancellationToken) -> DuplexStream {
        let (client, server) = duplex(bytes);
        let large = get(|| async { Body::from("x".repeat(4096)) });
        let app = Router::new()
            .route("/", get("hello"))
            .route("/large", large);
        let peer = SocketAddr::from(([192, 0, 2, 1], 9));
        tokio::spawn(serve(server, peer, app.with_state(()), stopping.clone()));
        client
    }

    /// How long the connection lasts if the client sends this, and reads or does not.
    async fn lasts(sent: &[u8], reads: bool) -> Duration {
        let started = Instant::now();
        let mut client = connect(1024, &CancellationToken::new());
        client.write_all(sent).await.unwrap();
        if reads {
            client.read_to_end(&mut Vec::new()).await.unwrap();
        } else {
            while client.write_all(b"x").await.is_ok() {}
        }
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn client_that_does_not_go_on_is_given_up() {
        for sent in [b"", b"GET / HT".as_slice(), REQUEST] {
            assert_eq!(lasts(sent, true).await, HEAD_TIMEOUT, "{sent:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn client_that_does_not_read_is_given_up() {
        let large = b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n";
        assert_eq!(lasts(large, false).await, LIFETIME + GOODBYE);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connection_is_closed_when_the_server_stops() {
        let stopping = CancellationToken::new();
        let mut client = connect(1024, &stopping);
        client.write_all(REQUEST).await.unwrap();
        client.read_exact(&mut [0; 15]).await.unwrap();
        let started = Instant::now();
        stopping.cancel();
        client.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
