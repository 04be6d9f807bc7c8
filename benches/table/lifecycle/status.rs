use std::time::{Duration, Instant};

use tower_plugin::{BoxError, PluginManager, ReloadStrategy, plugin_fn};

use super::{MANY, register, threads};
use crate::report::Report;
use crate::rounds::{Spread, quantile};

/// Reads in a row, idle or during a drain.
const READS: usize = 40;

pub(super) fn measure(report: &mut Report) {
    let (runtime, manager) = (threads(), PluginManager::new());
    let drain = runtime.block_on(async {
        register(&manager, MANY).await;
        let plugin = plugin_fn(|()| async { Ok::<_, BoxError>(()) });
        let registration = manager.register("draining", plugin);
        let registration = registration.strategy(ReloadStrategy::Replace);
        registration.drain_timeout(Duration::from_secs(60)).await
    });
    let draining = drain.unwrap();
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..report.rounds(25) {
        for busy in if round % 2 == 0 {
            [false, true]
        } else {
            [true, false]
        } {
            let drain = busy.then(|| {
                let lease = draining.enter().unwrap();
                let (generation, manager) = (draining.generation(), manager.clone());
                let drain = runtime.spawn(async move { manager.reload("draining").await });
                while draining.generation() == generation {
                    std::thread::yield_now();
                }
                (lease, drain)
            });
            for _ in 0..READS {
                let start = Instant::now();
                let status = manager.status();
                took[usize::from(busy)].push(start.elapsed().as_secs_f64() * 1e3);
                assert_eq!(status.plugin_system.total_plugins, MANY + 1);
                assert_eq!(status.plugin_system.active_requests, usize::from(busy));
            }
            if let Some((lease, drain)) = drain {
                drop(lease);
                runtime.block_on(drain).unwrap().unwrap();
            }
        }
    }
    let idle = Spread::of(took[0].iter().copied());
    report.at_most("status() of 10,000 plugins", idle, 10.0, " ms");
    let [idle, busy] = took.map(|mut took| {
        took.sort_by(f64::total_cmp);
        quantile(&took, 0.99)
    });
    report.judge(
        "status() of 10,000 plugins while one is drained for 60 s, p99",
        &format!("{busy:.2} ms, {idle:.2} ms when none is"),
        "at most twice that",
        busy <= 2.0 * idle,
    );
}
