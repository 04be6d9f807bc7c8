use std::pin::Pin;
use std::task::Context;

use tower_plugin::gate::{Drained, Watch};

use super::model::{GenerationId, Model};
use super::op::{Pick, Task};
use super::waiter::Waiter;
use super::world::World;

const MAX_WAITING: usize = 32;

/// Somebody who waits for a generation to be drained.
pub(super) struct Awaiting {
    pub(super) generation: GenerationId,
    drained: Drained,
    pub(super) waiter: Waiter,
}

impl Awaiting {
    pub(super) fn poll(&mut self, model: &Model, task: Task) {
        let waker = self.waiter.waker(task);
        let polled = Pin::new(&mut self.drained).poll(&mut Context::from_waker(&waker));
        let is_drained = model.generations[self.generation].is_drained();
        assert_eq!(polled.is_ready(), is_drained, "end of a drain");
        if polled.is_pending() {
            self.waiter.arm();
        }
    }
}

/// Somebody who waits for the slot to change.
pub(super) struct Watching {
    watch: Watch,
    seen: u64,
    pub(super) waiter: Waiter,
}

impl World {
    pub(super) fn await_drained(&mut self, generation: GenerationId) {
        if self.awaiting.len() < MAX_WAITING {
            let mut awaiting = Awaiting {
                generation,
                drained: self.generations[generation].gate().drained(),
                waiter: Waiter::default(),
            };
            awaiting.poll(&self.model, Task::New);
            self.awaiting.push(awaiting);
        }
    }

    pub(super) fn poll_drained(&mut self, pick: Pick, task: Task) {
        if let Some(place) = pick.of(self.awaiting.len()) {
            self.awaiting[place].poll(&self.model, task);
        }
    }

    pub(super) fn forget_drained(&mut self, pick: Pick) {
        if let Some(place) = pick.of(self.awaiting.len()) {
            let Awaiting {
                drained, waiter, ..
            } = self.awaiting.swap_remove(place);
            drop(drained);
            waiter.check("the end of a drain");
        }
    }

    pub(super) fn await_change(&mut self) {
        if self.watching.len() < MAX_WAITING {
            self.watching.push(Watching {
                watch: self.slot.watch(),
                seen: self.slot.version(),
                waiter: Waiter::default(),
            });
        }
    }

    pub(super) fn poll_change(&mut self, pick: Pick, task: Task) {
        let Some(place) = pick.of(self.watching.len()) else {
            return;
        };
        let Watching {
            watch,
            seen,
            waiter,
        } = &mut self.watching[place];
        let waker = waiter.waker(task);
        let polled = watch.poll_changed(*seen, &mut Context::from_waker(&waker));
        let has_changed = self.slot.version() != *seen;
        assert_eq!(polled.is_ready(), has_changed, "change of the slot");
        if has_changed {
            waiter.disarm();
            *seen = self.slot.version();
        } else {
            waiter.arm();
        }
    }

    pub(super) fn forget_change(&mut self, pick: Pick) {
        if let Some(place) = pick.of(self.watching.len()) {
            self.watching.swap_remove(place);
        }
    }
}
