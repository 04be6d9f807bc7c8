use std::time::Instant;

use allocation_counter::measure as count;
use tokio::runtime::Runtime;
use tower_plugin::PluginManager;

use super::{MANY, one_thread, register, register_at_once, threads};
use crate::report::Report;
use crate::rounds::Spread;

pub(super) fn measure(report: &mut Report) {
    let rounds = report.rounds(10);
    let seconds = |build: fn() -> Runtime, at_once: bool| {
        Spread::of((0..rounds).map(|_| {
            let (runtime, manager) = (build(), PluginManager::new());
            runtime.block_on(async {
                let start = Instant::now();
                if at_once {
                    register_at_once(&manager, MANY).await;
                } else {
                    register(&manager, MANY).await;
                }
                start.elapsed().as_secs_f64()
            })
        }))
    };
    let alone = seconds(one_thread, false);
    report.at_most(
        "registering 10,000 plugins, one after the other, one thread",
        alone,
        1.0,
        " s",
    );
    let (in_turn, at_once) = (seconds(threads, false), seconds(threads, true));
    report.at_most(
        "registering 10,000 plugins, one after the other",
        in_turn,
        1.0,
        " s",
    );
    report.at_most(
        "registering 10,000 plugins, all at once",
        at_once,
        1.0,
        " s",
    );

    // On one thread, for allocations are counted by thread.
    let runtime = one_thread();
    let manager = PluginManager::new();
    let counted = count(|| {
        runtime.block_on(async {
            register(&manager, MANY).await;
            // So that everything that was spawned has run.
            tokio::task::yield_now().await;
        });
    });
    let each = counted.bytes_current as f64 / MANY as f64 / 1024.0;
    let blocks = counted.count_current as f64 / MANY as f64;
    report.judge(
        "memory of a registered plugin, with all that is shared",
        &format!("{each:.2} KiB in {blocks:.1} blocks"),
        "at most 8 KiB",
        each <= 8.0,
    );
}
