use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower_plugin::admin::PeerAddr;

use super::world::World;

/// A client on this machine.
pub(super) const PEER: PeerAddr = PeerAddr(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4711));

/// Sends the bytes as they are over one connection to a hyper server.
pub(super) async fn send(world: Arc<World>, bytes: &[u8]) {
    let (client, server) = tokio::io::duplex(64 * 1024);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(PEER);
        let world = Arc::clone(&world);
        async move { Ok::<_, std::convert::Infallible>(world.ask(request).await) }
    });
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service);
    let (mut answers, mut requests) = tokio::io::split(client);
    let asking = async {
        // A server that has heard enough may hang up.
        let _ = requests.write_all(bytes).await;
        let _ = requests.shutdown().await;
    };
    let mut sink = Vec::new();
    // Whether hyper takes the bytes for HTTP is its own affair.
    let _ = tokio::join!(serving, asking, answers.read_to_end(&mut sink));
}
