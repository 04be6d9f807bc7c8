//! A plugin whose hooks do what the test says, and count how often they were called.

pub mod events;
pub mod files;
pub mod log;
pub mod store;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tower_plugin::{
    BoxError, Health, OperationError, Plugin, PluginHandle, PluginManager, ReloadReport,
    StartContext,
};

/// What a hook does next, where it is not to succeed.
#[derive(Debug, Clone)]
pub enum Act {
    Succeed,
    Fail(&'static str),
    Panic(&'static str),
    Hang,
    /// Succeed after so long.
    Slow(Duration),
    /// Wait until [`Script::go_on`].
    Wait,
    /// Leave a background task behind that does not listen to its token.
    LeakTask,
}

#[derive(Debug, Default)]
pub struct Script {
    pub starts: AtomicUsize,
    pub checks: AtomicUsize,
    pub stops: AtomicUsize,
    pub tasks_ended: AtomicUsize,
    /// Starts that came to something.
    pub instances_built: AtomicUsize,
    pub instances_alive: AtomicUsize,
    pub most_alive: AtomicUsize,
    pub last_stopped: AtomicU64,
    pub start_acts: Mutex<VecDeque<Act>>,
    pub stop_acts: Mutex<VecDeque<Act>>,
    pub check_acts: Mutex<VecDeque<Act>>,
    pub health: Mutex<Option<Health>>,
    pub secret: bool,
    pub dependencies: Vec<&'static str>,
    pub waiting: Notify,
    pub go_on: Notify,
}

impl Script {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn next_starts(&self, acts: impl IntoIterator<Item = Act>) {
        self.start_acts.lock().unwrap().extend(acts);
    }

    pub fn next_stops(&self, acts: impl IntoIterator<Item = Act>) {
        self.stop_acts.lock().unwrap().extend(acts);
    }

    pub fn next_checks(&self, acts: impl IntoIterator<Item = Act>) {
        self.check_acts.lock().unwrap().extend(acts);
    }

    pub fn is(&self, health: Health) {
        *self.health.lock().unwrap() = Some(health);
    }

    /// How often hooks that build or end instances were called.
    pub fn hooks(&self) -> (usize, usize) {
        (self.starts.load(SeqCst), self.stops.load(SeqCst))
    }

    /// Until a hook waits.
    pub async fn waiting(&self) {
        self.waiting.notified().await;
    }

    pub fn go_on(&self) {
        self.go_on.notify_one();
    }

    async fn play(&self, act: Act) -> Result<(), BoxError> {
        match act {
            Act::Succeed | Act::LeakTask => Ok(()),
            Act::Fail(message) => Err(message.into()),
            Act::Panic(message) => panic!("{message}"),
            Act::Hang => std::future::pending().await,
            Act::Slow(time) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Act::Wait => {
                self.waiting.notify_one();
                self.go_on.notified().await;
                Ok(())
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub value: u32,
    #[serde(default)]
    #[expect(dead_code, reason = "only kept and masked")]
    pub tokens: Vec<String>,
}

pub struct Instance {
    pub value: u32,
    pub generation: u64,
    script: Arc<Script>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.script.instances_alive.fetch_sub(1, SeqCst);
    }
}

/// A reload that goes on while the test does something else.
pub fn reload_in_background(
    manager: &PluginManager,
    name: &'static str,
) -> JoinHandle<Result<ReloadReport, OperationError>> {
    let manager = manager.clone();
    tokio::spawn(async move { manager.reload(name).await })
}

pub struct Scripted(pub Arc<Script>);

/// A plugin that follows a script, registered with the defaults.
pub async fn register(
    manager: &PluginManager,
    name: &str,
    script: &Arc<Script>,
) -> PluginHandle<Instance> {
    let registration = manager.register(name, Scripted(Arc::clone(script)));
    registration.await.unwrap()
}

fn next(acts: &Mutex<VecDeque<Act>>) -> Act {
    acts.lock().unwrap().pop_front().unwrap_or(Act::Succeed)
}

impl Plugin for Scripted {
    type Config = Config;
    type Instance = Instance;

    async fn start(&self, config: Config, cx: StartContext) -> Result<Instance, BoxError> {
        let script = &self.0;
        script.starts.fetch_add(1, SeqCst);
        let act = next(&script.start_acts);
        let leaks = matches!(act, Act::LeakTask);
        script.play(act).await?;
        let (token, ended) = (cx.token().clone(), Arc::clone(script));
        cx.tracker().spawn(async move {
            token.cancelled().await;
            if leaks {
                std::future::pending::<()>().await;
            }
            ended.tasks_ended.fetch_add(1, SeqCst);
        });
        script.instances_built.fetch_add(1, SeqCst);
        let alive = script.instances_alive.fetch_add(1, SeqCst) + 1;
        script.most_alive.fetch_max(alive, SeqCst);
        Ok(Instance {
            value: config.value,
            generation: cx.generation(),
            script: Arc::clone(script),
        })
    }

    async fn check(&self, _instance: &Instance) -> Health {
        self.0.checks.fetch_add(1, SeqCst);
        let act = next(&self.0.check_acts);
        if let Err(error) = self.0.play(act).await {
            return Health::unhealthy(error.to_string());
        }
        self.0
            .health
            .lock()
            .unwrap()
            .clone()
            .unwrap_or_else(Health::healthy)
    }

    async fn stop(&self, instance: Arc<Instance>) -> Result<(), BoxError> {
        self.0.stops.fetch_add(1, SeqCst);
        self.0.last_stopped.store(instance.generation, SeqCst);
        let act = next(&self.0.stop_acts);
        self.0.play(act).await
    }

    fn version(&self) -> Cow<'_, str> {
        "1.2.3".into()
    }

    fn secret_fields(&self) -> Vec<Cow<'static, str>> {
        if self.0.secret {
            vec!["/tokens".into()]
        } else {
            vec![]
        }
    }

    fn dependencies(&self) -> Vec<Cow<'static, str>> {
        self.0
            .dependencies
            .iter()
            .map(|name| Cow::Borrowed(*name))
            .collect()
    }
}
