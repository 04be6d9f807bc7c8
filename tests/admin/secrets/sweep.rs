//! Whatever is asked in whichever way, by the table of routes: nothing of a secret is answered.

use http::Method;
use serde_json::{Value, json};
use tower_plugin::admin::{AdminService, AdminServiceBuilder};
use tower_plugin::{
    EventStream, MemoryStore, PluginManager, Put, ReloadStrategy, StoredConfig, StoredVersion,
};

use super::vault::{End, Vault};
use crate::admin::support::Admin;
use crate::scenario::log::Log;

/// Part of every secret here.
const SECRET: &str = "c4n4ry";

/// What is asked of each endpoint: for each of them, one of these must be right.
const QUERIES: [&str; 6] = [
    "?plugin=q",
    "?plugin=q&dry_run=start",
    "?plugin=q&version=1",
    "?plugin=q&version=1&dry_run=start",
    "?plugin=q&from=1&to=2",
    "",
];

const ENDS: [Option<End>; 6] = [
    None,
    Some(End::Quoting),
    Some(End::QuotingInItsSource),
    Some(End::QuotingInItsDebug),
    Some(End::Panicking),
    Some(End::Unhealthy),
];

fn config(which: u32) -> Value {
    json!({
        "token": format!("c4n4ry \"{which}\"\n"), "rate": which,
        "peers": [{"host": "a", "key": format!("c4n4ry-{which}\\x")}]
    })
}

/// What is sent as a config: good ones, and ones with secrets in the wrong place.
fn bodies(which: u32) -> Vec<String> {
    let good = config(which);
    let broken = |pointer: &str, value: Value| {
        let mut broken = good.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        broken.to_string()
    };
    vec![
        good.to_string(),
        broken("/token", json!(["c4n4ry"])),
        broken("/rate", good["token"].clone()),
        broken("/peers/0/key", json!({"c4n4ry": 1})),
        broken("/peers/0", json!("c4n4ry")),
        broken("/peers", json!({"c4n4ry": "c4n4ry"})),
        json!({"token": "c4n4ry-x", "c4n4ry-x": 1}).to_string(),
        "{\"token\": {\"c4n4ry\": 1, \"c4n4ry\": 2}}".to_owned(),
        format!("{{\"token\": \"c4n4ry"),
        format!("{{\"token\": c4n4ry}}"),
    ]
}

/// What is told, and who told it.
#[derive(Default)]
struct Told(Vec<(String, String)>);

impl Told {
    fn hear(&mut self, whom: impl Into<String>, text: impl Into<String>) {
        self.0.push((whom.into(), text.into()));
    }

    fn assert_no_secret(&self) {
        for (whom, text) in &self.0 {
            let found = text.find(SECRET).map(|at| {
                let (before, from) = text.split_at(at);
                let before: String = before.chars().rev().take(300).collect();
                let before: String = before.chars().rev().collect();
                before + &from.chars().take(30).collect::<String>()
            });
            assert_eq!(found, None, "told by {whom}");
        }
    }

    fn heard(&self, what: &str) -> bool {
        self.0.iter().any(|(_, text)| text.contains(what))
    }
}

async fn vault(admin: &Admin) -> Vault {
    let vault = Vault::default();
    let registration = admin.manager.register("q", vault.clone());
    let registration = registration.config(config(0));
    registration
        .strategy(ReloadStrategy::Replace)
        .await
        .unwrap();
    admin.manager.update_config("q", config(1)).await.unwrap();
    vault
}

/// Every event so far.
async fn events(manager: &PluginManager, mut stream: EventStream) -> Vec<String> {
    let last = manager.reload("none").await.unwrap_err().to_string();
    manager.register("last", Vault::default()).await.unwrap();
    let mut events = vec![last];
    loop {
        let event = stream.recv().await.unwrap();
        events.push(format!("{event:?} {}", json!(event)));
        if event.plugin == "last" {
            return events;
        }
    }
}

#[tokio::test]
async fn no_endpoint_tells_a_secret_whatever_becomes_of_what_was_asked() {
    let log = Log::of_everything();
    let build = |builder: AdminServiceBuilder| builder.insecure_loopback().build();
    let admin = Admin::with(build).await;
    let stream = admin.manager.subscribe_after(0);
    let (vault, mut told, mut which) = (vault(&admin).await, Told::default(), 0);
    for (method, path) in AdminService::endpoints() {
        let mut is_reached = false;
        for query in QUERIES {
            for end in ENDS {
                which += 1;
                let changes = matches!(method, Method::PUT | Method::PATCH);
                let bodies = if changes {
                    bodies(which)
                } else {
                    vec![String::new()]
                };
                for body in bodies {
                    let last = admin.manager.operations().first().map(|last| last.id);
                    let id = last.map_or_else(String::new, |id| id.to_string());
                    let target = format!("{}{query}", path.replace("{id}", &id));
                    let media_type = match method {
                        Method::PATCH => "application/merge-patch+json",
                        _ => "application/json",
                    };
                    // With what the one before serves on with, too.
                    vault.next(end.into_iter().chain(end));
                    let ask = admin.ask(method.clone(), &target);
                    let ask = ask.header("content-type", media_type).body(body.clone());
                    let ask = match which % 2 {
                        0 => ask.header("accept", "application/problem+json"),
                        _ => ask,
                    };
                    let told_by = format!("{method} {target} with {body} ({end:?})");
                    let answer = ask.glance().await;
                    // Nothing here is ever on trial.
                    is_reached |= answer.contains("status: 2") || answer.contains("not_on_trial");
                    told.hear(told_by, answer);
                    vault.forget();
                }
            }
        }
        assert!(is_reached, "{method} {path} needs another query");
        // So that there is something to tell of with the next.
        let _ = admin.manager.enable("q").await;
    }
    for info in admin.manager.operations() {
        told.hear("an operation", format!("{info:?} {}", json!(info)));
    }
    for event in events(&admin.manager, stream).await {
        told.hear("an event", event);
    }
    assert!(told.heard("rolled_back") && told.heard("config_rejected"));
    assert!(told.heard("******") && told.heard("no door for"));
    told.assert_no_secret();

    let logged = log.text();
    assert!(logged.contains("a vault is open"), "the log is looked at");
    told.hear("the log", logged);
    told.assert_no_secret();
}

#[tokio::test]
async fn no_debug_text_tells_a_secret() {
    let admin = Admin::open().await;
    let (manager, vault) = (&admin.manager, vault(&admin).await);
    let mut told = Told::default();
    let update = || manager.update_config("q", config(2));
    told.hear("an operation to be", format!("{:?}", update()));
    told.hear(
        "a patch to be",
        format!("{:?}", manager.patch_config("q", config(1))),
    );
    let registration = manager.register("r", vault.clone()).config(config(1));
    told.hear("a registration", format!("{registration:?}"));
    for end in ENDS {
        vault.next(end);
        let handle = update().start().unwrap();
        told.hear("a handle of an operation", format!("{handle:?}"));
        let answer = handle.clone().await;
        told.hear("its end", format!("{handle:?}"));
        let told_by_error = answer.as_ref().err().map(ToString::to_string);
        told.hear("an answer", format!("{answer:?} {told_by_error:?}"));
        let mut source = answer.as_ref().err().and_then(std::error::Error::source);
        while let Some(error) = source {
            told.hear("the source of an error", format!("{error} {error:?}"));
            source = error.source();
        }
        manager.update_config("q", config(0)).await.ok();
    }
    let (view, version) = (manager.config("q"), manager.config("q").unwrap().version);
    told.hear(
        "a config",
        format!("{view:?} {}", json!(view.as_ref().unwrap())),
    );
    told.hear(
        "a refusal",
        format!(
            "{:?}",
            manager
                .update_config("q", json!({"token": ["c4n4ry"]}))
                .await
        ),
    );
    told.hear("a dry run", format!("{:?}", update().dry_run().await));
    told.hear("the manager", format!("{manager:?}"));
    told.hear(
        "the plugin",
        format!("{:?} {:?}", manager.info("q"), manager.list()),
    );
    told.hear(
        "the service",
        format!("{:?}", AdminService::builder(manager.clone())),
    );

    let stored = StoredVersion::new(version, config(1));
    let put = Put::new(stored.clone());
    told.hear("a put", format!("{put:?}"));
    told.hear("a version", format!("{stored:?}"));
    let store = MemoryStore::new();
    let revision = tower_plugin::ConfigStore::put(&store, "q", put)
        .await
        .unwrap();
    let current = StoredConfig::new(revision, config(1));
    told.hear("a stored config", format!("{current:?}"));
    told.hear("a store", format!("{store:?}"));
    let builder = PluginManager::builder().config_store(store);
    told.hear("a builder", format!("{builder:?}"));
    told.hear("a shutdown", format!("{:?}", manager.shutdown().await));
    assert!(told.heard("******"));
    told.assert_no_secret();
}
