use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::{Value, json};
use tower_plugin::admin::AdminService;
use tower_plugin::gate::HasSlot as _;
use tower_plugin::{Lease, PluginHandle, PluginManager, PluginState, ReloadStrategy};

use super::plugins::{Calls, Config, Puppet};
use super::secrets::Secrets;

/// Longer than any operation takes, whatever its hooks and requests do. The clock is ours.
pub(super) const LONG: Duration = Duration::from_secs(3600);

/// The service under test and what is behind it.
pub(super) struct World {
    pub(super) manager: PluginManager,
    pub(super) admin: AdminService,
    pub(super) secrets: Secrets,
    pub(super) operator: String,
    pub(super) reader: String,
    pub(super) subjects: [Subject; 2],
    pub(super) leases: Vec<Lease<Config>>,
}

pub(super) struct Subject {
    pub(super) handle: PluginHandle<Config>,
    calls: Arc<Calls>,
}

/// Everything a request that is refused may not change.
#[derive(Debug, PartialEq)]
pub(super) struct Witness {
    state: PluginState,
    generation: u64,
    slot: u64,
    config: Option<(String, Value)>,
    calls: [usize; 3],
    last_error: Option<String>,
}

impl Witness {
    pub(super) fn is_same_config(&self, other: &Self) -> bool {
        self.config == other.config
    }
}

/// Who may do what.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    Tokens,
    Loopback,
}

impl World {
    pub(super) async fn open(input: &[u8], access: Access) -> Self {
        let mut secrets = Secrets::new(input);
        let manager = PluginManager::builder()
            // Hooks are called by operations alone.
            .check_interval(Duration::from_secs(365 * 24 * 3600))
            .build()
            .expect("the options are valid");
        let subjects = [
            subject(
                &manager,
                "recreated",
                ReloadStrategy::Recreate,
                &mut secrets,
            )
            .await,
            subject(&manager, "replaced", ReloadStrategy::Replace, &mut secrets).await,
        ];
        let (operator, reader) = (secrets.text(), secrets.text());
        let builder = AdminService::builder(manager.clone()).body_limit(1024);
        let admin = match access {
            Access::Tokens => builder
                .bearer_token(&operator)
                .read_only_token(&reader)
                .build(),
            Access::Loopback => builder.insecure_loopback().build(),
        };
        Self {
            manager,
            admin,
            secrets,
            operator,
            reader,
            subjects,
            leases: Vec::new(),
        }
    }

    pub(super) fn witness(&self) -> [Witness; 2] {
        self.subjects.each_ref().map(|Subject { handle, calls }| {
            // None any more after the shutdown.
            let config = self.manager.config(handle.name()).ok();
            Witness {
                state: handle.state(),
                generation: handle.generation(),
                slot: handle.slot().version(),
                config: config.map(|config| (config.version.to_string(), config.config)),
                calls: calls.counts(),
                last_error: handle.last_error(),
            }
        })
    }

    pub(super) fn subject(&self, name: &str) -> Option<&PluginHandle<Config>> {
        let handles = self.subjects.iter().map(|subject| &subject.handle);
        handles.into_iter().find(|handle| handle.name() == name)
    }

    /// Whatever is under way comes to its end.
    pub(super) async fn settle(&self) {
        tokio::time::sleep(LONG).await;
    }

    /// No event tells a secret.
    pub(super) fn check_events(&self) {
        let mut events = self.manager.subscribe_after(0);
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(event)) = pin!(events.recv()).poll(&mut cx) {
            let told = format!("{event:?}");
            assert!(!self.secrets.are_in(told.as_bytes()), "secret in {told}");
        }
    }
}

async fn subject(
    manager: &PluginManager,
    name: &str,
    strategy: ReloadStrategy,
    secrets: &mut Secrets,
) -> Subject {
    let calls = Arc::<Calls>::default();
    let plugin = Puppet {
        calls: Arc::clone(&calls),
    };
    let registration = manager
        .register(name, plugin)
        .config(json!({"token": secrets.text(), "pin": secrets.number()}))
        .strategy(strategy)
        .track_requests()
        .required();
    Subject {
        handle: registration.await.expect("the name is free"),
        calls,
    }
}
