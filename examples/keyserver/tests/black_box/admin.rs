use http::{Method, StatusCode, header::ETAG};
use serde_json::json;
use tempfile::NamedTempFile;

use crate::{process::Process, support::Http};

const RELOAD: &str = "/plugins/reload?plugin=zerotrust";

fn file(tokens: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), tokens).unwrap();
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

async fn post(admin: &Http, path: &str) -> StatusCode {
    let answer = admin.send(Method::POST, path, "", String::new()).await;
    answer.status
}

#[tokio::test]
async fn administration_for_other_machines_needs_a_token() {
    let open = ["--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0"];
    let output = Process::output(&open).await;
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("0.0.0.0:0") && said.contains("--admin-token-file"),
        "{said}"
    );

    let empty = Process::output(&[&open[..], &["--admin-token", ""]].concat()).await;
    assert!(!empty.status.success());
}

#[tokio::test]
async fn token_on_the_command_line_is_asked_for_and_never_said() {
    let server = Process::with(&["--admin-token", "hunter2"]).await;
    let refused = server.admin.get("/plugins/status").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let wrong = server.admin.with_token("hunter3");
    assert_eq!(
        wrong.get("/plugins/status").await.status,
        StatusCode::UNAUTHORIZED
    );
    let right = server.admin.with_token("hunter2");
    let status = right.get("/plugins/status").await.assert_ok();
    assert!(!format!("{status:?}{:?}", server.log()).contains("hunter2"));
}

#[tokio::test]
async fn token_in_the_environment_is_asked_for() {
    let variables = [("KEYSERVER_ADMIN_TOKEN", "hunter2")];
    let server = Process::with_variables(&[], &variables).await;
    let refused = server.admin.get("/plugins/status").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let right = server.admin.with_token("hunter2");
    right.get("/plugins/status").await.assert_ok();

    let file = file("hunter3");
    let variables = [("KEYSERVER_ADMIN_TOKEN_FILE", path(&file))];
    let server = Process::with_variables(&[], &variables).await;
    let right = server.admin.with_token("hunter3");
    right.get("/plugins/status").await.assert_ok();
}

#[tokio::test]
async fn change_is_told_by_the_name_of_the_token_in_the_file() {
    let file = file("# operators\nalice:hunter2\nbob:hunter3\nhunter4\n");
    let server = Process::with(&["--admin-token-file", path(&file)]).await;
    assert_eq!(post(&server.admin, RELOAD).await, StatusCode::UNAUTHORIZED);
    // A name is no token, and neither is the line.
    for wrong in ["alice", "alice:hunter2", "hunter5"] {
        let admin = server.admin.with_token(wrong);
        assert_eq!(
            post(&admin, RELOAD).await,
            StatusCode::UNAUTHORIZED,
            "{wrong}"
        );
    }
    let mut shown = String::new();
    for (token, burst, actor) in [
        ("hunter2", 7, "alice"),
        ("hunter3", 8, "bob"),
        ("hunter4", 9, "admin"),
    ] {
        let admin = server.admin.with_token(token);
        let config = json!({ "burst": burst }).to_string();
        let config_of = "/plugins/config?plugin=ratelimit-geo";
        let put = admin.send(Method::PUT, config_of, "application/json", config);
        put.await.assert_ok();
        let history = admin.get("/plugins/history?plugin=ratelimit-geo").await;
        assert_eq!(history.json()["versions"][0]["actor"], actor);
        let operations = admin.get("/plugins/operations").await;
        assert_eq!(operations.json()["operations"][0]["actor"], actor);
        shown.push_str(&format!("{history:?}{operations:?}"));
        server
            .says(&format!("change answered actor=\"{actor}\""), 1)
            .await;
    }
    shown.push_str(&server.log().concat());
    assert!(!shown.contains("hunter"), "{shown}");
}

#[tokio::test]
async fn file_without_a_token_is_an_error_that_names_it() {
    let free = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    for (tokens, why) in [
        ("", "holds no token"),
        ("# none yet\n\n", "holds no token"),
        ("alice:hunter2\nbob:hunter 3\n", "line 2"),
    ] {
        let file = file(tokens);
        let arguments = [&free[..], &["--admin-token-file", path(&file)]].concat();
        let output = Process::output(&arguments).await;
        assert!(!output.status.success() && output.stdout.is_empty());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(path(&file)) && said.contains(why), "{said}");
        assert!(!said.contains("hunter"), "{said}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn file_that_everybody_can_read_is_told_of() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    for (mode, times) in [(0o644, 1), (0o640, 0)] {
        let file = file("alice:hunter2\n");
        file.as_file()
            .set_permissions(Permissions::from_mode(mode))
            .unwrap();
        let mut server = Process::with(&["--admin-token-file", path(&file)]).await;
        server.signal("TERM").await;
        assert!(server.ended().await.success());
        server.says("stopped", 1).await;
        let log = server.log();
        let told = log.iter().filter(|line| line.contains("chmod o-r"));
        assert_eq!(told.count(), times, "{log:?}");
    }
}

#[tokio::test]
async fn token_that_is_none_is_refused_and_not_said() {
    let output = Process::output(&["--admin-token", "hunter 2"]).await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("--admin-token") && !said.contains("hunter"),
        "{said}"
    );
}

#[tokio::test]
async fn reload_is_for_the_version_that_was_read() {
    let server = Process::start().await;
    let read = server.config("ratelimit-geo").await;
    let etag = read.headers[ETAG].to_str().unwrap().to_owned();
    server.configure("ratelimit-geo", json!({"burst": 7})).await;
    let reload = async |etag: &str| {
        let admin = server.admin.if_match(etag);
        post(&admin, "/plugins/reload?plugin=ratelimit-geo").await
    };
    assert_eq!(reload(&etag).await, StatusCode::PRECONDITION_FAILED);
    let current = server.config("ratelimit-geo").await;
    let current = current.headers[ETAG].to_str().unwrap().to_owned();
    assert_eq!(reload(&current).await, StatusCode::OK);
}
