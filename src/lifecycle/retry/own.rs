use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use crate::Plugin;
use crate::lifecycle::task::Lifecycle;
use crate::lifecycle::{Command, Options, Request};
use crate::operation::{OperationLog, Turn};

/// What a plugin's task needs to give a command to itself.
#[derive(Debug)]
pub(crate) struct Own {
    /// Who has its permit may give one.
    pub(crate) turn: Arc<Semaphore>,
    pub(crate) log: Arc<OperationLog>,
}

impl<P: Plugin> Lifecycle<P> {
    /// The next command: somebody's, or to do something again. Cancel safe.
    pub(in crate::lifecycle) async fn next_command(
        &self,
        commands: &mut mpsc::Receiver<Box<Command>>,
    ) -> Option<Box<Command>> {
        let Some((at, is_retry)) = self.next_due() else {
            return commands.recv().await;
        };
        // Boxed, for most of the time there is none.
        let due = Box::pin(self.due(at, is_retry));
        tokio::select! {
            biased;
            command = commands.recv() => command,
            command = due => Some(command),
        }
    }

    /// When something is to be done again, and whether that is to start the plugin.
    fn next_due(&self) -> Option<(Instant, bool)> {
        let retry = self.retry_at().map(|at| (at, true));
        let reread = self.reread_at().map(|at| (at, false));
        // The first of two at the same time.
        retry.into_iter().chain(reread).min_by_key(|(at, _)| *at)
    }

    async fn due(&self, at: Instant, is_retry: bool) -> Box<Command> {
        sleep_until(at).await;
        // Whoever has the turn gives a command, and that has the last word.
        let turn = Arc::clone(&self.own.turn).acquire_owned().await;
        let turn = turn.ok().filter(|_| !self.registry.is_closed());
        let Some(turn) = turn else {
            return std::future::pending().await;
        };
        if is_retry {
            self.retry_begins(turn)
        } else {
            self.reread_begins(turn)
        }
    }

    pub(super) fn own_command(
        &self,
        request: Request,
        options: Options,
        turn: OwnedSemaphorePermit,
    ) -> Box<Command> {
        let log = &self.own.log;
        let record = log.begin(self.name(), request.operation(), &options);
        let turn = Turn::begin(turn, &self.published, log, &record);
        Box::new(Command {
            request,
            options,
            turn,
            together: None,
        })
    }
}
