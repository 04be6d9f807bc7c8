//! Random operators, clients and hooks, and what is true whatever they do.
//!
//! | file | part |
//! | --- | --- |
//! | `step.rs` | what may happen, and how it is made up |
//! | `world.rs` | has it happen |
//! | `life.rs` | one registration, as it should be |
//! | `guest.rs` | who is inside a plugin |
//! | `check.rs` | what must be true of it |

mod check;
mod guest;
mod life;
mod step;
mod world;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tokio::time::timeout;

use step::{End, Step};
use world::World;

/// Time is paused and there is one thread, so that the same steps do the same each time.
fn play(steps: Vec<Step>, end: End) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    let played = async {
        let mut world = World::new();
        for step in steps {
            world.take(step).await;
            world.look().await;
        }
        world.end(end).await;
    };
    // Where nothing is left that could happen, it passes at once.
    let limit = Duration::from_secs(100_000);
    let ended = runtime.block_on(async { timeout(limit, played).await });
    assert!(ended.is_ok(), "somebody waits for ever");
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
        steps in proptest::collection::vec(step::step(), 1..40),
        end in step::end(),
    ) {
        play(steps, end);
    }
}
