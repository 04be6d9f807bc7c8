//! Who changed what: in the history, in operations, in events and in the log.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_plugin::admin::{Actor, AdminService, AdminServiceBuilder};
use tower_plugin::{EventKind, PluginManager, ReloadStrategy};

use super::support::{Admin, READ_TOKEN, TOKEN};
use crate::scenario::Act;
use crate::scenario::log::Log;

const OF_ALICE: &str = "t0k3n-of-alice";
const OF_BOB: &str = "t0k3n-of-bob";

async fn named() -> Admin {
    let build = |builder: AdminServiceBuilder| {
        let builder = builder.named_token("alice", OF_ALICE);
        let builder = builder.named_token("bob", OF_BOB).bearer_token(TOKEN);
        builder.read_only_token(READ_TOKEN).build()
    };
    let replace = |plugin: tower_plugin::Registration<_>| plugin.strategy(ReloadStrategy::Replace);
    Admin::with_all(build, replace, |server| server).await
}

/// The last operation, as `/plugins/operations` shows it.
async fn last(admin: &Admin) -> Value {
    let shown = admin.get("/plugins/operations").token(TOKEN).ok().await;
    shown["operations"][0].clone()
}

#[tokio::test]
async fn history_operations_events_and_log_say_whose_token_was_sent() {
    let log = Log::of_everything();
    let admin = named().await;
    let mut events = admin.manager.subscribe();
    let put = |value: u32, token: &str| {
        let config = json!({ "value": value }).to_string();
        admin.put(config).token(token)
    };
    put(2, OF_ALICE).ok().await;
    put(3, OF_BOB).ok().await;
    put(4, TOKEN).ok().await;
    let rollback = admin.post("/plugins/rollback?plugin=p&version=2");
    rollback.token(OF_ALICE).ok().await;

    let history = admin.get("/plugins/history?plugin=p").token(READ_TOKEN);
    let history = history.ok().await;
    let versions = history["versions"].as_array().unwrap();
    let actors: Vec<_> = versions.iter().map(|version| &version["actor"]).collect();
    assert_eq!(
        actors,
        [
            &json!("alice"),
            &json!("admin"),
            &json!("bob"),
            &json!("alice"),
            &json!(null)
        ]
    );
    let operation = last(&admin).await;
    assert_eq!(
        (&operation["operation"], &operation["actor"]),
        (&json!("rollback"), &json!("alice"))
    );
    let event = events.recv().await.unwrap();
    assert_eq!(event.actor.as_deref(), Some("alice"), "{event:?}");

    let shown = format!("{history}{operation}{event:?}{}", log.text());
    for token in [OF_ALICE, OF_BOB, TOKEN, READ_TOKEN] {
        assert!(!shown.contains(token), "{token}");
    }
}

#[tokio::test]
async fn every_change_is_shown_with_its_actor() {
    let admin = named().await;
    for (method, path) in AdminService::endpoints().filter(|(method, _)| !method.is_safe()) {
        if matches!(path, "/plugins/promote" | "/plugins/abort") {
            admin.manager.enable("p").await.unwrap();
            let canary = admin.post("/plugins/reload?plugin=p&canary=10");
            let begun = canary.token(OF_BOB).send().await;
            assert_eq!(begun.status, 202, "{}", begun.text);
            let decided = admin.post(&format!("{path}?plugin=p")).token(OF_ALICE);
            decided.ok().await;
            let operation = last(&admin).await;
            assert_eq!(
                (&operation["actor"], &operation["decided_by"]),
                (&json!("bob"), &json!("alice")),
                "{path}"
            );
            continue;
        }
        let version = match path {
            "/plugins/rollback" => "&version=1",
            _ => "",
        };
        let target = format!("{path}?plugin=p{version}");
        let (media_type, body) = match method {
            Method::PUT => ("application/json", r#"{"value": 7}"#),
            Method::PATCH => ("application/merge-patch+json", r#"{"value": 8}"#),
            _ => ("text/plain", ""),
        };
        let ask = admin.ask(method.clone(), &target).token(OF_ALICE);
        ask.header("content-type", media_type).body(body).ok().await;
        let operation = last(&admin).await;
        assert_eq!(operation["actor"], "alice", "{method} {path}");
        assert_eq!(operation["decided_by"], json!(null), "{method} {path}");
    }
    // Each of several.
    admin.manager.enable("p").await.unwrap();
    let cascade = admin.post("/plugins/reload?plugin=p&cascade=true");
    cascade.token(OF_BOB).ok().await;
    assert_eq!(last(&admin).await["actor"], "bob");
}

#[tokio::test]
async fn trial_that_was_aborted_says_by_whom() {
    let admin = named().await;
    for (path, told) in [
        ("abort", "it was aborted by alice"),
        ("disable", "it was ended by disable, asked for by alice"),
    ] {
        let canary = admin.post("/plugins/reload?plugin=p&canary=10");
        let begun = canary.token(OF_BOB).send().await;
        let at = begun.header("location").unwrap();
        let ended = admin.post(&format!("/plugins/{path}?plugin=p"));
        ended.token(OF_ALICE).ok().await;
        let operation = admin.get(at).token(TOKEN).ok().await;
        let message = operation["result"]["message"].as_str().unwrap();
        assert!(message.contains(told), "{message}");
        assert_eq!(operation["decided_by"], "alice");
    }
}

#[tokio::test]
async fn change_without_a_token_is_by_admin_where_none_is_needed() {
    let admin = Admin::open().await;
    admin.put(r#"{"value": 2}"#).ok().await;
    let history = admin.get("/plugins/history?plugin=p").ok().await;
    assert_eq!(history["versions"][0]["actor"], "admin");
}

/// The actor of a reload, where the program has put `actor` into the request.
async fn actor_of_reload(manager: &PluginManager, actor: Option<&str>) -> Value {
    let admin = AdminService::builder(manager.clone());
    let admin = admin.named_token("proxy", TOKEN).build();
    let mut request = Request::post("http://localhost/plugins/reload?plugin=p")
        .header("authorization", format!("Bearer {TOKEN}"))
        // What a client says of itself counts for nothing.
        .header("x-forwarded-user", "mallory")
        .header("x-actor", "mallory")
        .body(Full::<Bytes>::default())
        .unwrap();
    if let Some(actor) = actor {
        request.extensions_mut().insert(Actor::new(actor));
    }
    let response = admin.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap();
    json!(manager.operations()[0].actor)
}

#[tokio::test]
async fn name_that_the_program_gives_counts_before_that_of_the_token() {
    let admin = Admin::open().await;
    let manager = &admin.manager;
    assert_eq!(actor_of_reload(manager, Some("carol")).await, "carol");
    assert_eq!(actor_of_reload(manager, Some("")).await, "proxy");
    assert_eq!(actor_of_reload(manager, None).await, "proxy");
}

#[tokio::test]
async fn name_from_the_program_lets_nobody_in() {
    let admin = Admin::open().await;
    let service = AdminService::builder(admin.manager.clone());
    let service = service.bearer_token(TOKEN).build();
    let request = Request::post("http://localhost/plugins/reload?plugin=p");
    let request = request.extension(Actor::new("carol"));
    let request = request.body(Full::<Bytes>::default()).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 401);
    assert_eq!(admin.plugin.generation(), 1);
}

#[tokio::test]
async fn log_says_who_asked_for_a_change_and_what_the_answer_was() {
    let log = Log::of_everything();
    let build = |builder: AdminServiceBuilder| {
        let builder = builder.named_token("erin of the log", OF_ALICE);
        builder.read_only_token(READ_TOKEN).build()
    };
    let admin = Admin::with(build).await;
    let reload = admin.post("/plugins/reload?plugin=p");
    reload.token(OF_ALICE).ok().await;
    let put = admin.put("[]").token(OF_ALICE);
    put.refused(422, "config_rejected").await;
    let no_reader = admin.post("/plugins/disable?plugin=p").token(READ_TOKEN);
    no_reader.refused(403, "forbidden").await;
    let text = log.text();
    let says = |parts: &[&str]| {
        let mut lines = text.lines();
        lines.any(|line| parts.iter().all(|part| line.contains(part)))
    };
    let who = "actor=\"erin of the log\"";
    for parts in [
        &[
            "INFO",
            "change answered",
            who,
            "POST",
            "/plugins/reload",
            "plugin=\"p\"",
            "status=200",
        ][..],
        &[
            "WARN",
            "change answered",
            who,
            "PUT",
            "/plugins/config",
            "status=422",
            "code=\"config_rejected\"",
        ],
        // What the operation itself logs has the name, too.
        &["INFO", "done", who, "operation=reload", "outcome=applied"],
        &["WARN", "only for reading", "/plugins/disable"],
    ] {
        assert!(says(parts), "{parts:?} is in no line of\n{text}");
    }
}

#[tokio::test]
async fn log_says_that_nobody_waited_for_the_answer() {
    let log = Log::of_everything();
    let admin = Admin::open().await;
    let service = AdminService::builder(admin.manager.clone());
    let service = service.named_token("frank who left", TOKEN).build();
    let request = Request::post("http://localhost/plugins/reload?plugin=p")
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Full::<Bytes>::default())
        .unwrap();
    admin.script.next_starts([Act::Wait]);
    let mut events = admin.manager.subscribe();
    let answer = tokio::spawn(service.oneshot(request));
    admin.script.waiting().await;
    answer.abort();
    assert!(answer.await.unwrap_err().is_cancelled());
    let text = log.text();
    let mut lines = text.lines();
    let is_told = lines
        .any(|line| line.contains("change left unanswered") && line.contains("frank who left"));
    assert!(is_told, "{text}");
    // It goes on to its end.
    admin.script.go_on();
    while events.recv().await.unwrap().kind != EventKind::ReloadApplied {}
    assert_eq!(admin.plugin.generation(), 2);
}
