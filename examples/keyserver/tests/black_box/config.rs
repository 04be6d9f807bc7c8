use http::{StatusCode, header::ETAG};
use serde_json::json;
use tempfile::TempDir;

use crate::{process::Process, testing};

const TARPIT: &str = "ratelimit-tarpit";

#[tokio::test]
async fn refused_config_changes_nothing() {
    let server = Process::start().await;
    server.configure(TARPIT, json!({"delay_ms": 1})).await;
    let refused = [
        (
            "ratelimit-geo",
            json!({"requests_per_second": 0}),
            "/requests_per_second",
            "greater than or equal to 1",
        ),
        ("ratelimit-geo", json!({"burst": -1}), "/burst", "greater"),
        (
            "ratelimit-geo",
            json!({"burst": "many"}),
            "/burst",
            "an integer",
        ),
        (
            "ratelimit-geo",
            json!({"burst": 4.5}),
            "/burst",
            "must be an integer",
        ),
        (
            "ratelimit-geo",
            json!({"burst": 5_000_000_000_u64}),
            "/burst",
            "less than or equal to 4294967295",
        ),
        (
            "ratelimit-geo",
            json!({"networks": {"10.0.0.0/8": 5_000_000_000_u64}}),
            "/networks/10.0.0.0~18",
            "less than or equal to 4294967295",
        ),
        (TARPIT, json!({"delay_ms": 1e30}), "/delay_ms", "less than"),
        (
            "ratelimit-geo",
            json!({"networks": {"10.0.0.0/8": 0}}),
            "/networks/10.0.0.0~18",
            "greater than or equal to 1",
        ),
        (
            "ratelimit-geo",
            json!({"networks": {"10.0.0.1/8": 5}}),
            "/networks",
            "10.0.0.0/8",
        ),
        (
            "ratelimit-geo",
            json!({"networks": {"example": 5}}),
            "/networks",
            "no network",
        ),
        (
            "ratelimit-geo",
            json!({"request_per_second": 5}),
            "/request_per_second",
            "unknown field",
        ),
        (
            "zerotrust",
            json!({"require_token": "yes"}),
            "/require_token",
            "boolean",
        ),
        (
            "zerotrust",
            json!({"tokens": [""]}),
            "/tokens/0",
            "must match",
        ),
        (TARPIT, json!({}), "/delay_ms", "must be set"),
        (TARPIT, json!({"delay_ms": 1.5}), "/delay_ms", "an integer"),
        (
            TARPIT,
            json!({"delay_ms": 1, "page": "/etc/passwd"}),
            "/page",
            "must match",
        ),
        (TARPIT, json!([1]), "", "object"),
    ];
    for (plugin, config, pointer, reason) in refused {
        let before = (server.plugin(plugin).await, server.config(plugin).await);
        let answer = server.try_configure(plugin, config.clone()).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{config}: {answer:?}"
        );
        let problem = answer.json();
        assert_eq!(problem["code"], "config_rejected", "{config}");
        let pointed = problem["pointer"].as_str().unwrap();
        assert!(pointed.starts_with(pointer), "{config}: {problem}");
        let message = problem["message"].as_str().unwrap();
        assert!(message.contains(reason), "{config}: {problem}");

        let after = (server.plugin(plugin).await, server.config(plugin).await);
        assert_eq!(before.0["generation"], after.0["generation"], "{config}");
        assert_eq!(before.0["since"], after.0["since"], "{config}");
        assert_eq!(before.1.headers[ETAG], after.1.headers[ETAG], "{config}");
        assert_eq!(
            before.1.json()["config"],
            after.1.json()["config"],
            "{config}"
        );
    }
    assert_eq!(server.http.get("/.env").await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.http.stats().await.keys, 0);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_config_is_told_at_once() {
    let server = Process::start().await;
    let config = json!({"requests_per_second": 0, "burst": "many", "netwroks": {}});
    let answer = server.try_configure("ratelimit-geo", config).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problem = answer.json();
    assert_eq!(
        problem["violations"],
        json!([
            {"pointer": "/burst", "message": "must be an integer"},
            {"pointer": "/netwroks", "message": "must not be set: unknown field"},
            {
                "pointer": "/requests_per_second",
                "message": "must be greater than or equal to 1"
            },
        ])
    );
    assert_eq!(problem["pointer"], "/burst");
}

#[tokio::test]
async fn schema_says_what_a_config_is_and_what_is_left_out_has_its_default() {
    let server = Process::start().await;
    let answer = server
        .admin
        .get("/plugins/schema?plugin=ratelimit-geo")
        .await;
    let schema = answer.assert_ok().json()["schema"].clone();
    assert_eq!(schema["additionalProperties"], false);
    let rate = &schema["properties"]["requests_per_second"];
    assert_eq!(
        (&rate["minimum"], &rate["maximum"], &rate["default"]),
        (&json!(1), &json!(u32::MAX), &json!(200))
    );
    let description = rate["description"].as_str().unwrap();
    assert!(
        description.contains("requests a client network may make"),
        "{schema}"
    );
    let answer = server.admin.get("/plugins/schema?plugin=zerotrust").await;
    let schema = answer.assert_ok().json()["schema"].clone();
    assert_eq!(schema["properties"]["tokens"]["writeOnly"], true);
    let text = schema.to_string();
    assert!(!text.contains("```"), "Rust is not for operators: {text}");

    // To JSON Schema, that is an integer.
    server
        .configure("ratelimit-geo", json!({"burst": 4.0}))
        .await;
    let shown = server.config("ratelimit-geo").await.text;
    assert!(shown.contains(r#""effective":{"burst":4,"#), "{shown}");

    server.configure("ratelimit-geo", json!({"burst": 9})).await;
    let shown = server.config("ratelimit-geo").await.json();
    assert_eq!(shown["config"], json!({"burst": 9}));
    assert_eq!(
        shown["effective"],
        json!({"burst": 9, "requests_per_second": 200, "networks": {}})
    );
}

#[tokio::test]
async fn start_that_fails_brings_the_last_good_config_back() {
    let server = Process::start().await;
    server.configure(TARPIT, json!({"delay_ms": 1})).await;
    let config = json!({"delay_ms": 1, "page": "none.html"});
    let answer = server.try_configure(TARPIT, config).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let problem = answer.json();
    assert_eq!(problem["code"], "reload_failed");
    assert_eq!(problem["outcome"], "rolled_back");
    assert_eq!(problem["state"], "active");
    assert!(
        problem["message"]
            .as_str()
            .unwrap()
            .contains("--plugin-dir"),
        "{problem}"
    );

    let shown = server.config(TARPIT).await.json();
    assert_eq!(shown["config"], json!({"delay_ms": 1}));
    assert_eq!(server.http.get("/.env").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn page_is_shown_and_missed_when_it_is_gone() {
    let pages = TempDir::new().unwrap();
    let page = pages.path().join("lost.html");
    std::fs::write(&page, "<p>lost</p>").unwrap();
    let directory = pages.path().to_str().unwrap();
    let server = Process::with(&["--plugin-dir", directory]).await;
    let config = json!({"delay_ms": 1, "page": "lost.html"});
    server.configure(TARPIT, config).await;
    let answer = server.http.get("/wp-admin").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(
        (&*answer.content_type, &*answer.text),
        ("text/html; charset=utf-8", "<p>lost</p>")
    );

    std::fs::remove_file(&page).unwrap();
    let answer = server.reload(TARPIT).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.json()["outcome"], "failed");
    let answer = server.http.get("/.env").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["state"], "failed");
    assert_eq!(
        server.http.stats().await.keys,
        0,
        "no other plugin is concerned"
    );
    server.admin.get("/readyz").await.assert_ok();

    std::fs::write(&page, "<p>found</p>").unwrap();
    server.post("enable", TARPIT).await.assert_ok();
    assert_eq!(server.http.get("/.env").await.text, "<p>found</p>");
}

#[tokio::test]
async fn config_survives_a_restart_in_the_plugin_directory() {
    let directory = TempDir::new().unwrap();
    let arguments = ["--plugin-dir", directory.path().to_str().unwrap()];
    let config = json!({"requests_per_second": 7, "burst": 9, "networks": {"::/0": 3}});
    let mut server = Process::with(&arguments).await;
    server.configure("ratelimit-geo", config.clone()).await;
    server.signal("TERM").await;
    assert!(server.ended().await.success());
    let server = Process::with(&arguments).await;
    assert_eq!(
        server.config("ratelimit-geo").await.json()["config"],
        config
    );
}

#[tokio::test]
async fn tokens_are_shown_nowhere_and_kept_when_the_mask_is_sent_back() {
    let directory = TempDir::new().unwrap();
    let arguments = ["--plugin-dir", directory.path().to_str().unwrap()];
    let server = Process::with(&arguments).await;
    let canary = "c4n4ry-7b31";
    let config = json!({"require_token": true, "tokens": [canary]});
    let mut shown = vec![server.try_configure("zerotrust", config).await];
    shown.push(server.config("zerotrust").await);
    assert_eq!(shown[1].json()["config"]["tokens"], "******");
    for broken in [
        json!({"require_token": canary, "tokens": [canary]}),
        json!({"tokens": canary}),
        json!({"tokens": {"x": canary}}),
        json!({canary: true, "tokens": [canary]}),
    ] {
        let answer = server.try_configure("zerotrust", broken).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        shown.push(answer);
    }
    let masked = shown[1].json()["config"].clone();
    shown.push(server.try_configure("zerotrust", masked).await.assert_ok());
    shown.push(server.reload("zerotrust").await.assert_ok());
    for path in ["status", "list", "health", "schema?plugin=zerotrust"] {
        shown.push(server.admin.get(&format!("/plugins/{path}")).await);
    }

    let key = testing::armored(&testing::public(1, &["Alice"]));
    shown.push(server.http.add(&key).await);
    let with_token = server.http.with_token("c4n4ry-7b31");
    shown.push(with_token.add(&key).await.assert_ok());
    for answer in &shown {
        assert!(!format!("{answer:?}").contains(canary), "{answer:?}");
    }
    assert!(
        !server.log().concat().contains(canary),
        "{:#?}",
        server.log()
    );
}
