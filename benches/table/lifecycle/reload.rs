use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tower_plugin::{BoxError, PluginManager, ReloadStrategy, plugin_fn};

use super::{name, one_thread, register, threads};
use crate::report::Report;
use crate::rounds::Spread;

const PLUGINS: usize = 1000;
/// From the fastest plugin to start to the slowest.
const STARTS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(50)];

pub(super) fn measure(report: &mut Report) {
    let alone = single(report, &one_thread());
    report.at_most("no-op reload by Replace, one thread", alone, 100.0, " us");
    let runtime = threads();
    let spread = single(report, &runtime);
    report.at_most("no-op reload by Replace", spread, 100.0, " us");

    for slowest in STARTS {
        let (manager, plugins) = (PluginManager::new(), PLUGINS);
        let rounds = report.rounds(10);
        let (alone, together) = runtime.block_on(async {
            register_slow(&manager, plugins, slowest).await;
            let mut alone = Duration::ZERO;
            for number in (0..plugins).rev().take(20) {
                alone = alone.max(reload(&manager, number).await);
            }
            let mut together = Vec::new();
            for _ in 0..rounds {
                together.push(reload_all(&manager, plugins).await.as_secs_f64() * 1e3);
            }
            (alone, Spread::of(together))
        });
        let limit = alone.as_secs_f64() * 3e3 + 100.0;
        let slowest = slowest.as_millis();
        report.at_most(
            &format!("1,000 reloads at once, starts of up to {slowest} ms; limit 3 x the slowest alone + 100 ms"),
            together,
            limit.round(),
            " ms",
        );
    }
}

fn single(report: &Report, runtime: &Runtime) -> Spread {
    let manager = PluginManager::new();
    let rounds = report.rounds(5000);
    runtime.block_on(async {
        register(&manager, 1).await;
        let manager = manager.clone();
        // In a task, as whoever reloads is one of those on the runtime's threads.
        let reloads = tokio::spawn(async move {
            let mut micros = Vec::with_capacity(rounds);
            for _ in 0..rounds {
                micros.push(reload(&manager, 0).await.as_secs_f64() * 1e6);
            }
            micros
        });
        Spread::of(reloads.await.unwrap())
    })
}

async fn register_slow(manager: &PluginManager, plugins: usize, slowest: Duration) {
    for number in 0..plugins {
        let takes = slowest * u32::try_from(number).unwrap() / u32::try_from(plugins).unwrap();
        let plugin = plugin_fn(move |()| async move {
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            Ok::<_, BoxError>(())
        });
        let registration = manager.register(name(number), plugin);
        tokio::spawn(async { registration.strategy(ReloadStrategy::Replace).await });
    }
    while manager.status().plugin_system.active_plugins < plugins {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn reload(manager: &PluginManager, number: usize) -> Duration {
    let name = name(number);
    let start = Instant::now();
    manager.reload(&name).await.unwrap();
    start.elapsed()
}

async fn reload_all(manager: &PluginManager, plugins: usize) -> Duration {
    let mut reloads = JoinSet::new();
    let start = Instant::now();
    for number in 0..plugins {
        let manager = manager.clone();
        reloads.spawn(async move { reload(&manager, number).await });
    }
    while let Some(reloaded) = reloads.join_next().await {
        reloaded.unwrap();
    }
    start.elapsed()
}
