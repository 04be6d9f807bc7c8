use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Health, StartContext};
use crate::BoxError;

/// A named unit of a server that builds *instances* from a config.
///
/// The manager calls [`start`](Self::start) for every generation: at registration, on reload, on
/// a new config, on a rollback. What it returns is shared by all requests of that generation and
/// never changed. Write the hooks as `async fn`; their futures must be `Send`.
///
/// Each hook runs in a task of its own under a timeout. A panic in it, or one that never returns,
/// is this plugin's failure and nobody else's. On a runtime of many threads that is true even of one
/// that blocks its thread; on one of a single thread, that thread is blocked for everybody.
///
/// ```
/// use serde::Deserialize;
/// use tower_plugin::{BoxError, Plugin, PluginManager, StartContext};
///
/// #[derive(Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Config {
///     greeting: String,
/// }
///
/// struct Greeter;
///
/// impl Plugin for Greeter {
///     type Config = Config;
///     type Instance = String;
///
///     async fn start(&self, config: Config, _cx: StartContext) -> Result<String, BoxError> {
///         Ok(config.greeting + ", world")
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let greeter = manager
///     .register("greeter", Greeter)
///     .config(serde_json::json!({"greeting": "hello"}))
///     .await?;
/// assert_eq!(greeter.enter()?.instance(), "hello, world");
/// # Ok(()) }
/// ```
pub trait Plugin: Send + Sync + 'static {
    /// What an instance is built from, as it is written in JSON.
    ///
    /// Say `#[serde(deny_unknown_fields)]` so that a misspelt field is refused and not ignored. A
    /// plugin without configuration takes `()` and is given `{}`.
    type Config: DeserializeOwned + Send + 'static;

    /// What serves: for [`SwapService`](crate::SwapService) a service, for
    /// [`SwapLayer`](crate::SwapLayer) a layer, else whatever handlers take from a
    /// [`Lease`](crate::Lease).
    type Instance: Send + Sync + 'static;

    /// Builds an instance. It is given no traffic before this returns.
    ///
    /// When it takes longer than its timeout it is dropped where it waits, and an instance that
    /// comes of it after that, or in that very moment, is dropped without a [`stop`](Self::stop):
    /// have what must be cleaned up be cleaned up when it is dropped.
    ///
    /// # Errors
    ///
    /// Any error fails the operation that asked for the instance; the manager then goes back to
    /// the last good config.
    fn start(
        &self,
        config: Self::Config,
        cx: StartContext,
    ) -> impl Future<Output = Result<Self::Instance, BoxError>> + Send;

    /// Says how an instance is. Asked before a new instance replaces an old one, and regularly
    /// in the background. Default: healthy.
    fn check(&self, instance: &Self::Instance) -> impl Future<Output = Health> + Send {
        let _ = instance;
        async { Health::healthy() }
    }

    /// Lets go of what an instance holds outside of memory. Called after its requests have been
    /// drained; requests that could not be cancelled may still hold the instance. Default: nothing.
    ///
    /// # Errors
    ///
    /// An error is reported and stops nothing.
    fn stop(
        &self,
        instance: Arc<Self::Instance>,
    ) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = instance;
        async { Ok(()) }
    }

    /// Version of the plugin itself, as shown in lists. Default: empty.
    fn version(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    /// One sentence for people. Default: empty.
    fn description(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    /// JSON Schema (2020-12) of [`Config`](Self::Config), as `schemars` derives it, for example.
    /// Asked once, at registration. Default: none.
    ///
    /// It is published, and it counts:
    ///
    /// * What a config leaves out is given the schema's `default`, before the config is read and
    ///   where it is shown as [effective](crate::ConfigView::effective); defaults within `anyOf`,
    ///   `oneOf` and `if` do not count.
    /// * Where it asks for an `integer`, `4.0` and `4e0` are one, which the config is read with. An
    ///   integer's `format`, as `uint32`, is published with its `minimum` and `maximum`.
    /// * Fields that are `writeOnly` are secret, at any depth, as those of
    ///   [`secret_fields`](Self::secret_fields) are.
    /// * With the feature `validate` every config is checked against it before
    ///   [`start`](Self::start), and all that is wrong is told at once:
    ///   [`ConfigError::violations`](crate::ConfigError::violations). Patterns are matched in linear
    ///   time, so they have neither look-around nor back-references.
    ///
    /// It must be complete: a `$ref` leads to a place in it, as `#/$defs/NAME` does. One that is
    /// no schema is refused at [registration](crate::RegisterError::InvalidSchema).
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    /// use serde_json::{Value, json};
    /// use tower_plugin::{BoxError, Plugin, PluginManager, StartContext};
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// #[serde(deny_unknown_fields)]
    /// struct Config {
    ///     /// Requests in a second.
    ///     #[serde(default = "fifty")]
    ///     #[schemars(range(min = 1))]
    ///     rate: u32,
    ///     #[schemars(extend("writeOnly" = true))]
    ///     token: String,
    /// }
    ///
    /// fn fifty() -> u32 {
    ///     50
    /// }
    ///
    /// struct Limit;
    ///
    /// impl Plugin for Limit {
    ///     type Config = Config;
    ///     type Instance = u32;
    ///
    ///     async fn start(&self, config: Config, _: StartContext) -> Result<u32, BoxError> {
    ///         Ok(config.rate)
    ///     }
    ///
    ///     fn config_schema(&self) -> Option<Value> {
    ///         Some(schemars::schema_for!(Config).to_value())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
    /// let manager = PluginManager::new();
    /// manager.register("limit", Limit).config(json!({"token": "t"})).await?;
    ///
    /// let shown = manager.config("limit")?;
    /// assert_eq!(shown.config, json!({"token": "******"}));
    /// assert_eq!(shown.effective, json!({"token": "******", "rate": 50}));
    ///
    /// let error = manager.update_config("limit", json!({"rate": -1, "tokne": "t"})).await.unwrap_err();
    /// let violations = error.config_error().unwrap().violations();
    /// # #[cfg(feature = "validate")]
    /// assert_eq!(
    ///     violations.iter().map(ToString::to_string).collect::<Vec<_>>(),
    ///     [
    ///         "`/rate` must be greater than or equal to 1",
    ///         "`/token` must be set",
    ///         "`/tokne` must not be set: unknown field",
    ///     ]
    /// );
    /// # let _ = violations;
    /// # Ok(()) }
    /// ```
    fn config_schema(&self) -> Option<Value> {
        None
    }

    /// JSON pointers (RFC 6901) to the fields of the config that are masked wherever it is shown,
    /// for example `"/tokens"`. `*` stands for every element of a list and every member of a map:
    /// `"/peers/*/key"`. Default: none.
    ///
    /// A mask that is sent back keeps the secret it stands for. In a list, that is the secret of
    /// the element that looks the same, wherever it has gone, or else of the one in its place; where
    /// an edit leaves open whose it is, the mask is refused.
    fn secret_fields(&self) -> Vec<Cow<'static, str>> {
        Vec::new()
    }

    /// Names of the plugins that must be registered before this one and are shut down after it.
    /// Default: none.
    fn dependencies(&self) -> Vec<Cow<'static, str>> {
        Vec::new()
    }
}
