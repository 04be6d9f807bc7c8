//! Sequences of operations on gates and a slot, each checked against a model that counts with
//! plain numbers.
//!
//! After every step, for every generation there ever was: the gate counts who is inside, nobody
//! came in after it was closed, it is drained exactly when it is closed and empty, what it tells of
//! those inside is so, and whoever waits for something has been woken once, by that and nothing
//! else.

mod answer;
mod entrance;
mod front;
mod generation;
mod insider;
mod model;
mod op;
mod phase;
mod poll;
mod script;
mod thread;
mod waiter;
mod waiting;
mod world;

pub use op::Input;

/// More steps say nothing that these did not.
const MAX_STEPS: usize = 400;

/// Runs the operations one by one, then lets everybody leave: once with a plugin whose requests are
/// only counted, and once with one whose requests are tracked.
///
/// # Panics
///
/// When what is there is not what the model says.
pub fn run(input: Input) {
    for is_tracked in [false, true] {
        let mut world = world::World::new(input.protocol, is_tracked);
        for op in input.ops.iter().take(MAX_STEPS) {
            world.step(*op);
            world.check();
        }
        world.finish();
    }
}
