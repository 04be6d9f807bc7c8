use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use tower_plugin_gate::PluginState;

use super::candidate::Candidate;
use super::exchange::Done;
use super::task::Lifecycle;
use crate::{Outcome, Plugin, StartReason};

/// A plugin's part in a reload of several, of which all swap or none. It says when it is ready,
/// and waits to be told.
#[derive(Debug)]
pub(crate) struct Together {
    ready: oneshot::Sender<()>,
    agreed: oneshot::Receiver<()>,
}

/// The other end, with whoever waits for all of them. Dropped, it takes the reload back.
#[derive(Debug)]
pub(crate) struct Awaited {
    /// None once it is.
    ready: Option<oneshot::Receiver<()>>,
    agreed: oneshot::Sender<()>,
}

impl Together {
    pub(crate) fn new() -> (Self, Awaited) {
        let (say_ready, ready) = oneshot::channel();
        let (agree, agreed) = oneshot::channel();
        let together = Self {
            ready: say_ready,
            agreed,
        };
        let awaited = Awaited {
            ready: Some(ready),
            agreed: agree,
        };
        (together, awaited)
    }

    /// Says that a new generation is ready, and whether all the others' are, too. Whoever waits
    /// for them bounds this.
    async fn agree(self) -> bool {
        self.ready.send(()).is_ok() && self.agreed.await.is_ok()
    }
}

impl Awaited {
    /// Whether the plugin is ready; false as soon as it cannot be.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(ready) = &mut self.ready else {
            return Poll::Ready(true);
        };
        let is_ready = ready!(Pin::new(ready).poll(cx)).is_ok();
        if is_ready {
            self.ready = None;
        }
        Poll::Ready(is_ready)
    }

    /// Whether the plugin waits to be told.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.agreed.is_closed()
    }

    /// Has it swap.
    pub(crate) fn agree(self) {
        // Whose task has died meanwhile says so in its answer.
        let _ = self.agreed.send(());
    }
}

impl<P: Plugin> Lifecycle<P> {
    /// Starts a new generation beside what serves, if anything does, and lets it serve once those
    /// of all others are ready. Otherwise all is as it was.
    pub(super) async fn reload_together(
        &mut self,
        candidate: Candidate,
        reason: StartReason,
    ) -> Done {
        let together = self.together.take();
        let unchanged = match self.running {
            Some(_) => Outcome::RolledBack,
            None => Outcome::Failed,
        };
        self.set_out();
        let new = match self.start_healthy(&candidate.config, reason).await {
            Ok(new) => new,
            Err(error) => {
                self.turn_back();
                return Done::new(unchanged, "no plugin of the group was changed").because(error);
            }
        };
        let is_agreed = match together {
            Some(together) => together.agree().await,
            None => true,
        };
        if !is_agreed {
            let stop_error = self.stop(new).await;
            self.turn_back();
            let message = "another plugin of the group was not ready, so none was changed";
            return Done {
                stop_error,
                ..Done::new(unchanged, message)
            };
        }
        let old = self.open(new, candidate);
        let mut done = Done::new(Outcome::Applied, "plugin replaced together with others");
        if let Some(old) = old {
            done.drain = self.drain(&old.generation).await;
            done.stop_error = self.stop(old).await;
        }
        done
    }

    /// Is seen as reloading, also by requests where none is let in.
    fn set_out(&self) {
        if self.running.is_none() {
            self.slot.close(PluginState::Reloading);
        }
        self.publish_state(PluginState::Reloading);
    }

    /// Is seen as it was before: nothing serves only where the plugin has failed.
    fn turn_back(&mut self) {
        match self.running {
            Some(_) => self.publish_state(PluginState::Active),
            None => self.fail(),
        }
    }
}
