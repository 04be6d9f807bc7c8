use std::collections::BTreeMap;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::manager::register::Member;
use crate::{Plugin, PluginHandle, PluginManager, RegisterError, Registration};

/// Plugins about to be registered together: `.await` it once all are added.
///
/// They are added in any order, registered all or none, and started in the order of their
/// dependencies: each once those that it depends on have been started, at the same time as others
/// that wait for nothing. A plugin whose dependency failed to start is started all the same: its
/// dependency may be reloaded later, and what it does meanwhile is its own to say. Plugins that
/// depend on each other in a circle are refused.
///
/// Once it was awaited, it goes on even if the future is dropped.
///
/// ```
/// use tower_plugin::{BoxError, PluginManager, PluginState, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let nothing = || plugin_fn(|()| async { Ok::<_, BoxError>(()) });
/// let mut all = manager.register_all();
/// let limit = all.add(manager.register("limit", nothing()).depends_on(["geoip"]))?;
/// let geoip = all.add(manager.register("geoip", nothing()))?;
/// all.await?;
/// assert_eq!((geoip.state(), limit.state()), (PluginState::Active, PluginState::Active));
///
/// let mut all = manager.register_all();
/// all.add(manager.register("a", nothing()).depends_on(["b"]))?;
/// all.add(manager.register("b", nothing()).depends_on(["a"]))?;
/// let error = all.await.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "plugins depend on each other in a circle: a -> b -> a; take one of the dependencies away",
/// );
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is registered until this is awaited"]
pub struct RegisterAll {
    manager: PluginManager,
    members: Vec<Member>,
}

impl RegisterAll {
    pub(in crate::manager) fn new(manager: PluginManager) -> Self {
        Self {
            manager,
            members: Vec::new(),
        }
    }

    /// Adds a plugin. Its handle rejects until the plugin is started, and for good when nothing
    /// comes of the registration.
    ///
    /// # Errors
    ///
    /// What is wrong with this one by itself: its name, or its schema.
    ///
    /// # Panics
    ///
    /// When the registration is that of another manager, and outside of a tokio runtime.
    pub fn add<P: Plugin>(
        &mut self,
        registration: Registration<P>,
    ) -> Result<PluginHandle<P::Instance>, RegisterError> {
        assert!(
            registration.is_of(&self.manager),
            "plugins are registered together with one manager: take its own registrations"
        );
        let (handle, member) = registration.prepare()?;
        self.members.push(member);
        Ok(handle)
    }

    async fn register(self) -> Result<(), RegisterError> {
        let Self { manager, members } = self;
        // Nothing that can fail comes after they are added.
        let runtime = Handle::current();
        let entries = members.iter().map(|member| member.entry().clone());
        let steps = manager.inner.plugins.add(entries.collect())?;
        let name = |member: &Member| Arc::clone(&member.entry().published.name);
        let members = members.into_iter().map(|member| (name(&member), member));
        let mut members: BTreeMap<Arc<str>, Member> = members.collect();
        // A task of its own, for they are registered now, and all must be started.
        let starting = runtime.spawn(async move {
            for step in steps {
                let mut starting = JoinSet::new();
                for member in step.iter().filter_map(|name| members.remove(name)) {
                    let manager = manager.clone();
                    starting.spawn(async move { member.launch(&manager).await });
                }
                while starting.join_next().await.is_some() {}
            }
        });
        // It ends early only with its runtime.
        let _ = starting.await;
        Ok(())
    }
}

impl IntoFuture for RegisterAll {
    type Output = Result<(), RegisterError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.register())
    }
}
