use std::time::SystemTime;

use tower_plugin_gate::{Generation, PluginState};

use super::hook::{self, HookError};
use super::task::Lifecycle;
use crate::config::SecretTexts;
use crate::{EventKind, Health, Plugin};

impl<P: Plugin> Lifecycle<P> {
    /// Asks an instance how it is.
    pub(super) fn ask_health(
        &self,
        generation: &Generation<P::Instance>,
    ) -> impl Future<Output = Result<Health, HookError>> + Send + use<P> {
        let (plugin, instance) = (self.plugin.clone(), generation.instance_arc());
        hook::run("check", self.settings.check_timeout, async move {
            Ok(plugin.check(&instance).await)
        })
    }

    /// Publishes what a check of generation `number` found, unless that is history already.
    pub(super) fn checked(&self, number: u64, found: Result<Health, HookError>) {
        let Some(running) = &self.running else {
            return;
        };
        let health = health_found(found, &running.secrets);
        let mut changed = None;
        self.published.publish(|snapshot| {
            if snapshot.generation != number || snapshot.state != PluginState::Active {
                return;
            }
            if snapshot.health.status() != health.status() {
                changed = Some((snapshot.health.status(), health.status()));
            }
            snapshot.health = health;
            snapshot.checked = SystemTime::now();
        });
        if let Some((before, now)) = changed {
            tracing::info!(plugin = %self.name(), generation = number, %before, %now, "health changed");
            self.event(
                EventKind::HealthChanged,
                format!("health changed from {before} to {now}"),
            );
        }
    }
}

/// A check that fails says something about the instance, too.
pub(super) fn health_found(found: Result<Health, HookError>, secrets: &SecretTexts) -> Health {
    found
        .unwrap_or_else(|error| Health::unhealthy(error.to_string()))
        .scrubbed(secrets)
}
