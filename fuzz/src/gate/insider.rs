use std::pin::Pin;

use tower_plugin::gate::{Permit, ResponseFuture};
use tower_plugin::{Lease, PluginState, RequestPhase, ResponseBody};

use super::model::{Exit, UnitId};
use super::op::{Pick, Protocol};
use super::script::{ScriptedBody, ScriptedFuture};
use super::waiter::Waiter;
use super::world::World;

const MAX_INSIDERS: usize = 64;

/// Somebody who is inside, or was turned away, and what they hold.
pub(super) struct Insider {
    /// What they are counted as; none once they are out.
    pub(super) unit: Option<UnitId>,
    pub(super) what: What,
    pub(super) waiter: Waiter,
}

pub(super) type Head = Pin<Box<ResponseFuture<ScriptedFuture>>>;
pub(super) type Body = Pin<Box<ResponseBody<ScriptedBody>>>;

pub(super) enum What {
    Permit(Permit),
    Lease(Lease<usize>),
    /// Of a type that is not known yet.
    HandlerLease(Lease),
    /// For as long as this is pending, it holds a permit or a lease.
    Listening(Pin<Box<dyn Future<Output = ()>>>, RequestPhase),
    Head(Head, Protocol),
    Rejected(Head, PluginState, Protocol),
    /// And how it is counted if it ends well.
    Body(Body, Protocol, Exit),
}

impl Insider {
    pub(super) fn new(unit: UnitId, what: What) -> Self {
        Self {
            unit: Some(unit),
            what,
            waiter: Waiter::default(),
        }
    }

    pub(super) fn serving(
        unit: UnitId,
        future: ResponseFuture<ScriptedFuture>,
        protocol: Protocol,
    ) -> Self {
        Self::new(unit, What::Head(Box::pin(future), protocol))
    }

    pub(super) fn rejected(
        future: ResponseFuture<ScriptedFuture>,
        state: PluginState,
        protocol: Protocol,
    ) -> Self {
        Self {
            unit: None,
            what: What::Rejected(Box::pin(future), state, protocol),
            waiter: Waiter::default(),
        }
    }
}

/// What those do who are inside, but for being polled.
impl World {
    pub(super) fn with_insider(&mut self, pick: Pick, work: impl FnOnce(&mut Self, usize)) {
        if let Some(insider) = pick.of(self.insiders.len()) {
            work(self, insider);
        }
    }

    /// A second permit is counted by itself, a second lease is not.
    pub(super) fn clone_insider(&mut self, insider: usize) {
        let insider = &self.insiders[insider];
        let (Some(unit), true) = (insider.unit, self.insiders.len() < MAX_INSIDERS) else {
            return;
        };
        let (unit, what) = match &insider.what {
            What::Permit(permit) => {
                let permit = permit.clone();
                (
                    self.model.enter(self.model.of(unit), Exit::Dropped),
                    What::Permit(permit),
                )
            }
            What::Lease(lease) => {
                self.model.hold(unit);
                (unit, What::Lease(lease.clone()))
            }
            What::HandlerLease(lease) => {
                self.model.hold(unit);
                (unit, What::HandlerLease(lease.clone()))
            }
            _ => return,
        };
        self.insiders.push(Insider::new(unit, what));
    }

    /// From now on they do nothing but wait to be told to go. Who waits already goes on as before.
    pub(super) fn listen(&mut self, insider: usize) {
        if self.insiders[insider].waiter.is_armed() {
            return;
        }
        let insider = self.insiders.swap_remove(insider);
        let what = match insider.what {
            What::Permit(permit) => {
                let listening = async move { permit.cancelled().await };
                What::Listening(Box::pin(listening), RequestPhase::Head)
            }
            What::Lease(lease) => {
                let listening = async move { lease.cancelled().await };
                What::Listening(Box::pin(listening), RequestPhase::Upgraded)
            }
            What::HandlerLease(lease) => {
                let lease = lease.downcast::<String>().expect_err("no string");
                What::Lease(lease.downcast().expect("the type of the slot"))
            }
            other => other,
        };
        self.insiders.push(Insider { what, ..insider });
    }

    pub(super) fn complete(&mut self, insider: usize) {
        let Insider { unit, what, waiter } = self.insiders.swap_remove(insider);
        match what {
            What::Permit(permit) => permit.complete(),
            What::Lease(lease) => lease.complete(),
            What::HandlerLease(lease) => lease.complete(),
            what => return self.insiders.push(Insider { unit, what, waiter }),
        }
        self.out(unit, Some(Exit::Completed));
    }

    pub(super) fn fail(&mut self, insider: usize) {
        let Insider { unit, what, waiter } = self.insiders.swap_remove(insider);
        match what {
            What::Permit(permit) => permit.fail(),
            what => return self.insiders.push(Insider { unit, what, waiter }),
        }
        self.out(unit, Some(Exit::Failed));
    }

    pub(super) fn leave(&mut self, insider: usize) {
        let Insider { unit, what, waiter } = self.insiders.swap_remove(insider);
        // A response that is dropped says so, as one that ends does.
        let exit = matches!(what, What::Head(..) | What::Body(..)).then_some(Exit::Dropped);
        drop(what);
        self.out(unit, exit);
        waiter.check("cancellation");
    }

    /// Whoever was counted as `unit` has gone.
    pub(super) fn out(&mut self, unit: Option<UnitId>, exit: Option<Exit>) {
        let drained = unit.and_then(|unit| self.model.release(unit, exit));
        if let Some(generation) = drained {
            self.drained(generation);
        }
    }
}
