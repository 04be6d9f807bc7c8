use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{Admission, Occupant, PluginState, RawSlot};
use crate::sync::{Mutex, lock};

/// Those who are held until the slot opens, in order of arrival.
///
/// Whoever changes the slot decides for all of them, under the lock and before the change is
/// published: on opening, each is given a permit of the new generation. So nobody who comes later
/// is inside earlier, and no wake-up has to be passed on by one who is gone: there is one for
/// each.
#[derive(Default)]
pub(crate) struct Queue(Mutex<Line>);

#[derive(Default)]
struct Line {
    next: u64,
    waiting: BTreeMap<u64, Option<Waker>>,
    /// Decided, and not yet told.
    settled: BTreeMap<u64, Outcome>,
}

type Outcome = Result<Admission, PluginState>;

/// Why somebody was not given a place.
pub(crate) enum NotHeld {
    /// Nothing is being started.
    Closed(PluginState),
    Full(PluginState),
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        lock(&self.0).waiting.len()
    }

    /// Decides for everybody who waits, then runs `publish`, which puts `occupant` in.
    pub(super) fn settle<T>(&self, occupant: Occupant, publish: impl FnOnce(Occupant) -> T) -> T {
        let mut wakers = Vec::new();
        let mut line = lock(&self.0);
        let is_starting = matches!(&occupant, Occupant::Closed(state) if state.is_starting());
        if !is_starting {
            for (ticket, waker) in std::mem::take(&mut line.waiting) {
                line.settled.insert(ticket, occupant.outcome());
                wakers.extend(waker);
            }
        }
        let published = publish(occupant);
        drop(line);
        wakers.into_iter().for_each(Waker::wake);
        published
    }

    /// Runs `change` while nobody else changes the slot. It must not change what those who are
    /// held wait for.
    pub(super) fn locked<T>(&self, change: impl FnOnce() -> T) -> T {
        let _line = lock(&self.0);
        change()
    }
}

impl Occupant {
    fn outcome(&self) -> Outcome {
        let generation = match self {
            Self::Closed(state) => return Err(*state),
            Self::Open(generation) => generation,
            Self::Split(split) => split.next(),
        };
        match generation.gate.enter() {
            Some(permit) => Ok(Admission {
                permit,
                generation: Arc::clone(generation),
            }),
            None => Err(PluginState::Unloading),
        }
    }
}

impl RawSlot {
    /// A place in the queue, as one of `max_held` at most. Where the slot is open after all, it
    /// is one that was let in at once.
    pub(crate) fn queue(self: &Arc<Self>, max_held: usize) -> Result<Place, NotHeld> {
        let mut line = lock(&self.queue.0);
        let ticket = line.next;
        self.wait_in(&mut line, ticket, max_held)?;
        line.next += 1;
        drop(line);
        Ok(Place {
            slot: Arc::clone(self),
            ticket,
        })
    }

    /// Under the lock nobody changes the slot: what it says here, it says until `settle`.
    fn wait_in(&self, line: &mut Line, ticket: u64, max_held: usize) -> Result<(), NotHeld> {
        match self.admit() {
            Ok(admission) => {
                line.settled.insert(ticket, Ok(admission));
                Ok(())
            }
            Err(state) if !state.is_starting() => Err(NotHeld::Closed(state)),
            Err(state) if line.waiting.len() >= max_held => Err(NotHeld::Full(state)),
            Err(_) => {
                line.waiting.insert(ticket, None);
                Ok(())
            }
        }
    }
}

/// One place in the queue. Dropping it gives it back.
pub(crate) struct Place {
    slot: Arc<RawSlot>,
    ticket: u64,
}

impl Place {
    pub(crate) fn slot(&self) -> &RawSlot {
        &self.slot
    }

    pub(crate) fn poll_turn(&mut self, cx: &Context<'_>) -> Poll<Outcome> {
        let mut line = lock(&self.slot.queue.0);
        if let Some(outcome) = line.settled.remove(&self.ticket) {
            return Poll::Ready(outcome);
        }
        let waker = line.waiting.get_mut(&self.ticket);
        let waker = waker.expect("polled after completion");
        let replaced = match waker {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            waker => waker.replace(cx.waker().clone()),
        };
        // Outside the lock: the last waker of a task may drop the task, and with it a place.
        drop(line);
        drop(replaced);
        Poll::Pending
    }

    /// Leaves the queue, with what was decided meanwhile.
    pub(crate) fn give_up(&mut self) -> Option<Outcome> {
        let mut line = lock(&self.slot.queue.0);
        let waker = line.waiting.remove(&self.ticket);
        let outcome = line.settled.remove(&self.ticket);
        drop(line);
        drop(waker);
        outcome
    }

    /// Waits again, ahead of everybody who came later.
    pub(crate) fn rejoin(&mut self, max_held: usize) -> Result<(), NotHeld> {
        drop(self.give_up());
        let mut line = lock(&self.slot.queue.0);
        self.slot.wait_in(&mut line, self.ticket, max_held)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.give_up());
    }
}
