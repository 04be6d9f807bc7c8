use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tower_plugin::gate::Share;
use tower_plugin::{OperationBuilder, OperationError, PluginManager, PluginState, ReloadReport};

use super::check::{self, Before};
use super::guest::Guest;
use super::life::Life;
use super::step::{Caller, Command, End, Manner, Manners, Step};
use crate::scenario::store::{During, Flaky};
use crate::scenario::{Script, Scripted};

const DRAIN: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(5);
const CHECK: Duration = Duration::from_secs(2);
const STOP: Duration = Duration::from_secs(3);
/// Of a canary, and once more of all requests.
const TRIAL: Duration = Duration::from_secs(10);
const STORE: Duration = Duration::from_secs(2);

/// How long an operation may take once it has its turn: a new instance is started, checked, tried
/// and, as it cannot be stored, drained and stopped, and so is the one before; the store is asked
/// for the current config, another, the history, to prepare and to commit.
pub const LIMIT: Duration = DRAIN
    .saturating_add(GRACE)
    .saturating_add(STOP)
    .saturating_add(START)
    .saturating_add(CHECK)
    .saturating_add(TRIAL)
    .saturating_mul(2)
    .saturating_add(STORE.saturating_mul(5));

impl Command {
    /// How long it may take: what ends a trial has to wait for that first.
    pub fn limit(&self) -> Duration {
        match self {
            Self::Disable | Self::Unload => LIMIT * 2,
            _ => LIMIT,
        }
    }
}

type Answer = Result<ReloadReport, OperationError>;

/// Something that was asked for.
pub struct Asked {
    /// Which registration was asked, where there was any.
    pub life: Option<usize>,
    pub command: Command,
    pub wait: Duration,
    /// Until it was looked at.
    caller: Option<JoinHandle<Option<Answer>>>,
}

pub struct World {
    manager: PluginManager,
    store: Flaky,
    /// What of the store does not work.
    outage: Option<During>,
    /// Each with a name of its own, so that nothing is stored for it yet.
    lives: Vec<Life>,
    asked: Vec<Asked>,
    decided: Vec<JoinHandle<()>>,
}

impl World {
    pub fn new() -> Self {
        let store = Flaky::default();
        let builder = PluginManager::builder()
            .drain_timeout(DRAIN)
            .cancel_grace(GRACE)
            .start_timeout(START)
            .check_timeout(CHECK)
            .stop_timeout(STOP)
            .store_timeout(STORE)
            .config_store(store.clone())
            // By chance is what proptest does.
            .jitter(0.0);
        Self {
            manager: builder.build().unwrap(),
            store,
            outage: None,
            lives: Vec::new(),
            asked: Vec::new(),
            decided: Vec::new(),
        }
    }

    pub async fn take(&mut self, step: Step) {
        let script = self.lives.last().map(|life| Arc::clone(&life.script));
        let script = script.unwrap_or_default();
        match step {
            Step::Register(manner) => self.register(manner).await,
            Step::Ask {
                command,
                wait,
                caller,
                canary,
            } => self.ask(command, wait, caller, canary).await,
            Step::Decide(well) => self.decide(well),
            Step::Enter(manners) => self.enter(manners),
            Step::Leave(which) => self.leave(which).await,
            Step::Pass(time) => tokio::time::sleep(time).await,
            Step::Start(act) => script.next_starts([act]),
            Step::Check(act) => script.next_checks([act]),
            Step::Stop(act) => script.next_stops([act]),
            Step::Store(during, outage) => {
                self.store.fail(during, outage);
                self.outage = Some(during);
            }
            Step::Settle => self.settle().await,
        }
    }

    /// Of the plugin there is, if there is one.
    fn registered(&self) -> Option<usize> {
        let newest = self.lives.len().checked_sub(1)?;
        self.manager.info(&self.lives[newest].name()).ok()?;
        Some(newest)
    }

    fn name(&self) -> String {
        let newest = self.lives.last();
        newest.map_or_else(|| "nobody".to_owned(), Life::name)
    }

    async fn register(&mut self, manner: Manner) {
        let script = Script::new();
        let name = match self.registered() {
            Some(_) => self.name(),
            None => format!("p{}", self.lives.len()),
        };
        let plugin = Scripted(Arc::clone(&script));
        let registration = self.manager.register(name, plugin);
        let mut registration = registration.strategy(manner.strategy());
        if matches!(manner, Manner::Try) {
            registration = registration.probation(TRIAL);
        }
        let is_there = self.registered().is_some();
        match registration.config(Life::registered()).await {
            Ok(handle) => self.lives.push(Life::new(handle, script, manner)),
            Err(refused) => assert!(is_there, "{refused}"),
        }
    }

    async fn ask(&mut self, command: Command, wait: Duration, caller: Caller, canary: bool) {
        let life = self.registered();
        let commits = self.outage != Some(During::Commit);
        let before = life.map(|life| Before::new(&self.manager, &self.lives[life], commits));
        let mut builder = self.builder(&command).actor(self.asked.len().to_string());
        if canary {
            builder = builder.canary(Share::new(30).unwrap()).probation(TRIAL);
            if let Some(life) = life {
                self.lives[life].tries = true;
            }
        }
        let limit = wait + command.limit();
        let mut answer = Box::pin(builder.wait(wait).into_future());
        // Asked for now, whoever waits for it.
        let at_once = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
        let asked = Instant::now();
        let mut task = tokio::spawn(async move {
            let answer = match (at_once, caller) {
                (Poll::Ready(answer), _) => Some(answer),
                (Poll::Pending, Caller::GivesUp(after)) => timeout(after, answer).await.ok(),
                (Poll::Pending, _) => Some(answer.await),
            };
            assert!(asked.elapsed() <= limit, "{:?}", asked.elapsed());
            answer
        });
        if matches!(caller, Caller::Stays) {
            let answer = (&mut task).await.unwrap().unwrap();
            if let (Some(life), Some(before)) = (life, before) {
                check::transition(&self.lives[life], &command, &before, &answer);
            }
            task = tokio::spawn(async move { Some(answer) });
        }
        self.asked.push(Asked {
            life,
            command,
            wait,
            caller: Some(task),
        });
    }

    fn builder(&self, command: &Command) -> OperationBuilder {
        let manager = &self.manager;
        let name = &self.name();
        match command.clone() {
            Command::Reload => manager.reload(name),
            Command::Try => manager.reload(name).dry_run_with_start(),
            Command::Update(config) => manager.update_config(name, config),
            Command::Patch(patch) => manager.patch_config(name, patch),
            Command::Rollback(version) => manager.rollback(name, version),
            Command::Enable => manager.enable(name),
            Command::Disable => manager.disable(name),
            Command::Unload => manager.unload(name),
        }
    }

    fn decide(&mut self, well: bool) {
        let (manager, name) = (self.manager.clone(), self.name());
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

    fn enter(&mut self, manners: Manners) {
        let Some(life) = self.lives.last_mut() else {
            return;
        };
        if let Ok(lease) = life.handle.enter() {
            life.guests.push(Guest::new(lease, manners));
        }
    }

    async fn leave(&mut self, which: proptest::sample::Index) {
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
        for _ in 0..5 {
            for life in &mut self.lives {
                check::any_time(&self.manager, life);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Until everything that was asked for is done.
    pub async fn settle(&mut self) {
        let limit = (LIMIT * 2 + Duration::from_secs(60)) * (1 + self.asked.len() as u32);
        // Its turn is the last.
        let last = self
            .manager
            .reload(&self.name())
            .dry_run()
            .wait(limit)
            .await;
        if let Err(refused) = last {
            let is_gone = refused.is_not_found();
            let is_hindered = refused.is_store_unavailable() || refused.is_too_many_leftovers();
            assert!(is_gone || is_hindered, "{refused}");
        }
        self.store.heal();
        self.outage = None;
        self.answers().await;
        self.look().await;
        for life in &self.lives {
            check::at_rest(&self.manager, life).await;
        }
    }

    /// Everybody has one answer, and what was applied is in force.
    async fn answers(&mut self) {
        for decided in self.decided.drain(..) {
            decided.await.unwrap();
        }
        let infos = self.manager.operations();
        let mut done: Vec<Vec<_>> = self.lives.iter().map(|_| Vec::new()).collect();
        for (number, asked) in self.asked.iter_mut().enumerate() {
            let actor = number.to_string();
            let mut known = infos
                .iter()
                .filter(|info| info.actor.as_ref() == Some(&actor));
            let info = known.next();
            assert!(known.next().is_none(), "one command, two operations");
            if let Some(caller) = asked.caller.take() {
                check::answer(asked, caller.await.unwrap().as_ref(), info);
            }
            if let (Some(life), Some(info)) = (asked.life, info) {
                done[life].push((&asked.command, info.clone()));
            }
        }
        for (life, done) in self.lives.iter_mut().zip(done) {
            life.apply(done.into_iter());
        }
        check::drains(&self.manager).await;
    }

    pub async fn end(mut self, end: End) {
        if end.settled {
            self.settle().await;
        }
        let report = match end.within {
            Some(limit) => self.manager.shutdown_within(limit).await,
            None => self.manager.shutdown().await,
        };
        self.answers().await;
        self.look().await;
        assert_eq!(
            report.plugins.len(),
            usize::from(self.registered().is_some())
        );
        assert!(self.manager.reload(&self.name()).await.is_err());
        for life in &mut self.lives {
            assert_eq!(life.handle.state(), PluginState::Unloading);
            check::stopped(life);
            life.guests.clear();
        }
        tokio::task::yield_now().await;
        self.look().await;
        for life in &self.lives {
            check::stopped(life);
        }
    }
}
