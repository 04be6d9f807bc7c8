//! They panic where nobody expects it.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;
use tower_plugin::{BoxError, Plugin, PluginManager, PluginState, ReloadStrategy, StartContext};

use super::{LONG, lock};

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
    // What is given up is dropped by its own task, on many threads perhaps later. By the clock on the
    // wall, for a paused one stands still meanwhile.
    let since = std::time::Instant::now();
    while mined.bombs.load(SeqCst) > 0 && since.elapsed() < LONG {
        tokio::task::yield_now().await;
    }
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
