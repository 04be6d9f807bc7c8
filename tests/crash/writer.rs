//! The process that is killed: this test binary again, told by its environment to be it.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use serde_json::json;
use tower_plugin::{
    BoxError, Health, Plugin, PluginManager, PluginState, ReloadStrategy, StartContext,
};

/// Where it keeps its configs.
pub const DIR: &str = "CRASH_TEST_DIR";

/// How many changes it makes; for ever without.
pub const CHANGES: &str = "CRASH_TEST_CHANGES";

/// Which strategy its plugin has.
pub const STRATEGY: &str = "CRASH_TEST_STRATEGY";

/// At which hook it dies, and which time: `start:2`.
pub const HOOK: &str = "CRASH_TEST_HOOK";

/// How many versions it keeps.
pub const HISTORY: usize = 5;

/// The name of the test that it is.
pub const NAME: &str = "crash::writer::only_a_process_that_is_told_to_writes_until_it_is_killed";

/// Two halves that a mix of two configs would not have alike.
#[derive(Debug, Deserialize)]
struct Config {
    value: u64,
    same: u64,
}

struct Counting {
    dies_at: Option<(String, usize)>,
    calls: AtomicUsize,
}

impl Counting {
    fn pass(&self, hook: &str) {
        let Some((at, time)) = &self.dies_at else {
            return;
        };
        if at == hook && self.calls.fetch_add(1, Ordering::SeqCst) + 1 == *time {
            die();
        }
    }
}

fn die() -> ! {
    let id = std::process::id().to_string();
    let _ = std::process::Command::new("kill")
        .args(["-9", &id])
        .status();
    unreachable!("killed")
}

impl Plugin for Counting {
    type Config = Config;
    type Instance = u64;

    async fn start(&self, config: Config, _: StartContext) -> Result<u64, BoxError> {
        self.pass("start");
        if config.value == config.same {
            Ok(config.value)
        } else {
            Err("a mix of two configs".into())
        }
    }

    async fn check(&self, _: &u64) -> Health {
        self.pass("check");
        Health::healthy()
    }

    async fn stop(&self, _: Arc<u64>) -> Result<(), BoxError> {
        self.pass("stop");
        Ok(())
    }
}

fn say(line: &str) {
    // Past the test harness, which would keep it, and in one piece.
    let line = format!("\ncrash {line}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

#[tokio::test]
async fn only_a_process_that_is_told_to_writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let told = |name| std::env::var(name).ok();
    let strategy = match told(STRATEGY).as_deref() {
        Some("replace") => ReloadStrategy::Replace,
        _ => ReloadStrategy::Recreate,
    };
    let dies_at = told(HOOK).map(|hook| {
        let (hook, time) = hook.split_once(':').unwrap();
        (hook.to_owned(), time.parse().unwrap())
    });
    let builder = PluginManager::builder().plugin_dir(PathBuf::from(dir));
    let manager = builder.history_limit(HISTORY).build().unwrap();
    let calls = AtomicUsize::new(0);
    let registration = manager.register("p", Counting { dies_at, calls });
    let registration = registration.config(json!({"value": 0, "same": 0}));
    let plugin = registration.strategy(strategy).await.unwrap();
    assert_eq!(
        plugin.state(),
        PluginState::Active,
        "{:?}",
        plugin.last_error()
    );
    let version = manager.config("p").unwrap().version;
    let first = *plugin.enter().unwrap().instance();
    say(&format!("ready {first} {version}"));

    let changes: u64 = told(CHANGES).map_or(u64::MAX, |changes| changes.parse().unwrap());
    for value in (first + 1..).take(usize::try_from(changes).unwrap_or(usize::MAX)) {
        say(&format!("tries {value}"));
        let config = json!({"value": value, "same": value});
        manager.update_config("p", config).await.unwrap();
        let version = manager.config("p").unwrap().version;
        say(&format!("applied {value} {version}"));
    }
}
