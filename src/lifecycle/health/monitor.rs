use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;
use tower_plugin_gate::{Generation, PluginState};

use super::HealthSettings;
use super::passive::Window;
use crate::config::SecretTexts;
use crate::event::Journal;
use crate::lifecycle::Published;
use crate::lifecycle::check::{ask_health, health_found};
use crate::lifecycle::contain::Hostile;
use crate::lifecycle::start::Running;
use crate::lifecycle::task::Lifecycle;
use crate::{EventKind, Health, HealthStatus, Plugin};

/// Checks one generation in the background, in a task of its own: whatever the plugin's task is
/// busy with, and however long a check takes, neither waits for the other. Ends when dropped, and
/// with it a check that is under way.
#[derive(Debug)]
pub(in crate::lifecycle) struct Monitor {
    _task: AbortOnDropHandle<()>,
}

struct Watch<P: Plugin> {
    plugin: Arc<P>,
    generation: Hostile<Generation<P::Instance>>,
    secrets: SecretTexts,
    timeout: Duration,
    settings: Arc<HealthSettings>,
    published: Arc<Published>,
    journal: Arc<Journal>,
}

impl<P: Plugin> Lifecycle<P> {
    /// Has a generation checked from now on.
    pub(in crate::lifecycle) fn monitor(&self, running: &Running<P::Instance>) -> Monitor {
        let watch = Watch {
            plugin: Arc::clone(&self.plugin),
            generation: Hostile::new(Generation::clone(&running.generation)),
            secrets: running.secrets.clone(),
            timeout: self.settings.check_timeout,
            settings: Arc::clone(&self.settings.health),
            published: Arc::clone(&self.published),
            journal: Arc::clone(&self.journal),
        };
        Monitor {
            _task: AbortOnDropHandle::new(tokio::spawn(Box::new(watch).run())),
        }
    }
}

impl<P: Plugin> Watch<P> {
    /// Boxed, as a future holds what it is given twice.
    async fn run(self: Box<Self>) {
        let mut window = self.settings.passive.map(Window::new);
        let mut delay = self.settings.first_delay();
        loop {
            sleep(delay).await;
            delay = self.settings.next_delay();
            // One that is kept warm, or is being drained, is nobody's concern.
            if !self.is_current() {
                continue;
            }
            // Boxed, for most of the time there is none.
            let asked = ask_health(&self.plugin, &self.generation, self.timeout);
            let found = health_found(Box::pin(asked).await, &self.secrets);
            let counters = self.generation.gate().counters();
            let passive = window
                .as_mut()
                .map(|window| window.look(Instant::now(), counters));
            self.publish(found, passive.flatten());
        }
    }

    fn is_current(&self) -> bool {
        let number = self.generation.number();
        self.published.read(|snapshot| {
            snapshot.state == PluginState::Active && snapshot.health_of(number).is_some()
        })
    }

    /// Publishes what a check found, unless that is history already.
    fn publish(&self, found: Health, passive: Option<Health>) {
        let number = self.generation.number();
        let failed = found.status() == HealthStatus::Unhealthy;
        let mut change = None;
        self.published.publish(|snapshot| {
            let Some(health) = snapshot.health_of_mut(number) else {
                return;
            };
            let before = health.status();
            health.observe(found, &self.settings);
            health.observe_passive(passive);
            change = Some((before, health.clone()));
        });
        let Some((before, record)) = change else {
            return;
        };
        let (now, failures) = (record.status(), record.consecutive_failures);
        let why = record.message().map(|message| format!(": {message}"));
        let why = why.unwrap_or_default();
        if before != now {
            tracing::info!(plugin = %self.published.name, generation = number, %before, %now, failures, "health changed");
            let checks = match failures {
                0 | 1 => String::new(),
                failures => format!(" after {failures} failed checks in a row"),
            };
            let message = format!("health changed from {before} to {now}{checks}{why}");
            self.event(EventKind::HealthChanged, message);
        } else if failed && failures == 1 {
            let threshold = self.settings.failure_threshold;
            tracing::warn!(plugin = %self.published.name, generation = number, threshold, "a check failed");
            let message = format!("a check failed, {threshold} in a row make it unhealthy{why}");
            self.event(EventKind::CheckFailed, message);
        }
    }

    fn event(&self, kind: EventKind, message: String) {
        let number = self.generation.number();
        // What is found during an operation, as of a generation on trial, is part of it.
        let operation = self.published.under_way();
        let (operation, name) = (operation.as_deref(), &self.published.name);
        self.journal
            .record_part(operation, kind, name, number, message);
    }
}
