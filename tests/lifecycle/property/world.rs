use std::time::Duration;

use proptest::sample::Index;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_plugin::{Backoff, Health, OperationPhase, PluginManager, PluginManagerBuilder};

use super::ask::{Asked, LIMIT};
use super::check;
use super::group::AskedGroup;
use super::guest::Guest;
use super::life::Life;
use super::noted::Wrongs;
use super::step::{Begin, Feeling, Hook, Manners, SEATS, Step};
use super::witness::Witness;
use crate::scenario::Script;
use crate::scenario::store::{During, Flaky};

pub const DRAIN: Duration = Duration::from_secs(20);
pub const GRACE: Duration = Duration::from_secs(1);
pub const START: Duration = Duration::from_secs(5);
pub const CHECK: Duration = Duration::from_secs(2);
pub const STOP: Duration = Duration::from_secs(3);
/// Of a canary, and once more of all requests.
pub const TRIAL: Duration = Duration::from_secs(10);
pub const STORE: Duration = Duration::from_secs(2);

pub struct World {
    pub manager: PluginManager,
    pub store: Flaky,
    pub watches: bool,
    pub max_leftovers: usize,
    /// What of the store does not work.
    pub outage: Option<During>,
    /// Each with a name of its own, so that nothing is stored for it yet.
    pub lives: Vec<Life>,
    /// Who sits where, or was the last to.
    pub seats: [Option<usize>; SEATS],
    pub registering: Vec<JoinHandle<()>>,
    pub asked: Vec<Asked>,
    pub groups: Vec<AskedGroup>,
    pub decided: Vec<JoinHandle<()>>,
    pub witness: Witness,
    pub wrongs: Wrongs,
}

impl World {
    pub fn new(begin: Begin) -> Self {
        let store = Flaky::default();
        let mut builder = builder().config_store(store.clone());
        builder = builder.max_leftovers(begin.max_leftovers);
        if begin.watches {
            builder = builder.watch_store();
        }
        let manager = builder.build().unwrap();
        Self {
            witness: Witness::new(&manager),
            manager,
            store,
            watches: begin.watches,
            max_leftovers: begin.max_leftovers,
            outage: None,
            lives: Vec::new(),
            seats: [None; SEATS],
            registering: Vec::new(),
            asked: Vec::new(),
            groups: Vec::new(),
            decided: Vec::new(),
            wrongs: Wrongs::default(),
        }
    }

    pub async fn take(&mut self, step: Step) {
        match step {
            Step::Register { members, caller } => self.register(&members, caller).await,
            Step::Ask(ask) => self.ask(ask).await,
            Step::ReloadAll(group) => self.reload_all(group).await,
            Step::Decide { seat, well } => self.decide(seat, well),
            Step::Enter { seat, manners } => self.enter(seat, manners),
            Step::Leave(which) => self.leave(which).await,
            Step::Pass(time) => tokio::time::sleep(time).await,
            Step::Hook { seat, hook, act } => {
                if let Some(life) = self.last(seat) {
                    match hook {
                        Hook::Start => life.script.next_starts([act]),
                        Hook::Check => life.script.next_checks([act]),
                        Hook::Stop => life.script.next_stops([act]),
                    }
                }
            }
            Step::Feel { seat, feeling } => self.feel(seat, feeling),
            Step::Store(during, outage) => {
                self.store.fail(during, outage);
                self.outage = Some(during);
            }
            Step::Edit { seat, is_good } => self.edit(seat, is_good).await,
            Step::Settle => self.settle().await,
        }
    }

    /// Who sits there, or was the last to.
    pub fn last(&mut self, seat: usize) -> Option<&mut Life> {
        self.seats[seat].map(|life| &mut self.lives[life])
    }

    /// Who sits there, if anybody does.
    pub fn registered(&self, seat: usize) -> Option<usize> {
        let life = self.seats[seat]?;
        self.manager.info(self.lives[life].handle.name()).ok()?;
        Some(life)
    }

    pub fn name(&self, seat: usize) -> String {
        let last = self.seats[seat];
        last.map_or_else(|| "nobody".to_owned(), |life| self.lives[life].name())
    }

    pub fn all_registered(&self) -> Vec<usize> {
        (0..SEATS)
            .filter_map(|seat| self.registered(seat))
            .collect()
    }

    /// Whether somebody may have the turn of a plugin, or wait for it.
    pub fn is_busy(&self, life: usize) -> bool {
        let name = self.lives[life].handle.name();
        let is_at_rest = self
            .manager
            .info(name)
            .is_ok_and(|info| info.operation.is_none() && !info.status.is_transition());
        let is_its = |info: &tower_plugin::OperationInfo| {
            info.plugin == name && info.phase != OperationPhase::Done
        };
        !is_at_rest
            || self.groups.iter().any(AskedGroup::is_under_way)
            || self.manager.operations().iter().any(is_its)
    }

    fn feel(&mut self, seat: usize, feeling: Feeling) {
        let health = match feeling {
            Feeling::Well => Health::healthy(),
            Feeling::Slow => Health::degraded("tired"),
            Feeling::Ill => Health::unhealthy("ill"),
        };
        if let Some(life) = self.last(seat) {
            life.script.is(health);
        }
    }

    async fn edit(&mut self, seat: usize, is_good: bool) {
        let Some(life) = self.registered(seat) else {
            return;
        };
        let is_unseen = !self.watches && !self.is_busy(life);
        let life = &mut self.lives[life];
        // Before a config has served, another may be the first.
        if life.handle.generation() == 0 {
            return;
        }
        let number = 100 + life.edits.len();
        let config = match is_good {
            true => json!({"value": number}),
            false => json!({"value": format!("{number}")}),
        };
        life.edits.push(config.clone());
        life.is_unseen = is_unseen;
        self.store.edit(&life.name(), config).await;
    }

    fn decide(&mut self, seat: usize, well: bool) {
        let (manager, name) = (self.manager.clone(), self.name(seat));
        self.decided.push(tokio::spawn(async move {
            let decided = async {
                match well {
                    true => manager.promote(&name).await,
                    false => manager.abort(&name).await,
                }
            };
            let _ = timeout(LIMIT, decided).await.expect("an answer in time");
        }));
    }

    fn enter(&mut self, seat: usize, manners: Manners) {
        let Some(life) = self.last(seat) else {
            return;
        };
        if let Ok(lease) = life.handle.enter() {
            life.guests.push(Guest::new(lease, manners));
        }
    }

    async fn leave(&mut self, which: Index) {
        let mut guests: Vec<_> = self.lives.iter_mut().map(|life| &mut life.guests).collect();
        guests.retain(|guests| !guests.is_empty());
        if let Some(guests) = guests.pop() {
            guests.swap_remove(which.index(guests.len()));
            // One that listens is a task, which ends now.
            tokio::task::yield_now().await;
        }
    }

    /// What is true at any time, in whatever order things have happened since.
    pub async fn look(&mut self) {
        self.registering.retain(|task| !task.is_finished());
        for _ in 0..5 {
            let is_launching = !self.registering.is_empty();
            for life in &mut self.lives {
                check::any_time(&self.manager, life, is_launching);
                check::bound(&self.manager, life, self.max_leftovers);
            }
            tokio::task::yield_now().await;
        }
        self.witness.check().await;
        self.wrongs.check();
    }
}

pub fn builder() -> PluginManagerBuilder {
    let builder = PluginManager::builder()
        .drain_timeout(DRAIN)
        .cancel_grace(GRACE)
        .start_timeout(START)
        .check_timeout(CHECK)
        .stop_timeout(STOP)
        .store_timeout(STORE)
        .store_retry(Backoff::new().max(STORE).max_attempts(3).jitter(0.0))
        .failure_threshold(2)
        .success_threshold(2);
    // All that happens is remembered. By chance is what proptest does.
    let builder = builder.event_capacity(1 << 16).operation_capacity(1 << 12);
    builder.jitter(0.0)
}

/// From now on hooks do as they should.
pub fn heal(script: &Script) {
    for acts in [&script.start_acts, &script.check_acts, &script.stop_acts] {
        acts.lock().unwrap().clear();
    }
    script.is(Health::healthy());
}
