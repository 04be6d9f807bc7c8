use std::sync::{Arc, Mutex};

use tower_plugin::{
    BoxError, Health, Operation, Plugin, PluginManager, PluginState, StartContext, StartReason,
};

use crate::scenario::{Config, Instance, Scripted};

/// What was seen that must not be, where nobody would notice a panic.
#[derive(Debug, Clone, Default)]
pub struct Wrongs(Arc<Mutex<Vec<String>>>);

impl Wrongs {
    fn say(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    pub fn check(&self) {
        let wrongs = self.0.lock().unwrap();
        assert!(wrongs.is_empty(), "{wrongs:?}");
    }
}

/// A plugin that looks whether those that it depends on are there whenever it is: started before
/// it, and not stopped before it has been.
pub struct Noted {
    pub inner: Scripted,
    pub manager: PluginManager,
    pub on: Vec<String>,
    pub wrongs: Wrongs,
}

impl Noted {
    fn started(&self, who: &str) {
        for on in &self.on {
            match self.manager.info(on) {
                Ok(info) => {
                    let begins = info.operation.is_none_or(|is| is == Operation::Register);
                    if info.status == PluginState::Loading && begins {
                        self.wrongs.say(format!("{who} is started before {on}"));
                    }
                }
                Err(error) => self.wrongs.say(format!("{who} is started: {error}")),
            }
        }
    }
}

/// Until a stop has ended, in whatever way.
struct Stopping<'a>(&'a Noted, u64);

impl Stopping<'_> {
    fn look(&self) {
        let Self(noted, generation) = self;
        for on in &noted.on {
            let is_there = noted.manager.info(on);
            let is_there = is_there.is_ok_and(|info| {
                // To disable one concerns no other.
                let is_disabled = info.operation == Some(Operation::Disable);
                info.status != PluginState::Unloading || is_disabled
            });
            if !is_there {
                let wrong = format!("{on} is stopped before generation {generation} of another");
                noted.wrongs.say(wrong);
            }
        }
    }
}

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.look();
    }
}

impl Plugin for Noted {
    type Config = Config;
    type Instance = Instance;

    async fn start(&self, config: Config, cx: StartContext) -> Result<Instance, BoxError> {
        if cx.reason() == StartReason::Register {
            self.started(cx.plugin());
        }
        self.inner.start(config, cx).await
    }

    async fn check(&self, instance: &Instance) -> Health {
        self.inner.check(instance).await
    }

    async fn stop(&self, instance: Arc<Instance>) -> Result<(), BoxError> {
        let stopping = Stopping(self, instance.generation);
        stopping.look();
        self.inner.stop(instance).await
    }
}
