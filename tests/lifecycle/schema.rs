//! Configs of a plugin that publishes a schema.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_plugin::{
    BoxError, ConfigError, Outcome, Plugin, PluginManager, RegisterError, StartContext,
};

fn rate() -> u32 {
    5
}

fn port() -> u16 {
    443
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its Debug text is looked at")]
struct Config {
    #[serde(default = "rate")]
    #[schemars(range(min = 1))]
    rate: u32,
    name: String,
    #[serde(default)]
    peers: Vec<Peer>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its Debug text is looked at")]
struct Peer {
    host: String,
    #[serde(default = "port")]
    port: u16,
    #[schemars(length(min = 4), extend("writeOnly" = true))]
    key: String,
}

/// Keeps what it was started with.
#[derive(Clone, Default)]
struct Peers {
    started: Arc<Mutex<Vec<String>>>,
    schema: Option<Value>,
}

impl Plugin for Peers {
    type Config = Config;
    type Instance = ();

    async fn start(&self, config: Config, _: StartContext) -> Result<(), BoxError> {
        self.started.lock().unwrap().push(format!("{config:?}"));
        Ok(())
    }

    fn config_schema(&self) -> Option<Value> {
        let derived = || schemars::schema_for!(Config).to_value();
        Some(self.schema.clone().unwrap_or_else(derived))
    }
}

async fn registered() -> (PluginManager, Peers) {
    let (manager, plugin) = (PluginManager::new(), Peers::default());
    let config = json!({"name": "n", "peers": [{"host": "a", "key": "k3y-of-a"}]});
    let registration = manager.register("p", plugin.clone()).config(config);
    let handle = registration.await.unwrap();
    assert_eq!(handle.last_error(), None);
    (manager, plugin)
}

async fn refused(manager: &PluginManager, config: Value) -> ConfigError {
    let error = manager.update_config("p", config).await.unwrap_err();
    error.config_error().expect("it is refused").clone()
}

#[cfg(feature = "validate")]
#[tokio::test]
async fn everything_that_a_config_violates_is_told_before_it_is_started() {
    let (manager, plugin) = registered().await;
    let config =
        json!({"rate": 0, "peers": [{"host": 1, "port": 70_000, "key": "k"}], "nmae": "n"});
    let refused = refused(&manager, config).await;
    let told: Vec<_> = refused
        .violations()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "`/name` must be set",
            "`/nmae` must not be set: unknown field",
            "`/peers/0/host` must be a string",
            "`/peers/0/key` must have at least 4 characters",
            "`/peers/0/port` must be less than or equal to 65535",
            "`/rate` must be greater than or equal to 1",
        ]
    );
    assert_eq!(plugin.started.lock().unwrap().len(), 1);
    assert_eq!(manager.config("p").unwrap().version.number(), 1);
}

#[cfg(not(feature = "validate"))]
#[tokio::test]
async fn without_validation_the_type_names_the_field() {
    let (manager, _) = registered().await;
    let config = json!({"name": "n", "peers": [{"host": "a", "port": 70_000, "key": "k3y"}]});
    assert_eq!(refused(&manager, config).await.pointer(), "/peers/0/port");
    let config = json!({"peers": [], "name": "n", "nmae": "n"});
    assert_eq!(refused(&manager, config).await.pointer(), "/nmae");
}

#[tokio::test]
async fn large_config_is_read_and_checked_as_a_small_one_is() {
    let (manager, plugin) = registered().await;
    let peer = json!({"host": "a", "key": "k3y-of-a"});
    let peers = vec![peer; 10_000];
    let config = json!({"name": "n", "peers": peers});
    manager.update_config("p", config.clone()).await.unwrap();
    assert_eq!(
        plugin.started.lock().unwrap()[1]
            .matches("port: 443")
            .count(),
        10_000
    );

    let mut wrong = config;
    for peer in wrong["peers"].as_array_mut().unwrap() {
        peer["port"] = json!(70_000);
    }
    let refused = refused(&manager, wrong).await;
    assert_eq!(refused.pointer(), "/peers/0/port");
    if cfg!(feature = "validate") {
        assert_eq!((refused.violations().len(), refused.has_more()), (64, true));
        let told = refused.to_string();
        assert!(told.len() < 1000 && told.ends_with("and more"), "{told}");
    }
}

#[tokio::test]
async fn config_that_its_schema_refuses_at_registration_is_a_failed_start() {
    let (manager, plugin) = (PluginManager::new(), Peers::default());
    let handle = manager.register("p", plugin.clone()).await.unwrap();
    let error = handle.last_error().unwrap();
    assert!(error.contains("`/name` must be set"), "{error}");
    assert!(plugin.started.lock().unwrap().is_empty());
}

#[tokio::test]
async fn defaults_are_shown_and_given_to_the_plugin_but_not_stored() {
    let (manager, plugin) = registered().await;
    let view = manager.config("p").unwrap();
    let stored = json!({"name": "n", "peers": [{"host": "a", "key": "******"}]});
    let effective = json!({
        "name": "n", "rate": 5, "peers": [{"host": "a", "port": 443, "key": "******"}]
    });
    assert_eq!((&view.config, &view.effective), (&stored, &effective));
    assert!(plugin.started.lock().unwrap()[0].contains("port: 443"));
    let report = manager.update_config("p", view.config).await.unwrap();
    assert_eq!(report.outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn default_that_only_the_schema_has_is_what_the_plugin_gets() {
    let plugin = Peers {
        schema: Some(json!({"properties": {"name": {"default": "nobody"}}})),
        ..Peers::default()
    };
    let manager = PluginManager::new();
    manager.register("p", plugin.clone()).await.unwrap();
    assert!(plugin.started.lock().unwrap()[0].contains("name: \"nobody\""));
}

#[tokio::test]
async fn write_only_fields_are_masked_and_kept_wherever_their_element_goes() {
    let (manager, plugin) = registered().await;
    let config = json!({"name": "n", "peers": [
        {"host": "b", "key": "k3y-of-b"}, {"host": "a", "key": "******"}
    ]});
    manager.update_config("p", config).await.unwrap();
    let started = plugin.started.lock().unwrap()[1].clone();
    assert!(
        started.contains("host: \"a\", port: 443, key: \"k3y-of-a\""),
        "{started}"
    );

    let config = json!({"name": "n", "peers": [{"host": "c", "key": "******"}]});
    let refused = refused(&manager, config).await;
    assert_eq!(refused.pointer(), "/peers/0/key");
    let config = json!({"name": "n", "peers": [{"host": "c", "key": ["s3cr3t"]}]});
    let error = manager.update_config("p", config).await.unwrap_err();
    assert!(
        !format!("{error} {error:?}").contains("s3cr3t"),
        "{error:?}"
    );
}

#[tokio::test]
async fn schema_that_is_none_is_no_registration() {
    let manager = PluginManager::new();
    let register = |schema: Value| {
        let plugin = Peers {
            schema: Some(schema),
            ..Peers::default()
        };
        let registration = manager.register("p", plugin);
        async move { registration.await.unwrap_err() }
    };
    let error = register(json!({"$ref": "https://example.com/schema"})).await;
    assert!(
        matches!(error, RegisterError::InvalidSchema { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("schema of plugin `p`"),
        "{error}"
    );
    let endless = json!({"properties": {"name": {"$ref": "#", "default": {}}}});
    let error = register(endless).await;
    assert!(error.to_string().contains("without end"), "{error}");
    if cfg!(feature = "validate") {
        let error = register(json!({"properties": {"rate": {"type": "number?"}}})).await;
        assert!(
            error.to_string().contains("/properties/rate/type"),
            "{error}"
        );
    }
    assert_eq!(manager.list().total_count, 0);
}

/// Panics when it is read.
struct Explosive;

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: serde::Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let text = Value::deserialize(value)?["fuse"].to_string();
        assert!(text != "\"l1t\"", "the fuse is {text}");
        Ok(Self)
    }
}

struct Fireworks;

impl Plugin for Fireworks {
    type Config = Explosive;
    type Instance = ();

    async fn start(&self, _: Explosive, _: StartContext) -> Result<(), BoxError> {
        Ok(())
    }

    fn secret_fields(&self) -> Vec<Cow<'static, str>> {
        vec!["/fuse".into()]
    }
}

#[tokio::test]
async fn type_that_panics_refuses_the_config_and_the_plugin_serves_on() {
    let manager = PluginManager::new();
    let handle = manager.register("p", Fireworks).await.unwrap();
    let refused = refused(&manager, json!({"fuse": "l1t"})).await;
    assert_eq!(
        refused.message(),
        "must not make its type panic: the fuse is \"******\""
    );
    assert!(handle.enter().is_ok());
    manager.reload("p").await.unwrap();
}
