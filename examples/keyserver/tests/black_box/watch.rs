//! Configs that are edited by hand in the plugin directory.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::process::{PATIENCE, Process};

const GEO: &str = "ratelimit-geo";

fn config(requests_per_second: u32) -> Value {
    json!({"requests_per_second": requests_per_second, "burst": 9, "networks": {}})
}

fn edit(directory: &Path, text: &str) {
    std::fs::write(directory.join("ratelimit-geo.json"), text).unwrap();
}

async fn rate(server: &Process) -> Value {
    server.config(GEO).await.json()["config"]["requests_per_second"].clone()
}

/// Until so many plugins have started and edits were applied.
async fn done(server: &Process, times: usize) {
    server.says("done outcome=applied", times).await;
}

async fn with(directory: &TempDir, more: &[&str]) -> Process {
    let arguments = ["--plugin-dir", directory.path().to_str().unwrap()];
    Process::with(&[&arguments, more].concat()).await
}

#[tokio::test]
async fn edit_by_hand_reloads_its_plugin_and_no_other() {
    let directory = TempDir::new().unwrap();
    let server = with(&directory, &[]).await;
    edit(directory.path(), &config(7).to_string());
    done(&server, 4).await;
    assert_eq!(rate(&server).await, 7);
    assert_eq!(server.plugin(GEO).await["generation"], 2);
    assert_eq!(server.plugin("zerotrust").await["generation"], 1);
    let history = server
        .admin
        .get("/plugins/history?plugin=ratelimit-geo")
        .await;
    assert_eq!(history.assert_ok().json()["versions"][0]["actor"], "file");

    // What administration changes is written there, and not taken for an edit.
    server.configure(GEO, config(8)).await;
    let text = std::fs::read_to_string(directory.path().join("ratelimit-geo.json"));
    assert_eq!(
        serde_json::from_str::<Value>(&text.unwrap()).unwrap(),
        config(8)
    );
    assert_eq!(server.plugin(GEO).await["generation"], 3);
    let status = server.admin.get("/plugins/status").await.assert_ok().json();
    assert_eq!(status["store_watch"]["active"], true);
}

#[tokio::test]
async fn broken_edit_is_told_and_what_was_before_serves_on() {
    let directory = TempDir::new().unwrap();
    let server = with(&directory, &[]).await;
    edit(directory.path(), &config(7).to_string());
    done(&server, 4).await;
    for (number, (broken, told)) in [
        ("{\"requests_per_second\": 8,}", "line 1 column 27"),
        ("{\"requests_per_second\": 0}", "/requests_per_second"),
        ("{\"request_per_second\": 8}", "unknown field"),
    ]
    .into_iter()
    .enumerate()
    {
        edit(directory.path(), broken);
        server.says("WARN", number + 1).await;
        // The log is told first.
        let error = timeout(PATIENCE, async {
            loop {
                let error = server.plugin(GEO).await["last_error"].clone();
                if error["message"]
                    .as_str()
                    .is_some_and(|text| text.contains(told))
                {
                    return error;
                }
            }
        });
        let error = error.await.expect(told);
        assert_eq!(error["operation"], "refresh", "{error}");
        assert_eq!(rate(&server).await, 7);
        assert_eq!(server.plugin(GEO).await["generation"], 2);
        let health = server.admin.get("/plugins/health").await.assert_ok().json();
        assert_eq!(health["overall_status"], "degraded", "{health}");
        server.admin.get("/readyz").await.assert_ok();
    }
    edit(directory.path(), &config(9).to_string());
    done(&server, 5).await;
    assert_eq!(rate(&server).await, 9);
    assert_eq!(server.plugin(GEO).await["last_error"], Value::Null);
}

#[tokio::test]
async fn edit_that_is_not_taken_up_at_once_is_told() {
    let directory = TempDir::new().unwrap();
    let server = with(&directory, &[]).await;
    std::fs::write(directory.path().join("ratelimit_geo.json"), "{}").unwrap();
    let unknown = "of no registered plugin plugin=\"ratelimit_geo\"";
    server.says(unknown, 1).await;

    let trial = server.post("reload", "ratelimit-geo&canary=10").await;
    assert_eq!(trial.status, 202, "{}", trial.text);
    server.says("a generation is on trial", 1).await;
    edit(directory.path(), &config(7).to_string());
    server.says("changed during a trial", 1).await;
    assert_eq!(rate(&server).await, 200);
    server.post("abort", GEO).await.assert_ok();
    done(&server, 4).await;
    assert_eq!(rate(&server).await, 7);
}

#[tokio::test]
async fn edits_wait_for_a_reload_where_nothing_is_watched() {
    let directory = TempDir::new().unwrap();
    let server = with(&directory, &["--no-watch"]).await;
    edit(directory.path(), &config(7).to_string());
    let status = server.admin.get("/plugins/status").await.assert_ok().json();
    assert_eq!(status["store_watch"], Value::Null);
    assert_eq!(rate(&server).await, 200);
    server.reload(GEO).await.assert_ok();
    assert_eq!(rate(&server).await, 7);

    let nothing = Process::output(&["--no-watch"]).await;
    let said = String::from_utf8_lossy(&nothing.stderr);
    assert!(
        !nothing.status.success() && said.contains("--plugin-dir"),
        "{said}"
    );
}
