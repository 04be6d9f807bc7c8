use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::{Plugin, StartContext};
use crate::BoxError;

/// A [`Plugin`] from a closure that builds an instance from a config, as `tower::service_fn` is a
/// service from a closure.
///
/// ```
/// use serde_json::json;
/// use tower_plugin::{BoxError, PluginManager, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let squares = manager
///     .register("squares", plugin_fn(|numbers: Vec<u32>| async move {
///         Ok::<_, BoxError>(numbers.into_iter().map(|n| n * n).sum::<u32>())
///     }))
///     .await?;
/// // `{}` is no list of numbers: the plugin is registered, in state failed, and says why.
/// assert!(squares.enter().is_err());
///
/// let doubled = manager
///     .register("greeting", plugin_fn(|config: std::collections::BTreeMap<String, u32>| async move {
///         Ok::<_, BoxError>(config["n"] * 2)
///     }))
///     .config(json!({"n": 21}))
///     .await?;
/// assert_eq!(*doubled.enter()?.instance(), 42);
/// # Ok(()) }
/// ```
pub fn plugin_fn<F, C, Fut, I, E>(start: F) -> PluginFn<F, C>
where
    F: Fn(C) -> Fut + Send + Sync + 'static,
    C: DeserializeOwned + Send + 'static,
    Fut: Future<Output = Result<I, E>> + Send,
    I: Send + Sync + 'static,
    E: Into<BoxError>,
{
    PluginFn {
        start,
        config: PhantomData,
    }
}

/// Plugin of [`plugin_fn`].
pub struct PluginFn<F, C> {
    start: F,
    config: PhantomData<fn(C)>,
}

impl<F, C, Fut, I, E> Plugin for PluginFn<F, C>
where
    F: Fn(C) -> Fut + Send + Sync + 'static,
    C: DeserializeOwned + Send + 'static,
    Fut: Future<Output = Result<I, E>> + Send,
    I: Send + Sync + 'static,
    E: Into<BoxError>,
{
    type Config = C;
    type Instance = I;

    async fn start(&self, config: C, _cx: StartContext) -> Result<I, BoxError> {
        (self.start)(config).await.map_err(Into::into)
    }
}

impl<F, C> fmt::Debug for PluginFn<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginFn")
            .field("config", &type_name::<C>())
            .finish_non_exhaustive()
    }
}
