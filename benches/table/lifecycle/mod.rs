//! What the control plane costs: registering, reloading and reading many plugins.
//!
//! | file | part |
//! | --- | --- |
//! | `register.rs` | how long ten thousand plugins take, and how much memory |
//! | `reload.rs` | one reload, and a thousand at the same time |
//! | `status.rs` | reading the status of ten thousand, also while one of them is drained |

mod register;
mod reload;
mod status;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tower_plugin::{BoxError, PluginManager, ReloadStrategy, plugin_fn};

use crate::report::Report;

const MANY: usize = 10_000;

pub(crate) fn measure(report: &mut Report) {
    println!("# The control plane\n");
    register::measure(report);
    reload::measure(report);
    status::measure(report);
}

/// As a server has it.
fn threads() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// As a program that does little else has it; costs less beside builds, for nobody is woken.
fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn name(number: usize) -> String {
    format!("plugin-{number}")
}

/// Registers plugins that do nothing, one after the other.
async fn register(manager: &PluginManager, plugins: usize) {
    for number in 0..plugins {
        let plugin = plugin_fn(|()| async { Ok::<_, BoxError>(()) });
        let registration = manager.register(name(number), plugin);
        let registration = registration.strategy(ReloadStrategy::Replace);
        registration.await.unwrap();
    }
}

/// As `register`, from many tasks.
async fn register_at_once(manager: &PluginManager, plugins: usize) {
    let mut registering = JoinSet::new();
    for number in 0..plugins {
        let plugin = plugin_fn(|()| async { Ok::<_, BoxError>(()) });
        let registration = manager.register(name(number), plugin);
        let registration = registration.strategy(ReloadStrategy::Replace);
        registering.spawn(async { registration.await.map(drop) });
    }
    while let Some(registered) = registering.join_next().await {
        registered.unwrap().unwrap();
    }
}
