use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tower_plugin_gate::{Gate, PluginState, Slot};
use tracing::Instrument;

use super::contain::Caught;
use super::retry::{Own, Reread, Retry};
use super::start::Running;
use super::trace::Trace;
use super::{Command, Options, Published, Settings, Together};
use crate::config::{Revision, Secrets, Store};
use crate::event::Journal;
use crate::manager::Registry;
use crate::operation::Record;
use crate::report::LastError;
use crate::{ConfigVersion, EventKind, Operation, OperationPhase, Plugin};

/// The task of one plugin, with everything that only it may change.
pub(crate) struct Lifecycle<P: Plugin> {
    pub(super) plugin: Arc<P>,
    pub(super) settings: Settings,
    pub(super) slot: Slot<P::Instance>,
    pub(super) published: Arc<Published>,
    pub(super) journal: Arc<Journal>,
    pub(super) secrets: Secrets,
    /// The config in force: the last that an instance was built from, or the first.
    pub(super) config: Value,
    pub(super) config_version: ConfigVersion,
    pub(super) running: Option<Running<P::Instance>>,
    /// The other generation, during a trial: the new one as a canary, or the old one kept warm.
    pub(super) beside: Option<Box<Running<P::Instance>>>,
    /// Number of the last generation that served.
    pub(super) generation: u64,
    /// Number of the generation that was last said to be ready.
    told_ready: u64,
    /// Where configs are kept.
    pub(super) store: Store,
    /// Of the current config there, when it was last looked at.
    pub(super) revision: Option<Revision>,
    /// The newest version that is in the history there.
    pub(super) recorded: Option<ConfigVersion>,
    /// Whether a config that is adopted is kept there before anybody is told, and which fields of
    /// one that nobody was told of have changed.
    pub(super) withholds: bool,
    pub(super) untold: Option<String>,
    /// What is wrong with the config there, where another had to do.
    pub(super) notice: Option<String>,
    /// Where to sign off.
    pub(super) registry: Registry,
    /// Cancelled when the shutdown's time is up: then no drain waits any longer.
    pub(super) out_of_time: CancellationToken,
    pub(super) retry: Option<Box<Retry>>,
    pub(super) reread: Reread,
    pub(super) own: Own,
    /// What the operation under way is to be agreed on with.
    pub(super) together: Option<Together>,
    pub(super) trace: Trace,
    /// The operation under way, to tell how far it is.
    record: Option<Arc<Record>>,
    /// Whether the task is at its end, and not just ended.
    pub(super) done: bool,
}

impl<P: Plugin> Lifecycle<P> {
    #[expect(clippy::too_many_arguments, reason = "one call, each argument a field")]
    pub(crate) fn new(
        plugin: P,
        mut settings: Settings,
        slot: Slot<P::Instance>,
        published: Arc<Published>,
        journal: Arc<Journal>,
        config: Value,
        config_version: ConfigVersion,
        store: Store,
        registry: Registry,
        out_of_time: CancellationToken,
        own: Own,
    ) -> Self {
        let secrets = published.schema.secrets().clone();
        let retry = settings.retry.take();
        Self {
            plugin: Arc::new(plugin),
            settings,
            slot,
            published,
            journal,
            secrets,
            config,
            config_version,
            running: None,
            beside: None,
            generation: 0,
            told_ready: 0,
            store,
            revision: None,
            recorded: None,
            withholds: false,
            untold: None,
            notice: None,
            registry,
            out_of_time,
            retry: retry.map(|backoff| Box::new(Retry::new(*backoff))),
            reread: Reread::default(),
            own,
            together: None,
            trace: Trace::default(),
            record: None,
            done: false,
        }
    }

    /// Takes commands until one of them ends the plugin, or nobody is left to give any. Boxed, as a
    /// future holds what it is given twice.
    pub(crate) async fn run(mut self: Box<Self>, mut commands: mpsc::Receiver<Box<Command>>) {
        while let Some(command) = self.next_command(&mut commands).await {
            // Boxed: a plugin at rest is to take little memory.
            if Box::pin(self.obey(*command)).await.is_break() {
                break;
            }
        }
        self.done = true;
    }

    async fn obey(&mut self, command: Command) -> std::ops::ControlFlow<()> {
        let Command {
            request,
            options,
            turn,
            together,
        } = command;
        self.together = together;
        let operation = request.operation();
        let Options { actor, cause, .. } = &options;
        let span = tracing::info_span!("plugin", plugin = %self.name(), %operation, actor, cause);
        self.record = Some(Arc::clone(turn.record()));
        let carried_out = async {
            match options.dry_run {
                None => self.carry_out(request, &options).await,
                Some(how) => self.rehearse(request, &options, how).await,
            }
        };
        let answer = match Caught::new(carried_out.instrument(span)).await {
            Ok(answer) => answer,
            Err(panicked) => Err(self.recover(operation, panicked.message())),
        };
        let record = self.record.take();
        self.together = None;
        let is_abandoned = record.as_ref().is_some_and(|it| it.decided().is_some());
        self.plan_retry(operation, &answer, is_abandoned);
        self.plan_reread(operation, &answer);
        if let Some(revision) = self.revision {
            self.published.publish(|snapshot| {
                snapshot.stored = snapshot.stored.max(revision);
            });
        }
        let gone = self.published.read(|snapshot| snapshot.state) == PluginState::Unloading;
        // After a shutdown it stays to be seen as what it is; there is nothing to make room for.
        if gone && operation != Operation::Shutdown {
            self.published.unloaded();
            self.registry.remove(self.name());
        } else if operation == Operation::Unload {
            self.registry.keep(self.name());
        }
        // Nobody may be waiting any more: the work is done all the same.
        turn.end_telling(answer, || self.tell_if_ready(record.as_deref()));
        if gone {
            std::ops::ControlFlow::Break(())
        } else {
            std::ops::ControlFlow::Continue(())
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.published.name
    }

    pub(super) fn under_way(&self) -> Option<Operation> {
        Some(self.record.as_ref()?.operation)
    }

    pub(super) fn record(&self) -> Option<Arc<Record>> {
        self.record.clone()
    }

    /// For how long the operation under way has been.
    pub(super) fn elapsed(&self) -> Duration {
        let record = self.record.as_ref();
        record.map(|record| record.elapsed()).unwrap_or_default()
    }

    pub(super) fn enter(&self, phase: OperationPhase) {
        if let Some(record) = &self.record {
            record.enter(phase);
        }
    }

    /// Says that those inside a closed gate are waited for.
    pub(super) fn enter_drain(&self, gate: &Gate) {
        if let Some(record) = &self.record {
            record.wait_for(gate, self.settings.drain_timeout);
        }
    }

    pub(super) fn event(&self, kind: EventKind, message: String) {
        let record = self.record.as_deref();
        self.journal
            .record_part(record, kind, self.name(), self.generation, message);
    }

    /// Says that a generation serves that did not before. Once the turn is given back, so that who
    /// is told can give the next command.
    fn tell_if_ready(&mut self, record: Option<&Record>) {
        let (state, generation) = self
            .published
            .read(|snapshot| (snapshot.state, snapshot.generation));
        if state == PluginState::Active && generation != self.told_ready {
            self.told_ready = generation;
            let message = format!("generation {generation} serves");
            self.journal
                .record_part(record, EventKind::Ready, self.name(), generation, message);
        }
    }

    /// A text without the secrets of the config in force.
    pub(super) fn scrub(&self, text: &str) -> String {
        self.secrets.scrub(text, &self.config)
    }

    pub(super) fn publish_state(&self, state: PluginState) {
        tracing::debug!(%state, "state changed");
        self.published.publish(|snapshot| snapshot.state = state);
    }

    pub(super) fn publish_error(&self, operation: Operation, message: String) {
        let time = SystemTime::now();
        let error = LastError {
            operation,
            message,
            time,
        };
        self.published
            .publish(|snapshot| snapshot.last_error = Some(error));
    }
}
