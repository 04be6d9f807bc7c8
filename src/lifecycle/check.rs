use std::sync::Arc;
use std::time::Duration;

use tower_plugin_gate::Generation;

use super::hook::{self, HookError};
use crate::config::SecretTexts;
use crate::{Health, Plugin};

/// Asks an instance how it is.
pub(super) fn ask_health<P: Plugin>(
    plugin: &Arc<P>,
    generation: &Generation<P::Instance>,
    timeout: Duration,
) -> impl Future<Output = Result<Health, HookError>> + Send + use<P> {
    let (plugin, instance) = (Arc::clone(plugin), generation.instance_arc());
    hook::run("check", timeout, async move {
        Ok(plugin.check(&instance).await)
    })
}

/// A check that fails says something about the instance, too.
pub(super) fn health_found(found: Result<Health, HookError>, secrets: &SecretTexts) -> Health {
    found
        .unwrap_or_else(|error| Health::unhealthy(error.to_string()))
        .scrubbed(secrets)
}
