//! The program itself.
#![cfg(unix)]

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tonic::transport::Endpoint;
use tonic_health::pb::health_client::HealthClient;

use super::support::{about, within};

#[tokio::test]
async fn program_says_where_it_listens_and_ends_well_on_ctrl_c() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_example-tonic"))
        .args(["127.0.0.1:0", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let line = within(lines.next_line()).await.unwrap().unwrap();
    let addr = line.strip_prefix("listening on ").unwrap().to_owned();
    let endpoint = Endpoint::from_shared(addr).unwrap();
    let mut client = HealthClient::new(within(endpoint.connect()).await.unwrap());
    within(client.check(about(""))).await.unwrap();
    let line = within(lines.next_line()).await.unwrap().unwrap();
    let admin = line.strip_prefix("admin on http://").unwrap();
    assert!(
        within(get(admin, "/livez"))
            .await
            .starts_with("HTTP/1.1 200 OK")
    );

    let pid = program.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().await;
    assert!(sent.unwrap().success());
    assert!(within(program.wait()).await.unwrap().success());
}

async fn get(addr: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
