//! They block their thread.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::time::timeout;
use tower_plugin::{
    BoxError, Health, Outcome, Plugin, PluginManager, PluginState, ReloadStrategy, StartContext,
};

use super::{LONG, lock};
use crate::scenario::{Script, Scripted};

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
