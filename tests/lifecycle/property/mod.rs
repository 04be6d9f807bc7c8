//! Random operators, clients and hooks, and what is true whatever they do.
//!
//! | file | part |
//! | --- | --- |
//! | `step.rs` | what may happen |
//! | `draw.rs` | how it is made up |
//! | `world.rs` | has it happen |
//! | `register.rs` | registering plugins that depend on each other |
//! | `ask.rs`, `group.rs` | operators, who ask for one plugin or for several |
//! | `settle.rs` | until nothing is under way any more, and the end |
//! | `life.rs` | one registration, as it should be |
//! | `guest.rs` | who is inside a plugin |
//! | `noted.rs` | a plugin that looks after those that it depends on |
//! | `witness.rs` | somebody who reads the journal |
//! | `check/` | what must be true of it |
//! | `known.rs` | what went wrong once, or would seldom |
//! | `stress.rs` | the same on many threads |

mod ask;
mod check;
mod draw;
mod group;
mod guest;
mod known;
mod life;
mod noted;
mod register;
mod settle;
mod step;
mod stress;
mod witness;
mod world;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tokio::time::timeout;
use tower_plugin::{OperationInfo, OperationPhase};

use step::{Begin, End, Step};
use world::World;

/// Time is paused and there is one thread, so that the same steps do the same each time.
fn play(begin: Begin, steps: Vec<Step>, end: End) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(begin);
        let manager = world.manager.clone();
        let played = async {
            for step in steps {
                world.take(step).await;
                world.look().await;
            }
            world.end(end).await;
        };
        // Where nothing is left that could happen, it passes at once.
        let ended = timeout(Duration::from_secs(30_000), played).await;
        let is_under_way = |it: &OperationInfo| it.phase != OperationPhase::Done;
        let mut left = manager.operations();
        left.retain(is_under_way);
        assert!(ended.is_ok(), "somebody waits for ever, with {left:?}");
    });
}

fn config() -> ProptestConfig {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/lifecycle/property/regressions.txt"
    );
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(path))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn lifecycle_never_ends_half_done(
        begin in draw::begin(),
        steps in draw::steps(),
        end in draw::end(),
    ) {
        play(begin, steps, end);
    }
}
