use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use futures_core::Stream;
use tokio::sync::watch;
use tokio_util::sync::ReusableBoxFuture;

use super::journal::{Found, Log};
use super::{Event, EventKind};

/// Events in the order in which they happened; it ends after the last one once the manager and its
/// plugins' tasks are gone.
///
/// A subscriber slows nobody. One that falls further behind than the journal reaches back is given
/// an event of kind [`StreamReset`](EventKind::StreamReset) that says how many it missed, and goes
/// on with the oldest that is left. So is one that asks for those after a revision that no event has
/// yet, as after a restart, which begins to count anew: it goes on with the next.
///
/// ```
/// use tower_plugin::{BoxError, EventKind, PluginManager, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// let mut events = manager.subscribe();
/// manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>(()) })).await?;
/// let first = events.recv().await.expect("the manager lives");
/// assert_eq!((first.id, first.kind), (1, EventKind::Registered));
/// # Ok(()) }
/// ```
pub struct EventStream {
    log: Arc<Log>,
    /// Revision of the last event given out.
    after: u64,
    changed: ReusableBoxFuture<'static, (watch::Receiver<u64>, bool)>,
}

async fn changed(mut newest: watch::Receiver<u64>, after: u64) -> (watch::Receiver<u64>, bool) {
    let open = newest.wait_for(|newest| *newest > after).await.is_ok();
    (newest, open)
}

impl EventStream {
    pub(super) fn new(log: Arc<Log>, newest: watch::Receiver<u64>, after: u64) -> Self {
        // It may ask for those after an event that has not happened yet.
        let known = after.min(*newest.borrow());
        let changed = ReusableBoxFuture::new(changed(newest, known));
        Self {
            log,
            after,
            changed,
        }
    }

    /// The next event, or `None` once nothing more can come. Cancel safe.
    pub async fn recv(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn take(&mut self) -> Option<Event> {
        match self.log.find(self.after.saturating_add(1)) {
            Found::Event(event) => {
                self.after = event.id;
                Some(event)
            }
            Found::Passed(oldest) => {
                let missed = oldest - 1 - self.after;
                Some(self.reset(oldest - 1, format!("{missed} events missed")))
            }
            Found::Unheard(newest) => {
                let why = format!("there is no event {} yet", self.after);
                Some(self.reset(newest, why))
            }
            Found::NotYet => None,
        }
    }

    /// Goes on after another revision, and says why.
    fn reset(&mut self, after: u64, why: String) -> Event {
        self.after = after;
        Event {
            id: after,
            time: SystemTime::now(),
            kind: EventKind::StreamReset,
            plugin: String::new(),
            generation: 0,
            operation_id: None,
            actor: None,
            reason: None,
            message: why + "; read the status afresh",
        }
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.take() {
                return Poll::Ready(Some(event));
            }
            let Poll::Ready((newest, open)) = this.changed.poll(cx) else {
                return Poll::Pending;
            };
            this.changed.set(changed(newest, this.after));
            if !open {
                return Poll::Ready(None);
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}
