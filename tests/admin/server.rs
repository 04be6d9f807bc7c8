//! The server: what a client can hold up is bounded.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower_plugin::admin::{self, AdminService, Server};

use super::support::{Admin, LONG, Reply, TOKEN};
use crate::scenario::Act;

const SHORT: Duration = Duration::from_millis(100);

async fn limited(limit: impl FnOnce(Server) -> Server) -> Admin {
    let build =
        |builder: tower_plugin::admin::AdminServiceBuilder| builder.insecure_loopback().build();
    Admin::with_all(build, |registration| registration, limit).await
}

/// Reads until the server closes, and says what came.
async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    // A reset is an end, too.
    let ended = timeout(LONG, stream.read_to_end(&mut read)).await;
    assert!(ended.is_ok(), "the connection is still open");
    read
}

#[tokio::test]
async fn whoever_is_slow_is_closed_whatever_they_speak() {
    let admin = limited(|server| server.idle_timeout(SHORT)).await;
    let host = admin.addr;
    for said in [
        String::new(),
        "G".to_owned(),
        "GET /livez HTTP/1.1\r\n".to_owned(),
        format!("GET /livez HTTP/1.1\r\nhost: {host}\r\nx: "),
        "PRI * HTTP/2.0\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        format!("GET /livez HTTP/1.1\r\nhost: {host}\r\n\r\n"),
    ] {
        let started = Instant::now();
        let mut stream = admin.connect().await;
        stream.write_all(said.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await;
        assert!(started.elapsed() >= SHORT, "{said:?}");
    }
}

#[tokio::test]
async fn head_that_trickles_is_not_waited_for() {
    let admin = limited(|server| server.idle_timeout(SHORT)).await;
    let mut stream = admin.connect().await;
    let (mut reader, mut writer) = stream.split();
    let trickle = async {
        loop {
            if writer.write_all(b"G").await.is_err() {
                return;
            }
            tokio::time::sleep(SHORT / 10).await;
        }
    };
    let mut read = Vec::new();
    let closed = async {
        // A reset is an end, too.
        _ = reader.read_to_end(&mut read).await;
    };
    timeout(LONG, async {
        tokio::select! { () = trickle => {}, () = closed => {} }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn connections_are_bounded_and_who_does_nothing_makes_room() {
    let admin = limited(|server| server.max_connections(2).idle_timeout(SHORT * 2)).await;
    let started = Instant::now();
    let _silent = [admin.connect().await, admin.connect().await];
    let answer = timeout(
        LONG,
        admin.raw("GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n"),
    )
    .await;
    assert!(answer.unwrap().starts_with("HTTP/1.1 200 "));
    assert!(
        started.elapsed() >= SHORT * 2,
        "it was served though there was no room"
    );
}

#[tokio::test]
async fn operation_may_take_longer_than_a_connection_may_be_idle() {
    let admin = limited(|server| server.idle_timeout(SHORT)).await;
    admin.script.next_starts([Act::Wait, Act::Wait]);
    for request in [
        admin.post("/plugins/reload?plugin=p"),
        admin.put(r#"{"value": 2}"#),
    ] {
        let (answer, ()) = tokio::join!(request.ok(), async {
            admin.script.waiting().await;
            tokio::time::sleep(SHORT * 3).await;
            admin.script.go_on();
        });
        assert_eq!(answer["outcome"], "applied");
    }
}

#[tokio::test]
async fn shutdown_answers_who_is_being_answered_and_takes_nobody_else() {
    let mut admin = Admin::open().await;
    admin.script.next_starts([Act::Wait]);
    let mut idle = admin.connect().await;
    let mut stream = admin.connect().await;
    let request = format!(
        "POST /plugins/reload?plugin=p HTTP/1.1\r\nhost: {}\r\n\r\n",
        admin.addr
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    admin.script.waiting().await;
    admin.stop();
    assert_eq!(read_to_end(&mut idle).await, b"");
    assert!(TcpStream::connect(admin.addr).await.is_err());
    // Longer than any moment that is given to those who have nothing to be answered.
    tokio::time::sleep(SHORT * 15).await;
    assert!(!admin.served.is_finished());
    admin.script.go_on();
    let answer = String::from_utf8(read_to_end(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    timeout(LONG, &mut admin.served)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn shutdown_waits_no_longer_than_it_may_and_the_operation_goes_on() {
    let mut admin = limited(|server| server.shutdown_timeout(SHORT)).await;
    admin.script.next_starts([Act::Wait]);
    let mut stream = admin.connect().await;
    let request = format!(
        "POST /plugins/reload?plugin=p HTTP/1.1\r\nhost: {}\r\n\r\n",
        admin.addr
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    admin.script.waiting().await;
    admin.stop();
    timeout(LONG, &mut admin.served)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(read_to_end(&mut stream).await, b"");
    let mut events = admin.manager.subscribe();
    admin.script.go_on();
    while events.recv().await.unwrap().kind != tower_plugin::EventKind::ReloadApplied {}
    assert_eq!(admin.plugin.generation(), 2);
}

#[tokio::test]
async fn serve_speaks_http_1_and_http_2() {
    let admin = Admin::open().await;
    let service = AdminService::builder(admin.manager.clone())
        .bearer_token(TOKEN)
        .build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(admin::serve(listener, service, async {
        _ = stopped.await;
    }));
    let request = || {
        let request = Request::get(format!("http://{addr}/plugins/list"));
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        request
            .header("host", addr.to_string())
            .body(Empty::<Bytes>::new())
            .unwrap()
    };
    let connect = || async { TokioIo::new(TcpStream::connect(addr).await.unwrap()) };
    let (mut one, connection) = hyper::client::conn::http1::handshake(connect().await)
        .await
        .unwrap();
    tokio::spawn(connection);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), connect().await);
    let (mut two, connection) = handshake.await.unwrap();
    let two_ended = tokio::spawn(connection);
    for response in [
        one.send_request(request()).await,
        two.send_request(request()).await,
    ] {
        assert_eq!(
            Reply::read(response.unwrap()).await.json()["total_count"],
            1
        );
    }
    drop(stop);
    timeout(LONG, served).await.unwrap().unwrap().unwrap();
    // It was told to go away, and not cut off.
    two_ended.await.unwrap().unwrap();
}
