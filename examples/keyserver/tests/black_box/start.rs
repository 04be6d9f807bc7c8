use crate::process::Process;

#[tokio::test]
async fn both_addresses_answer_once_they_are_announced() {
    let server = Process::start().await;
    assert_eq!(server.http.stats().await.keys, 0);
    let status = server.admin.get("/plugins/status").await.assert_ok().json();
    let states = serde_json::json!({
        "ratelimit-geo": "active", "ratelimit-tarpit": "active", "zerotrust": "active"
    });
    assert_eq!(status["plugin_system"]["plugin_states"], states);
    assert_eq!(status["health_status"]["overall_status"], "healthy");
    assert_eq!(status["draining"]["timeout"], "1m0s");
    server.admin.get("/readyz").await.assert_ok();
}

#[tokio::test]
async fn plugins_start_with_their_documented_configs() {
    let server = Process::start().await;
    let configs = [
        (
            "ratelimit-geo",
            r#"{"burst":400,"networks":{"10.0.0.0/8":50},"requests_per_second":200}"#,
        ),
        ("ratelimit-tarpit", r#"{"delay_ms":2000}"#),
        ("zerotrust", r#"{"require_token":false,"tokens":"******"}"#),
    ];
    for (plugin, config) in configs {
        let shown = server.config(plugin).await.json();
        assert_eq!(shown["config"].to_string(), config);
        assert_eq!(
            server.plugin(plugin).await["version"],
            env!("CARGO_PKG_VERSION")
        );
    }
}

#[tokio::test]
async fn address_in_use_is_an_error_that_names_it() {
    let server = Process::start().await;
    for (taken, free) in [("--listen", "--admin"), ("--admin", "--listen")] {
        let address = server.address.to_string();
        let second = Process::output(&[taken, &address, free, "127.0.0.1:0"]).await;
        assert!(!second.status.success());
        let said = String::from_utf8_lossy(&second.stderr);
        assert!(
            said.contains(&format!("cannot listen on {address}")),
            "{said}"
        );
    }
}

#[tokio::test]
async fn plugin_directory_that_is_not_there_is_an_error_that_names_it() {
    let free = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let output = Process::output(&[&free[..], &["--plugin-dir", "/nowhere"]].concat()).await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("`/nowhere`"), "{said}");
}
