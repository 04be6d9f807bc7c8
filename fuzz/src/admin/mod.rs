//! Requests to a live [`AdminService`](tower_plugin::admin::AdminService) over a manager with two
//! plugins whose hooks work, fail or hang as their config says.
//!
//! Whatever is asked: nothing panics, every answer has a status and a body of the contract, no
//! answer and no event tells a secret, and who only reads or is refused changes nothing.

mod body;
mod contract;
mod end;
mod op;
mod plugins;
mod request;
mod secrets;
mod twist;
mod visit;
mod wire;
mod world;

use std::cell::RefCell;
use std::sync::Arc;

use arbitrary::{Arbitrary as _, Unstructured};
use tokio::runtime::{Builder, Handle, Runtime};

use op::Op;
use world::{Access, World};

/// More steps say nothing that these did not.
const MAX_STEPS: usize = 24;

thread_local! {
    /// With a clock that jumps to the next thing to happen whenever nobody has anything to do.
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without I/O"),
    );
}

/// Input that begins with a capital letter is sent over a connection as it is. All other input
/// describes requests.
///
/// # Panics
///
/// When the service does what it must not.
pub fn run(input: &[u8]) {
    RUNTIME.with_borrow_mut(|runtime| {
        runtime.block_on(async {
            if input.first().is_some_and(u8::is_ascii_uppercase) {
                over_a_connection(input).await;
            } else {
                step_by_step(input).await;
            }
            let left = Handle::current().metrics().num_alive_tasks();
            assert_eq!(left, 0, "tasks that nobody needs any more");
        });
    });
}

async fn over_a_connection(input: &[u8]) {
    let world = Arc::new(World::open(input, Access::Loopback).await);
    wire::send(Arc::clone(&world), input).await;
    world.settle().await;
    let world = Arc::into_inner(world).expect("the connection has ended");
    world.close().await;
}

async fn step_by_step(input: &[u8]) {
    let Ok(ops) = Vec::<Op<'_>>::arbitrary_take_rest(Unstructured::new(input)) else {
        return;
    };
    let mut world = World::open(input, Access::Tokens).await;
    for op in ops.into_iter().take(MAX_STEPS) {
        world.step(op).await;
    }
    world.close().await;
}
