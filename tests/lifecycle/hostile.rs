//! Hooks that do the worst they can.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;
use tower_plugin::{
    BoxError, Health, Outcome, Plugin, PluginManager, PluginState, ReloadStrategy, StartContext,
};

use crate::scenario::{Act, Script, Scripted};

/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(20);

/// Blocks its thread in one of its hooks, until told otherwise.
struct Blocking {
    hook: &'static str,
    entered: Sender<()>,
    release: Mutex<Receiver<()>>,
    calls: AtomicUsize,
}

impl Blocking {
    fn block(&self, hook: &str) {
        // The first time around everything goes well.
        if self.hook == hook && self.calls.fetch_add(1, SeqCst) > 0 {
            self.entered.send(()).unwrap();
            let _ = lock(&self.release).recv();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Plugin for Blocking {
    type Config = ();
    type Instance = ();

    async fn start(&self, (): (), _cx: StartContext) -> Result<(), BoxError> {
        self.block("start");
        Ok(())
    }

    async fn check(&self, (): &()) -> Health {
        self.block("check");
        Health::healthy()
    }

    async fn stop(&self, _: Arc<()>) -> Result<(), BoxError> {
        self.calls.fetch_add(1, SeqCst);
        self.block("stop");
        Ok(())
    }
}

#[test]
fn more_blocked_hooks_than_threads_block_no_read_and_no_other_plugin() {
    for hook in ["start", "check", "stop"] {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        let (entered, entries) = channel();
        let mut releases = Vec::new();
        runtime.block_on(async {
            let manager = PluginManager::new();
            let other = Scripted(Script::new());
            manager.register("other", other).await.unwrap();
            let mut reloads = Vec::new();
            for number in 0..5 {
                let (release, released) = channel();
                releases.push(release);
                let plugin = Blocking {
                    hook,
                    entered: entered.clone(),
                    release: Mutex::new(released),
                    calls: AtomicUsize::new(0),
                };
                let name = format!("blocked{number}");
                manager.register(&*name, plugin).await.unwrap();
                reloads.push(manager.reload(&name).start().unwrap());
            }
            for _ in 0..5 {
                let entries = &entries;
                tokio::task::block_in_place(|| entries.recv_timeout(LONG).unwrap());
            }
            // In tasks, that is on the threads that there are.
            let reads = tokio::spawn({
                let manager = manager.clone();
                async move {
                    assert_eq!(manager.status().plugin_system.total_plugins, 6);
                    assert_eq!(manager.health().plugins.len(), 6);
                    manager.reload("other").await.unwrap().generation
                }
            });
            let reads = timeout(LONG, reads).await;
            assert_eq!(reads.expect("nothing is blocked").unwrap(), 2, "{hook}");
            releases.clear();
            for reload in reloads {
                let reload = timeout(LONG, reload.into_future()).await;
                let report = reload.expect("it is released").unwrap();
                assert_eq!(report.outcome, Outcome::Applied, "{hook}");
            }
        });
    }
}

#[test]
fn hook_that_blocks_its_thread_for_ever_is_given_up() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let (entered, _entries) = channel();
    let (release, released) = channel();
    let error = runtime.block_on(async {
        let manager = PluginManager::new();
        let plugin = Blocking {
            hook: "start",
            entered,
            release: Mutex::new(released),
            calls: AtomicUsize::new(0),
        };
        let registration = manager.register("p", plugin);
        let registration = registration.strategy(ReloadStrategy::Replace);
        let short = Duration::from_millis(50);
        let plugin = registration.start_timeout(short).await.unwrap();
        let reload = tokio::spawn(manager.reload("p").into_future());
        let reload = timeout(LONG, reload).await.expect("it is given up");
        assert_eq!(
            (plugin.state(), plugin.generation()),
            (PluginState::Active, 1)
        );
        reload.unwrap().unwrap_err()
    });
    assert!(error.is_timeout(), "{error}");
    drop(release);
}

/// Panics when it is dropped, as often as it is told to.
struct Bomb(Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        let left = self
            .0
            .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        assert!(left.is_err(), "it was dropped");
    }
}

struct Evil(#[expect(dead_code, reason = "only dropped")] Bomb);

impl fmt::Debug for Evil {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it was shown")
    }
}

impl fmt::Display for Evil {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("it was shown")
    }
}

impl std::error::Error for Evil {}

/// Where in the next start or stop the bomb is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Nowhere,
    Instance,
    Future,
    Error,
    Payload,
    StopFuture,
    StopError,
}

struct Mined {
    place: Mutex<Place>,
    bombs: Arc<AtomicUsize>,
}

impl Mined {
    fn bomb(&self, at: Place) -> Option<Bomb> {
        let mut place = lock(&self.place);
        (*place == at).then(|| {
            *place = Place::Nowhere;
            self.bombs.store(1, SeqCst);
            Bomb(Arc::clone(&self.bombs))
        })
    }
}

#[derive(Default, Deserialize)]
struct MinedConfig {
    #[serde(default, rename = "value")]
    _value: Trap,
}

#[derive(Default)]
struct Trap;

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            666 => panic!("a number of the beast"),
            _ => Ok(Self),
        }
    }
}

#[derive(Clone)]
struct Shared(Arc<Mined>);

impl Plugin for Shared {
    type Config = MinedConfig;
    type Instance = Option<Bomb>;

    async fn start(&self, _: MinedConfig, _: StartContext) -> Result<Option<Bomb>, BoxError> {
        if let Some(bomb) = self.0.bomb(Place::Error) {
            return Err(Box::new(Evil(bomb)));
        }
        if let Some(bomb) = self.0.bomb(Place::Payload) {
            std::panic::panic_any(bomb);
        }
        if let Some(bomb) = self.0.bomb(Place::Future) {
            std::future::pending::<()>().await;
            drop(bomb);
        }
        Ok(self.0.bomb(Place::Instance))
    }

    async fn stop(&self, _: Arc<Option<Bomb>>) -> Result<(), BoxError> {
        if let Some(bomb) = self.0.bomb(Place::StopError) {
            return Err(Box::new(Evil(bomb)));
        }
        if let Some(bomb) = self.0.bomb(Place::StopFuture) {
            std::future::pending::<()>().await;
            drop(bomb);
        }
        Ok(())
    }
}

async fn survives(place: Place, strategy: ReloadStrategy, limit: Duration) {
    // So that nothing but the operation itself keeps what came of it.
    let manager = PluginManager::builder().operation_capacity(0);
    let manager = manager.build().unwrap();
    let mined = Arc::new(Mined {
        place: Mutex::new(Place::Nowhere),
        bombs: Arc::default(),
    });
    let registration = manager
        .register("p", Shared(Arc::clone(&mined)))
        .strategy(strategy);
    let registration = registration.start_timeout(limit);
    let registration = registration.stop_timeout(limit);
    let plugin = registration.await.unwrap();
    *lock(&mined.place) = place;
    // What it comes to differs; that it comes to something, and that the next one does, does not.
    for _ in 0..2 {
        let reload = timeout(LONG, manager.reload("p").into_future()).await;
        drop(reload.unwrap_or_else(|_| panic!("{place:?} with {strategy:?} hangs")));
    }
    manager.enable("p").await.unwrap();
    assert_eq!(
        plugin.state(),
        PluginState::Active,
        "{place:?} with {strategy:?}"
    );
    let report = manager.reload("p").await.unwrap();
    assert_eq!(report.stop_error, None, "{place:?} with {strategy:?}");
    assert_eq!(mined.bombs.load(SeqCst), 0, "{place:?} did not go off");
}

const PLACES: [Place; 6] = [
    Place::Instance,
    Place::Future,
    Place::Error,
    Place::Payload,
    Place::StopFuture,
    Place::StopError,
];

#[tokio::test(start_paused = true)]
async fn panic_while_something_is_dropped_ends_nothing() {
    for place in PLACES {
        for strategy in [ReloadStrategy::Recreate, ReloadStrategy::Replace] {
            survives(place, strategy, Duration::from_secs(1)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_while_something_is_dropped_ends_nothing_on_many_threads() {
    for place in PLACES {
        // Real time: long enough for a busy machine, as some places only go off once it is over.
        survives(place, ReloadStrategy::Replace, Duration::from_millis(500)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn config_type_that_panics_refuses_the_config_and_fails_the_registration() {
    let manager = PluginManager::new();
    let mined = || {
        Shared(Arc::new(Mined {
            place: Mutex::new(Place::Nowhere),
            bombs: Arc::default(),
        }))
    };
    let plugin = manager.register("p", mined()).await.unwrap();
    let put = manager.update_config("p", json!({"value": 666}));
    let refused = put.await.unwrap_err();
    let told = refused.config_error().unwrap().to_string();
    assert!(told.contains("a number of the beast"), "{told}");
    assert_eq!(
        (plugin.state(), plugin.generation()),
        (PluginState::Active, 1)
    );

    let broken = manager.register("q", mined());
    let broken = broken.config(json!({"value": 666})).await.unwrap();
    assert_eq!(broken.state(), PluginState::Failed);
    let told = broken.last_error().unwrap();
    assert!(told.contains("a number of the beast"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn new_generation_serves_while_the_old_one_hangs_in_its_stop() {
    let (manager, script) = (PluginManager::new(), Script::new());
    let registration = manager.register("p", Scripted(script.clone()));
    let plugin = registration
        .strategy(ReloadStrategy::Replace)
        .await
        .unwrap();
    script.next_stops([Act::Wait]);
    let reload = manager.reload("p").start().unwrap();
    script.waiting().await;
    assert_eq!(plugin.enter().unwrap().instance().generation, 2);
    assert_eq!(plugin.state(), PluginState::Active);
    let report = reload.await.unwrap();
    assert_eq!(
        report.duration,
        Duration::from_secs(10),
        "the timeout of `stop`"
    );
    assert!(
        report
            .stop_error
            .unwrap()
            .contains("did not return within 10s")
    );
}

#[test]
fn plugin_whose_task_is_ended_has_failed_and_answers_so() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let script = Script::new();
    let (manager, plugin, reload) = runtime.block_on(async {
        let manager = PluginManager::new();
        let plugin = manager.register("p", Scripted(script.clone()));
        let plugin = plugin.await.unwrap();
        script.next_starts([Act::Wait]);
        let reload = manager.reload("p").start().unwrap();
        script.waiting().await;
        (manager, plugin, reload)
    });
    assert_eq!(plugin.state(), PluginState::Reloading);
    drop(runtime);
    assert_eq!(plugin.state(), PluginState::Failed);
    assert_eq!(plugin.enter().unwrap_err().state(), PluginState::Failed);
    assert!(plugin.last_error().unwrap().contains("runtime"));

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let report = reload.await.unwrap_err();
        assert_eq!(report.report().unwrap().outcome, Outcome::Failed);
        assert!(manager.reload("p").await.is_err());
        assert_eq!(manager.info("p").unwrap().operation, None);
    });
}
