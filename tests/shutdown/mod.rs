//! Ending a server in order: steps, deadline, force.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tower_plugin::shutdown::{ForcedError, Shutdown, ShutdownHandle};
use tower_plugin::{PluginHandle, PluginLayer, PluginManager, PluginState};

use crate::scenario::{Act, Instance, Script, Scripted};

const DEADLINE: Duration = Duration::from_secs(10);

async fn plugin() -> (PluginManager, PluginHandle<Instance>) {
    let manager = PluginManager::new();
    let plugin = manager.register("p", Scripted(Script::new()));
    let plugin = plugin.required().await.unwrap();
    (manager, plugin)
}

fn shutdown(manager: &PluginManager) -> ShutdownHandle {
    let shutdown = Shutdown::new(manager.clone()).deadline(DEADLINE);
    shutdown
        .readiness_delay(Duration::from_secs(3))
        .on(std::future::pending())
}

#[tokio::test(start_paused = true)]
async fn readiness_fails_first_then_plugins_are_drained_then_servers_end() {
    let (manager, plugin) = plugin().await;
    let shutdown = shutdown(&manager);
    let lease = plugin.enter().unwrap();
    let began = Instant::now();
    shutdown.trigger();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!manager.is_ready());
    drop(plugin.enter().unwrap());

    shutdown.stopping().await;
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(plugin.enter().unwrap_err().state(), PluginState::Unloading);
    let drained = tokio::spawn(shutdown.drained());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!drained.is_finished(), "somebody is inside");
    drop(lease);
    drained.await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    let report = shutdown.finished().await.unwrap();
    assert!(report.is_clean());
    assert_eq!(shutdown.bound(async { "server" }).await, Ok("server"));
}

#[tokio::test(start_paused = true)]
async fn nothing_takes_longer_than_the_deadline() {
    let (manager, plugin) = plugin().await;
    let shutdown = shutdown(&manager);
    let lease = plugin.enter().unwrap();
    let worker = tokio::spawn(async move { lease.cancelled().await });
    let began = Instant::now();
    shutdown.trigger();
    worker.await.unwrap();
    assert_eq!(
        began.elapsed(),
        Duration::from_secs(9),
        "with time to say so"
    );
    let server = shutdown.bound(std::future::pending::<()>());
    assert_eq!(server.await, Err(ForcedError::DeadlinePassed));
    assert_eq!(began.elapsed(), DEADLINE);
    let report = shutdown.finished().await.unwrap();
    assert_eq!(report.plugins[0].drain.cancelled, 1);
}

#[tokio::test(start_paused = true)]
async fn hook_that_hangs_does_not_hold_up_the_end() {
    let manager = PluginManager::new();
    let script = Script::new();
    script.next_stops([Act::Hang]);
    let plugin = manager.register("p", Scripted(script));
    plugin
        .stop_timeout(Duration::from_secs(3600))
        .await
        .unwrap();
    let shutdown = shutdown(&manager);
    let began = Instant::now();
    shutdown.trigger();
    shutdown.drained().await;
    assert_eq!(began.elapsed(), DEADLINE);
    let error = shutdown.finished().await.unwrap_err();
    assert_eq!(error, ForcedError::DeadlinePassed);
}

#[tokio::test(start_paused = true)]
async fn second_signal_forces_at_any_step() {
    for after in [0, 1, 5] {
        let (manager, plugin) = plugin().await;
        let shutdown = shutdown(&manager);
        let lease = plugin.enter().unwrap();
        let worker = tokio::spawn(async move { lease.cancelled().await });
        let began = Instant::now();
        shutdown.trigger();
        tokio::time::sleep(Duration::from_secs(after)).await;
        shutdown.trigger();
        let server = shutdown.bound(std::future::pending::<()>());
        assert_eq!(server.await, Err(ForcedError::ToldTwice));
        worker.await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(after));
    }
}

#[tokio::test(start_paused = true)]
async fn server_that_ends_because_it_was_forced_has_not_ended_in_order() {
    let (manager, plugin) = plugin().await;
    let shutdown = shutdown(&manager);
    let lease = plugin.enter().unwrap();
    shutdown.trigger();
    shutdown.stopping().await;
    shutdown.trigger();
    let server = shutdown.bound(shutdown.drained());
    assert_eq!(server.await, Err(ForcedError::ToldTwice));
    lease.cancelled().await;
    drop(lease);
    let why = shutdown.finished().await.unwrap_err();
    assert_eq!(why, ForcedError::ToldTwice);
}

async fn ask(stream: &mut TcpStream) -> String {
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn axum_server_answers_who_is_inside_and_ends_though_a_client_says_nothing() {
    let (manager, plugin) = plugin().await;
    let (entered, mut inside) = tokio::sync::mpsc::channel::<()>(1);
    let (go_on, wait) = tokio::sync::watch::channel(false);
    let answer = get(move || {
        let (entered, mut wait) = (entered.clone(), wait.clone());
        async move {
            let _ = entered.send(()).await;
            let _ = wait.wait_for(|go_on| *go_on).await;
            Ok::<_, Infallible>("answered")
        }
    });
    let app = Router::new()
        .route("/", answer)
        .layer(PluginLayer::new(&plugin));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let shutdown = Shutdown::new(manager).deadline(Duration::from_secs(2));
    let shutdown = shutdown.on(std::future::pending());
    let server = axum::serve(listener, app).with_graceful_shutdown(shutdown.stopping());
    let serving = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { shutdown.bound(server).await }
    });

    let mut slow = TcpStream::connect(addr).await.unwrap();
    slow.write_all(b"GET / HT").await.unwrap();
    let mut client = TcpStream::connect(addr).await.unwrap();
    let asked = tokio::spawn(async move { ask(&mut client).await });
    inside.recv().await.unwrap();
    let began = std::time::Instant::now();
    shutdown.trigger();
    shutdown.stopping().await;
    go_on.send_replace(true);
    let answer = asked.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(shutdown.finished().await.unwrap().is_clean());
    // Whether axum closes a connection on which half a head came is its affair.
    let _ = serving.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens");
}
