use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::queue::{NotHeld, Place};
use super::rejected::HoldLimit;
use super::{Admission, Lease, PluginState, RawSlot, Rejected};

pin_project! {
    /// Future of [`Slot::hold`](crate::Slot::hold): a place in the line of those who wait for the
    /// plugin to come back.
    ///
    /// Resolves to a [`Lease`], or to [`Rejected`] when the wait took too long or the plugin will
    /// not come back. Dropping it gives the place back.
    #[must_use = "futures do nothing unless polled"]
    pub struct Held<T = dyn Any + Send + Sync>
    where
        T: ?Sized,
    {
        place: Place,
        #[pin]
        timeout: Sleep,
        max_held: usize,
        instance: PhantomData<fn() -> Box<T>>,
    }
}

impl<T: ?Sized> Held<T> {
    pub(crate) fn new(
        slot: &Arc<RawSlot>,
        max_wait: Duration,
        max_held: usize,
    ) -> Result<Self, Rejected> {
        Ok(Self {
            place: slot
                .queue(max_held)
                .map_err(|not_held| rejected(slot, &not_held))?,
            timeout: tokio::time::sleep(max_wait),
            max_held,
            instance: PhantomData,
        })
    }

    pub(crate) fn poll_turn(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Admission, Rejected>> {
        let this = self.project();
        let turn = match this.place.poll_turn(cx) {
            Poll::Ready(turn) => turn,
            Poll::Pending => {
                ready!(this.timeout.poll(cx));
                let slot = this.place.slot();
                let state = slot.rejects().unwrap_or(PluginState::Reloading);
                match this.place.give_up() {
                    Some(turn) => turn,
                    None => {
                        let rejected = this.place.slot().rejected(state);
                        return Poll::Ready(Err(rejected.limited(HoldLimit::Time)));
                    }
                }
            }
        };
        Poll::Ready(turn.map_err(|state| this.place.slot().rejected(state)))
    }

    /// Waits again, at the place it had and for what is left of the time: for somebody whose
    /// generation was gone before they could use the lease. To be called once the future has
    /// resolved; it may then be polled again.
    ///
    /// # Errors
    ///
    /// Those of [`Slot::hold`](crate::Slot::hold).
    pub fn rejoin(self: Pin<&mut Self>) -> Result<(), Rejected> {
        let this = self.project();
        let rejoined = this.place.rejoin(*this.max_held);
        rejoined.map_err(|not_held| rejected(this.place.slot(), &not_held))
    }
}

fn rejected(slot: &RawSlot, not_held: &NotHeld) -> Rejected {
    match not_held {
        NotHeld::Closed(state) => slot.rejected(*state),
        NotHeld::Full(state) => slot.rejected(*state).limited(HoldLimit::Number),
    }
}

impl<T: ?Sized> Future for Held<T> {
    type Output = Result<Lease<T>, Rejected>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_turn(cx).map_ok(Lease::new)
    }
}

impl<T: ?Sized> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("plugin", &self.place.slot().plugin)
            .finish_non_exhaustive()
    }
}
