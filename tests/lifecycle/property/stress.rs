//! The same on real threads and in real time, where what happens is not in the test's hand: less
//! can be said, but of what never meets on one thread.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::prelude::RngCore;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use tower_plugin::gate::Share;
use tower_plugin::{
    OperationPhase, Outcome, PluginHandle, PluginManager, PluginState, ReloadReport, ReloadStrategy,
};

use super::check;
use super::witness::Witness;
use super::world::heal;
use crate::scenario::{Act, Instance, Script, Scripted};

const PLUGINS: usize = 3;
const OPERATORS: u64 = 4;
/// Each of them, or as many as there is time for.
const COMMANDS: usize = 150;
const TIME: Duration = Duration::from_secs(2);
/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(60);

/// A plugin, and the config of each version that was reported as applied.
struct Seat {
    handle: PluginHandle<Instance>,
    script: Arc<Script>,
    applied: Mutex<BTreeMap<u64, Value>>,
}

impl Seat {
    fn note(&self, report: &ReloadReport, config: Value) {
        if report.outcome == Outcome::Applied {
            let other = self.applied.lock().unwrap().insert(report.version, config);
            assert_eq!(other, None, "version {} twice", report.version);
        }
    }
}

fn short(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

async fn seats(manager: &PluginManager) -> Vec<Seat> {
    let mut seats = Vec::new();
    for number in 0..PLUGINS {
        let script = Script::new();
        let plugin = manager.register(format!("p{number}"), Scripted(script.clone()));
        let strategy = match number {
            0 => ReloadStrategy::Recreate,
            _ => ReloadStrategy::Replace,
        };
        let on = (0..number).map(|on| format!("p{on}"));
        let plugin = plugin.strategy(strategy).depends_on(on);
        seats.push(Seat {
            handle: plugin.config(json!({"value": 0})).await.unwrap(),
            script,
            applied: Mutex::default(),
        });
    }
    seats
}

/// Does one thing after the other, each by chance.
async fn operate(manager: &PluginManager, seats: &[Seat], mut random: TestRng) {
    let until = Instant::now() + TIME;
    let mut below = move |limit: u64| random.next_u64() % limit;
    for _ in 0..COMMANDS {
        if Instant::now() > until {
            return;
        }
        let seat = &seats[below(PLUGINS as u64) as usize];
        let name = seat.handle.name();
        let wait = short(below(2) * 50);
        let config = json!({"value": below(1000)});
        let hangs_up = short(below(10));
        match below(16) {
            0..3 => drop(manager.reload(name).wait(wait).await),
            3..6 => {
                let update = manager.update_config(name, config.clone()).wait(wait);
                if let Ok(report) = update.await {
                    seat.note(&report, config);
                }
            }
            6 => drop(manager.disable(name).wait(wait).await),
            7 | 8 => drop(manager.enable(name).wait(wait).await),
            9 => {
                let canary = manager.reload(name).canary(Share::new(50).unwrap());
                let canary = canary.probation(short(20)).wait(wait).into_future();
                drop(tokio::time::timeout(hangs_up, canary).await);
            }
            10 => drop(manager.promote(name).await),
            11 => drop(manager.abort(name).await),
            12 => {
                let all = manager.reload_all().all_or_nothing().wait(wait);
                if let Ok(report) = all.await {
                    let applied = report.results.iter().filter(|it| it.is_applied()).count();
                    let failed = report.results.iter().any(|it| it.is_failure());
                    assert!(applied == 0 || !failed, "{report:?}");
                }
            }
            13 => drop(manager.reload(name).wait(wait).cascade().await),
            14 => drop(manager.update_config(name, config).dry_run().await),
            _ => {
                let act = match below(4) {
                    0 => Act::Fail("no luck"),
                    1 => Act::Panic("no luck"),
                    2 => Act::Hang,
                    _ => Act::Slow(hangs_up),
                };
                match below(3) {
                    0 => seat.script.next_starts([act]),
                    1 => seat.script.next_checks([act]),
                    _ => seat.script.next_stops([act]),
                }
            }
        }
    }
}

/// Comes and goes, and never meets an instance that was stopped before.
async fn visit(seats: &[Seat], ended: &AtomicBool, mut random: TestRng) {
    while !ended.load(SeqCst) {
        let seat = &seats[(random.next_u64() % PLUGINS as u64) as usize];
        if let Ok(lease) = seat.handle.enter() {
            let cancelled = lease.cancelled();
            let stays = short(random.next_u64() % 3);
            let _ = tokio::time::timeout(stays, cancelled).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}

fn random(seed: u64) -> TestRng {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

/// Until so many instances are left: a hook that was given up may still end on another thread.
async fn until_left(seat: &Seat, instances: usize) {
    let until = Instant::now() + LONG;
    while seat.script.instances_alive.load(SeqCst) != instances {
        assert!(Instant::now() < until, "an instance is held for ever");
        tokio::time::sleep(short(1)).await;
    }
}

/// A machine that is busy may take longer for a hook than hooks have here.
async fn enabled(manager: &PluginManager, name: &str) -> ReloadReport {
    let until = Instant::now() + LONG;
    loop {
        match manager.enable(name).wait(LONG).await {
            Ok(report) => return report,
            Err(error) => assert!(error.is_timeout() && Instant::now() < until, "{error}"),
        }
    }
}

/// Whoever is asked serves again, with what was applied last.
async fn settle(manager: &PluginManager, seats: &[Seat]) {
    for seat in seats {
        heal(&seat.script);
        let name = seat.handle.name();
        drop(manager.disable(name).wait(LONG).await);
        let report = enabled(manager, name).await;
        assert_eq!(report.state, PluginState::Active);
        let view = manager.config(name).unwrap();
        let applied = seat.applied.lock().unwrap().clone();
        // Whoever changed a config waited for the answer.
        let numbers: Vec<u64> = applied.keys().copied().collect();
        let all: Vec<u64> = (2..=view.version.number()).collect();
        assert_eq!(numbers, all, "a version was lost");
        if let Some((_, last)) = applied.last_key_value() {
            assert_eq!(&view.config, last, "the last good config");
        }
        let value = view.config["value"].as_u64().unwrap();
        let lease = seat.handle.enter().unwrap();
        assert_eq!(u64::from(lease.instance().value), value);
        until_left(seat, 1).await;
    }
}

#[test]
fn lifecycle_never_ends_half_done_on_many_threads() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_all().build().unwrap();
    let builder = PluginManager::builder()
        .drain_timeout(short(20))
        .cancel_grace(short(500))
        .start_timeout(short(30))
        .check_timeout(short(30))
        .stop_timeout(short(30))
        .check_interval(short(5))
        .operation_capacity(1 << 16)
        .event_capacity(1 << 16);
    let manager = builder.build().unwrap();
    let ended = AtomicBool::new(false);
    let seats = runtime.block_on(seats(&manager));
    let witness = runtime.block_on(async { Witness::of_journal(&manager) });
    std::thread::scope(|scope| {
        let (manager, seats, ended, runtime) = (&manager, &seats[..], &ended, &runtime);
        for seed in 0..2 {
            scope.spawn(move || runtime.block_on(visit(seats, ended, random(100 + seed))));
        }
        let operators: Vec<_> = (0..OPERATORS)
            .map(|seed| {
                scope.spawn(move || runtime.block_on(operate(manager, seats, random(seed))))
            })
            .collect();
        let ends = operators.into_iter().map(|it| it.join());
        let ends: Vec<_> = ends.collect();
        ended.store(true, SeqCst);
        ends.into_iter().for_each(|end| end.unwrap());
    });
    runtime.block_on(async {
        settle(&manager, &seats).await;
        let report = manager.shutdown().await;
        assert_eq!(report.plugins.len(), PLUGINS);
        let order: Vec<_> = report.plugins.iter().map(|it| it.plugin.as_str()).collect();
        assert_eq!(order, ["p2", "p1", "p0"]);
        for seat in &seats {
            assert!(seat.handle.enter().is_err());
            assert_eq!(seat.handle.in_flight(), 0);
            let script = &seat.script;
            until_left(seat, 0).await;
            // One that was built just too late is only dropped.
            let built = script.instances_built.load(SeqCst);
            assert!(script.stops.load(SeqCst) <= built);
        }
        witness.until_all_is_read(&manager).await;
        witness.at_rest();
        for info in manager.operations() {
            assert_eq!(info.phase, OperationPhase::Done);
            check::ending(&info, &witness.ends_of(info.id));
        }
    });
}
