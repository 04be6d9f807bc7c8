use std::{net::SocketAddr, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{support::Http, testing};

const PATIENCE: Duration = Duration::from_secs(60);

/// The key server as a process of its own, on free ports, killed with this value.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    pub(crate) http: Http,
    child: Child,
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) async fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_keyserver"))
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, stdout.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let address = line
            .strip_prefix("listening on http://")
            .expect(&line)
            .parse()
            .unwrap();
        Self {
            address,
            http: Http::new(address),
            child,
            _stdout: stdout,
        }
    }
}

#[tokio::test]
async fn bound_address_is_printed_and_sigterm_ends_in_order() {
    let mut server = Process::start().await;
    let key = testing::public(1, &["Alice"]);
    server.http.add(&testing::armored(&key)).await.assert_ok();
    assert_eq!(server.http.stats().await.keys, 1);

    let pid = server.child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .unwrap()
            .success()
    );
    let status = timeout(PATIENCE, server.child.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn address_in_use_is_an_error_that_names_it() {
    let server = Process::start().await;
    let address = server.address.to_string();
    let second = Command::new(env!("CARGO_BIN_EXE_keyserver"))
        .args(["--listen", &address, "--admin", "127.0.0.1:0"])
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, second).await.unwrap().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains(&format!("cannot listen on {address}")),
        "{said}"
    );
}
