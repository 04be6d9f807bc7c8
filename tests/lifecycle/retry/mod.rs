//! Starting a plugin again that has failed, without anybody asking.

mod abandoned;
mod attempts;
mod operators;

use std::sync::Arc;
use std::time::Duration;

use tower_plugin::{Backoff, PluginHandle, PluginManager, PluginState};

use crate::scenario::{Act, Instance, Script, Scripted};

pub const HOUR: Duration = Duration::from_secs(3600);

/// Pauses of 1, 2, 4… seconds.
pub fn even() -> Backoff {
    Backoff::new().jitter(0.0)
}

pub async fn failing(manager: &PluginManager, script: &Arc<Script>) -> PluginHandle<Instance> {
    script.next_starts([Act::Fail("no database")]);
    let registration = manager.register("p", Scripted(Arc::clone(script)));
    let plugin = registration.retry(even()).await.unwrap();
    assert_eq!(plugin.state(), PluginState::Failed);
    plugin
}

pub fn next_attempt(manager: &PluginManager) -> Option<u32> {
    let retry = manager.info("p").unwrap().retry;
    retry.map(|retry| retry.attempt)
}
