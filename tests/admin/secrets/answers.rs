use http::Method;
use serde_json::json;

use crate::admin::support::{Admin, CANARY, TOKEN};
use crate::scenario::Act;
use crate::scenario::log::Log;

const NEW: &str = "n3w-s3cr3t";

#[tokio::test]
async fn secrets_are_in_no_answer_event_or_log() {
    let log = Log::of_everything();
    let admin = Admin::guarded().await;
    let mut events = admin.manager.subscribe_after(0);
    let mut told = String::new();

    let config = "/plugins/config?plugin=p";
    let new = json!({"value": 2, "tokens": [NEW]}).to_string();
    let json = "application/json";
    let ask = |method: Method, target: &str| admin.ask(method, target).token(TOKEN);
    let put = |body: String| {
        ask(Method::PUT, config)
            .header("content-type", json)
            .body(body)
    };
    for (acts, request) in [
        (vec![], ask(Method::GET, config)),
        (
            vec![Act::Fail(CANARY)],
            ask(Method::POST, "/plugins/reload?plugin=p"),
        ),
        (vec![Act::Fail(NEW)], put(new.clone())),
        (vec![Act::Panic(NEW)], put(new.clone())),
        (vec![Act::Panic(NEW), Act::Fail(CANARY)], put(new.clone())),
        (vec![], put(new.clone())),
        (vec![], ask(Method::GET, config)),
        (vec![], put(json!({"tokens": NEW}).to_string())),
        (vec![], put(json!({"tokens": [NEW, 1]}).to_string())),
        (vec![], put(format!("{{\"tokens\": [\"{NEW}\""))),
        (vec![], put(format!("{{\"tokens\": [{NEW}]}}"))),
        (
            vec![Act::Fail(NEW)],
            ask(Method::POST, "/plugins/reload?plugin=p"),
        ),
        (vec![], ask(Method::GET, "/plugins/status")),
        (vec![], ask(Method::GET, "/plugins/list")),
        (vec![], ask(Method::GET, "/plugins/health")),
        (vec![], ask(Method::POST, "/plugins/disable?plugin=p")),
        (vec![], ask(Method::GET, "/readyz")),
        (vec![], ask(Method::GET, "/none")),
    ] {
        admin.script.next_starts(acts);
        told += &request.send().await.text;
        told += "\n";
        told += &admin.get("/plugins/list").token(TOKEN).send().await.text;
    }
    assert!(told.contains("******") && told.contains("rolled_back"));
    admin.manager.unload("p").await.unwrap();
    loop {
        let event = events.recv().await.unwrap();
        told += &json!(event).to_string();
        if event.kind == tower_plugin::EventKind::Removed {
            break;
        }
    }
    let logged = log.text();
    assert!(
        logged.contains("/plugins/reload"),
        "the log is being looked at"
    );
    for (name, text) in [("answers and events", &told), ("log", &logged)] {
        for secret in [CANARY, NEW] {
            let found = text.find(secret).map(|at| {
                let (from, to) = (at.saturating_sub(200), (at + 20).min(text.len()));
                &text[from..to]
            });
            assert_eq!(found, None, "in {name}");
        }
        assert!(!text.contains(TOKEN), "the token is in {name}");
    }
}
