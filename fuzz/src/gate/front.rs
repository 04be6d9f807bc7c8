use std::task::{Context, Poll};

use http::Request;
use tower_plugin::{PluginState, Rejected};
use tower_service::Service as _;

use super::entrance::request;
use super::insider::{Insider, What};
use super::model::{Exit, GenerationId};
use super::op::{FrontOp, Protocol, Task, Way};
use super::waiter::Waiter;
use super::world::World;

/// A service, or a door, and whether it may be called.
pub(super) struct Front<S> {
    service: S,
    readiness: Readiness,
    pub(super) waiter: Waiter,
}

#[derive(Debug, Clone, Copy)]
enum Readiness {
    NotReady,
    Ready,
    /// Only to reject, with this state: the service behind was not ready.
    Rejecting(PluginState),
}

impl<S: Clone> Front<S> {
    pub(super) fn new(service: S) -> Self {
        Self {
            service,
            readiness: Readiness::NotReady,
            waiter: Waiter::default(),
        }
    }

    fn renew(&mut self) {
        self.service = self.service.clone();
        self.readiness = Readiness::NotReady;
        self.waiter.disarm();
    }

    fn polled<E>(
        &mut self,
        polled: Poll<Result<(), E>>,
        inner_is_ready: bool,
        rejects: Option<PluginState>,
    ) {
        let (readiness, expected) = match rejects {
            _ if inner_is_ready => (Readiness::Ready, true),
            Some(state) => (Readiness::Rejecting(state), true),
            None => (Readiness::NotReady, false),
        };
        assert_eq!(polled.is_ready(), expected, "readiness");
        self.readiness = readiness;
        if expected {
            self.waiter.disarm();
        } else {
            self.waiter.arm();
        }
    }

    /// What must come of a call; nothing if there may be none.
    fn called(
        &mut self,
        admits: Result<GenerationId, PluginState>,
    ) -> Option<Result<GenerationId, PluginState>> {
        match std::mem::replace(&mut self.readiness, Readiness::NotReady) {
            Readiness::NotReady => None,
            Readiness::Ready => Some(admits),
            Readiness::Rejecting(state) => Some(Err(state)),
        }
    }
}

impl World {
    pub(super) fn at_service(&mut self, op: FrontOp) {
        match op {
            FrontOp::Renew => {
                self.service.renew();
                self.script.renew();
            }
            FrontOp::PollReady {
                inner_is_ready,
                task,
            } => {
                self.script.is_ready(inner_is_ready);
                let waker = self.service.waiter.waker(task);
                let mut cx = Context::from_waker(&waker);
                let service = &mut self.service.service;
                let polled = tower_service::Service::<Request<()>>::poll_ready(service, &mut cx);
                let rejects = self.model.admits().err();
                self.service.polled(polled, inner_is_ready, rejects);
            }
            FrontOp::Call(way) => self.call_service(way),
        }
    }

    fn call_service(&mut self, way: Way) {
        let Some(expected) = self.service.called(self.model.admits()) else {
            return;
        };
        let future = self.service.service.call(request(way));
        // CONNECT is no gRPC.
        let protocol = if way == Way::Connect {
            Protocol::Http
        } else {
            self.protocol
        };
        match expected {
            Ok(current) => {
                let unit = self.model.enter(current, Exit::Left);
                self.insiders.push(Insider::serving(unit, future, protocol));
                let lease = self.script.lease();
                let is_upgrade = matches!(way, Way::Upgrade | Way::Connect);
                assert_eq!(lease.is_some(), is_upgrade, "lease for the handler");
                self.handler_lease(unit, lease);
            }
            Err(state) => {
                self.model.rejected += 1;
                self.insiders
                    .push(Insider::rejected(future, state, protocol));
            }
        }
    }

    pub(super) fn at_door(&mut self, op: FrontOp) {
        match op {
            FrontOp::Renew => self.door.renew(),
            FrontOp::PollReady {
                inner_is_ready,
                task,
            } => self.poll_door(inner_is_ready, task),
            FrontOp::Call(way) => self.call_door(way),
        }
    }

    fn poll_door(&mut self, inner_is_ready: bool, task: Task) {
        let waker = self.door.waiter.waker(task);
        let mut cx = Context::from_waker(&waker);
        let inner = |_: &mut Context<'_>| match inner_is_ready {
            true => Poll::Ready(Ok::<(), ()>(())),
            false => Poll::Pending,
        };
        let polled = self.door.service.poll_ready(&mut cx, inner);
        let rejects = self.model.admits().err();
        self.door.polled(polled, inner_is_ready, rejects);
    }

    fn call_door(&mut self, way: Way) {
        let Some(expected) = self.door.called(self.model.admits()) else {
            return;
        };
        let door = &mut self.door.service;
        let rejected = &mut self.model.rejected;
        match way {
            Way::Plain => {
                if let Some((permit, current)) = agreed(door.enter(), expected, rejected) {
                    let unit = self.model.enter(current, Exit::Dropped);
                    self.insiders.push(Insider::new(unit, What::Permit(permit)));
                }
            }
            Way::Lease => {
                if let Some((lease, current)) = agreed(door.lease(), expected, rejected) {
                    let unit = self.model.enter(current, Exit::Left);
                    self.insiders
                        .push(Insider::new(unit, What::HandlerLease(lease)));
                }
            }
            Way::Upgrade | Way::Connect => {
                let mut request = request(way);
                let entered = door.enter_request(&mut request);
                if let Some((holder, current)) = agreed(entered, expected, rejected) {
                    self.serve(current, holder, request);
                }
            }
        }
    }
}

fn agreed<T>(
    entered: Result<T, Rejected>,
    expected: Result<GenerationId, PluginState>,
    rejections: &mut u64,
) -> Option<(T, GenerationId)> {
    let entered = entered.map_err(|rejected| rejected.state());
    match (entered, expected) {
        (Ok(entered), Ok(current)) => Some((entered, current)),
        (Err(state), Err(expected)) => {
            assert_eq!(state, expected, "rejection");
            *rejections += 1;
            None
        }
        (entered, expected) => {
            panic!("admitted: {:?}, expected {expected:?}", entered.map(|_| ()));
        }
    }
}
