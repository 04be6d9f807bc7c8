use tower_layer::Layer as _;
use tower_plugin::gate::{Door, Generation, PluginService, Slot};
use tower_plugin::{PluginLayer, PluginState};

use super::front::Front;
use super::insider::Insider;
use super::model::{Model, Occupant};
use super::op::{Op, Protocol};
use super::script::Scripted;
use super::waiting::{Awaiting, Watching};

pub(super) const PLUGIN: &str = "fuzz";

/// The gates and the slot under test, everybody who is in or at them, and the model.
pub(super) struct World {
    pub(super) model: Model,
    pub(super) slot: Slot<usize>,
    pub(super) generations: Vec<Generation<usize>>,
    pub(super) insiders: Vec<Insider>,
    pub(super) awaiting: Vec<Awaiting>,
    pub(super) watching: Vec<Watching>,
    pub(super) service: Front<PluginService<Scripted>>,
    pub(super) door: Front<Door>,
    pub(super) script: Scripted,
    pub(super) protocol: Protocol,
}

impl World {
    pub(super) fn new(protocol: Protocol, is_tracked: bool) -> Self {
        let slot = if is_tracked {
            Slot::tracked(PLUGIN, PluginState::Loading)
        } else {
            Slot::new(PLUGIN, PluginState::Loading)
        };
        let script = Scripted::default();
        let layer = match protocol {
            Protocol::Http => PluginLayer::new(&slot),
            Protocol::Grpc => PluginLayer::grpc(&slot),
        };
        Self {
            model: Model::new(PluginState::Loading),
            service: Front::new(layer.layer(script.clone())),
            door: Front::new(Door::new(&slot)),
            slot,
            generations: Vec::new(),
            insiders: Vec::new(),
            awaiting: Vec::new(),
            watching: Vec::new(),
            script,
            protocol,
        }
    }

    pub(super) fn step(&mut self, op: Op) {
        match op {
            Op::Open => self.open(),
            Op::OpenAgain(pick) => self.with_generation(pick, Self::open_again),
            Op::CloseSlot(state) => self.close_slot(state.into()),
            Op::CloseGate(pick) => self.with_generation(pick, Self::close_gate),
            Op::Cancel(pick) => self.with_generation(pick, Self::cancel),
            Op::CancelChildToken(pick) => self.with_generation(pick, Self::cancel_child_token),

            Op::Enter(pick, thread) => {
                self.with_generation(pick, |world, id| world.enter(id, thread));
            }
            Op::Lease(thread) => self.lease(thread),
            Op::Admit { gate, upgrade } => {
                self.with_generation(gate, |world, id| world.admit(id, upgrade));
            }
            Op::Service(op) => self.at_service(op),
            Op::Door(op) => self.at_door(op),

            Op::Clone(pick) => self.with_insider(pick, Self::clone_insider),
            Op::Listen(pick) => self.with_insider(pick, Self::listen),
            Op::Poll(pick, task, step) => {
                self.with_insider(pick, |world, insider| world.poll(insider, task, step));
            }
            Op::Complete(pick) => self.with_insider(pick, Self::complete),
            Op::Fail(pick) => self.with_insider(pick, Self::fail),
            Op::Leave(pick) => self.with_insider(pick, Self::leave),

            Op::AwaitDrained(pick) => self.with_generation(pick, Self::await_drained),
            Op::PollDrained(pick, task) => self.poll_drained(pick, task),
            Op::ForgetDrained(pick) => self.forget_drained(pick),
            Op::AwaitChange => self.await_change(),
            Op::PollChange(pick, task) => self.poll_change(pick, task),
            Op::ForgetChange(pick) => self.forget_change(pick),
        }
    }

    /// What holds after every step.
    pub(super) fn check(&self) {
        for (counts, generation) in self.model.generations.iter().zip(&self.generations) {
            let gate = generation.gate();
            assert_eq!(gate.in_flight(), counts.inside, "inside");
            assert_eq!(gate.is_closed(), counts.closed, "closed");
            assert_eq!(gate.is_drained(), counts.is_drained(), "drained");
            assert_eq!(gate.closed_on(), counts.closed_on, "closed on");
            assert_eq!(gate.cancelled_count(), counts.cut, "cancelled");
            assert_eq!(gate.token().is_cancelled(), counts.cancelled, "token");
            counts.check(gate.counters());
        }
        self.check_phases();
        let counters = self.slot.counters();
        self.model.sum().check(counters);
        assert_eq!(counters.rejected, self.model.rejected, "rejected");
        let (current, in_flight) = match self.model.slot {
            Occupant::Open(current) => (Some(current), self.model.generations[current].inside),
            Occupant::Closed(_) => (None, 0),
        };
        let generation = self.slot.generation();
        assert_eq!(generation.map(|now| *now.instance()), current, "current");
        assert_eq!(self.slot.in_flight(), in_flight, "inside the current one");
        let rejection = self.slot.rejection().map(|rejected| rejected.state());
        assert_eq!(rejection, self.model.admits().err(), "rejection");

        self.service.waiter.check("a service to be ready");
        self.door.waiter.check("a door to be ready");
        for insider in &self.insiders {
            insider.waiter.check("cancellation");
        }
        for awaiting in &self.awaiting {
            awaiting.waiter.check("the end of a drain");
        }
        for watching in &self.watching {
            watching.waiter.check("a change of the slot");
        }
    }

    /// Everybody leaves and the slot is closed: nothing is left over.
    pub(super) fn finish(mut self) {
        self.close_slot(PluginState::Unloading);
        for generation in 0..self.generations.len() {
            self.close_gate(generation);
            self.await_drained(generation);
        }
        while !self.insiders.is_empty() {
            self.leave(self.insiders.len() - 1);
            self.check();
        }
        for generation in &self.generations {
            assert!(generation.gate().is_drained(), "everybody has left");
        }
        for awaiting in &mut self.awaiting {
            awaiting.poll(&self.model, super::op::Task::Same);
        }
    }
}
