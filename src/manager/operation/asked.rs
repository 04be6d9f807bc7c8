use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tower_plugin_gate::PluginState;

use super::in_progress;
use crate::lifecycle::{Command, Options, Request, Together};
use crate::manager::registry::Entry;
use crate::operation::{OperationLog, Record, Turn};
use crate::{OperationError, OperationErrorKind, PluginManager, ReloadReport};

/// An operation before its plugin's task has it. Dropped, it is taken back.
pub(in crate::manager) struct Asked {
    log: Arc<OperationLog>,
    entry: Entry,
    record: Arc<Record>,
    command: Option<(Request, Options)>,
    turn: Option<OwnedSemaphorePermit>,
    wait: Duration,
    together: Option<Together>,
    /// Whether something was ended for it, so that it can not be taken back.
    is_begun: bool,
}

impl Asked {
    pub(super) fn new(
        manager: &PluginManager,
        entry: Entry,
        request: Request,
        options: Options,
        turn: Option<OwnedSemaphorePermit>,
        wait: Duration,
    ) -> Self {
        let log = Arc::clone(&manager.inner.operations);
        let record = log.begin(&entry.published.name, request.operation(), &options);
        Self {
            log,
            entry,
            record,
            command: Some((request, options)),
            turn,
            wait,
            together: None,
            is_begun: false,
        }
    }

    /// Of something that has its turn already.
    pub(in crate::manager) fn in_turn(
        manager: &PluginManager,
        entry: &Entry,
        request: Request,
        turn: OwnedSemaphorePermit,
    ) -> Self {
        let (options, wait) = (Options::default(), Duration::ZERO);
        Self::new(manager, entry.clone(), request, options, Some(turn), wait)
    }

    /// Of something that another was ended for.
    pub(super) fn begun(mut self) -> Self {
        self.is_begun = true;
        self
    }

    /// Has it given, by a task of its own where its turn must be waited for.
    pub(super) fn start(self) -> Arc<Record> {
        let record = Arc::clone(&self.record);
        match self.turn {
            Some(_) => self.give(),
            None => drop(tokio::spawn(self.give_in_turn())),
        }
        record
    }

    /// Gives it and waits for the answer.
    pub(super) async fn run(self) -> Result<ReloadReport, OperationError> {
        let record = Arc::clone(&self.record);
        if self.is_begun {
            drop(tokio::spawn(self.give_in_turn()));
        } else {
            self.give_in_turn().await;
        }
        record.answer().await
    }

    pub(in crate::manager) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    async fn give_in_turn(mut self) {
        if self.turn.is_none() {
            let turn = Arc::clone(&self.entry.turn).acquire_owned();
            let turn = tokio::time::timeout(self.wait, turn).await;
            self.turn = turn.ok().and_then(Result::ok);
        }
        self.give();
    }

    /// Gives the plugin's task the command, if it is this one's turn.
    pub(in crate::manager) fn give(mut self) {
        let Some((request, options)) = self.command.take() else {
            return;
        };
        let Some(permit) = self.turn.take() else {
            let refused = in_progress(&self.entry, &request);
            return self.log.end(&self.record, Err(refused));
        };
        let turn = Turn::begin(permit, &self.entry.published, &self.log, &self.record);
        let command = Command {
            request,
            options,
            turn,
            together: self.together.take(),
        };
        // There is room for one command, and whoever has the turn is the only one to give one.
        if let Err(refused) = self.entry.commands.try_send(Box::new(command)) {
            let gone = gone(&self.entry);
            refused.into_inner().turn.end(Err(gone));
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if self.command.is_some() {
            let taken_back = OperationErrorKind::ShuttingDown;
            let taken_back = OperationError::new(&*self.entry.published.name, taken_back);
            self.log.take_back(&self.record, Err(taken_back));
        }
    }
}

/// Why a plugin's task takes no command: the plugin is unloaded, or the runtime has ended the task.
fn gone(entry: &Entry) -> OperationError {
    let kind = match entry.published.read(|snapshot| snapshot.state) {
        PluginState::Unloading => OperationErrorKind::NotFound,
        _ => OperationErrorKind::ShuttingDown,
    };
    OperationError::new(&*entry.published.name, kind)
}

/// Gives a plugin's task a reload that is one of several, of which all are done or none.
pub(in crate::manager) fn give_together(
    manager: &PluginManager,
    entry: &Entry,
    options: Options,
    turn: OwnedSemaphorePermit,
    together: Together,
) -> Arc<Record> {
    let (entry, wait) = (entry.clone(), Duration::ZERO);
    let mut asked = Asked::new(manager, entry, Request::Reload, options, Some(turn), wait);
    asked.together = Some(together);
    let record = Arc::clone(&asked.record);
    asked.give();
    record
}

/// Gives a plugin's task a command and waits for the answer.
pub(in crate::manager) async fn give(
    manager: &PluginManager,
    entry: &Entry,
    request: Request,
    turn: OwnedSemaphorePermit,
) -> Result<ReloadReport, OperationError> {
    let asked = Asked::in_turn(manager, entry, request, turn);
    let record = Arc::clone(&asked.record);
    asked.give();
    record.answer().await
}
