use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tower_plugin_gate::{PluginState, Slot};

use super::{Member, Registration};
use crate::config::{MemoryStore, Revision, Schema, Store};
use crate::lifecycle::{HealthRecord, Lifecycle, Own, Published, ReloadStrategy, Snapshot};
use crate::manager::manager::Inner;
use crate::manager::registry::{Entry, Registry};
use crate::plugin::is_name;
use crate::{ConfigVersion, Health, Plugin, PluginHandle, RegisterError};

impl<P: Plugin> Registration<P> {
    /// All that there is to a plugin before it is known to the manager.
    pub(in crate::manager) fn prepare(
        self,
    ) -> Result<(PluginHandle<P::Instance>, Member), RegisterError> {
        let Self {
            manager,
            name,
            plugin,
            config,
            depends_on,
            settings,
        } = self;
        if !is_name(&name) {
            return Err(RegisterError::InvalidName(name));
        }
        if settings.trial.is_some() && settings.strategy != ReloadStrategy::Replace {
            return Err(RegisterError::TrialNeedsReplace(name));
        }
        let name: Arc<str> = name.into();
        let config_version = ConfigVersion {
            run: manager.inner.next_run(),
            number: 1,
        };
        let schema = Schema::new(plugin.config_schema(), plugin.secret_fields());
        let schema = schema.map_err(|reason| RegisterError::InvalidSchema {
            plugin: name.to_string(),
            reason,
        })?;
        let dependencies = plugin.dependencies().into_iter().map(Cow::into_owned);
        let dependencies: BTreeSet<String> = dependencies.chain(depends_on).collect();
        let shown = schema.secrets().mask(&config);
        let published = Arc::new(Published::new(
            Arc::clone(&name),
            plugin.version().into_owned(),
            plugin.description().into_owned(),
            settings.strategy,
            settings.required,
            settings.track_requests,
            settings.max_leftovers,
            dependencies.into_iter().collect(),
            Arc::new(schema),
            first_snapshot(shown, config_version),
        ));
        let slot = if settings.track_requests {
            Slot::tracked(Arc::clone(&name), PluginState::Loading)
        } else {
            Slot::new(Arc::clone(&name), PluginState::Loading)
        };
        let (commands, inbox) = mpsc::channel(1);
        let turn = Arc::new(Semaphore::new(1));
        let first_turn = Arc::clone(&turn).try_acquire_owned();
        let first_turn = first_turn.expect("a new semaphore has its permit");
        let store = match &manager.inner.store {
            Some(store) => Arc::clone(store),
            // For as long as the plugin is registered.
            None => Arc::new(MemoryStore::new()),
        };
        let Inner {
            store_timeout,
            history_limit,
            ..
        } = *manager.inner;
        let retry = Arc::clone(&manager.inner.store_retry);
        let store = Store::new(store, store_timeout, history_limit, retry);
        let entry = Entry {
            published: Arc::clone(&published),
            commands,
            turn,
            store: store.clone(),
        };
        let lifecycle = Lifecycle::new(
            plugin,
            settings,
            slot.clone(),
            Arc::clone(&published),
            Arc::clone(&manager.inner.journal),
            config,
            config_version,
            store,
            Registry::new(&manager.inner.plugins),
            manager.inner.out_of_time.clone(),
            Own {
                turn: Arc::clone(&entry.turn),
                log: Arc::clone(&manager.inner.operations),
            },
        );
        let handle = PluginHandle::new(published, slot);
        // Nothing that can fail comes after this: what is registered has a task.
        let runtime = Handle::current();
        let task = move || drop(runtime.spawn(Box::new(lifecycle).run(inbox)));
        Ok((handle, Member::new(entry, first_turn, task)))
    }
}

fn first_snapshot(config: Value, config_version: ConfigVersion) -> Snapshot {
    let now = SystemTime::now();
    Snapshot {
        state: PluginState::Loading,
        since: now,
        operation: None,
        generation: 0,
        is_serving: false,
        gates: Vec::new(),
        leftovers: Vec::new(),
        config,
        config_version,
        config_since: now,
        stored: Revision::ABSENT,
        health: HealthRecord::first(Health::unhealthy("not started yet")),
        was_healthy: false,
        last_error: None,
        drift: None,
        retry: None,
        reread: None,
        on_trial: None,
    }
}
