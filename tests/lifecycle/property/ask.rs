use std::future::{IntoFuture, poll_fn};
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tower_plugin::gate::Share;
use tower_plugin::{OperationBuilder, OperationError, ReloadReport};

use super::check::{self, Before, Shape};
use super::step::{Ask, Caller, Command, How, Version};
use super::world::{CHECK, DRAIN, GRACE, START, STOP, STORE, TRIAL, World};
use crate::scenario::store::During;

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

pub type Answer = Result<ReloadReport, OperationError>;

/// Something that was asked for.
pub struct Asked {
    /// Which registration was asked, where there was any.
    pub life: Option<usize>,
    pub command: Command,
    pub actor: String,
    /// How long it may take.
    pub limit: Duration,
    /// Until it was looked at.
    pub caller: Option<JoinHandle<Option<Answer>>>,
}

impl World {
    pub async fn ask(&mut self, ask: Ask) {
        let life = self.registered(ask.seat);
        let actor = format!("{}", self.asked.len());
        let builder = self.builder(&ask, &actor);
        if ask.how == How::Cascading {
            return self.cascade(&ask, builder).await;
        }
        let limit = self.limit(&ask);
        let is_busy = life.is_some_and(|life| self.is_busy(life));
        let alone = life.filter(|_| !is_busy && matches!(ask.caller, Caller::Stays));
        // Which may be started again at any moment.
        let alone = alone.filter(|life| {
            let info = self.manager.info(self.lives[*life].handle.name());
            info.is_ok_and(|info| info.retry.is_none_or(|retry| retry.next_at.is_none()))
        });
        let alone = match alone {
            Some(life) => Some(self.alone(life).await),
            None => None,
        };
        let mut answer = Box::pin(builder.into_future());
        // Asked for now, whoever waits for it.
        let at_once = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
        if let (Poll::Ready(Err(error)), Some(_)) = (&at_once, life) {
            check::refusal(error, is_busy);
        }
        let asked = Instant::now();
        let mut task = tokio::spawn(async move {
            let answer = match (at_once, ask.caller) {
                (Poll::Ready(answer), _) => Some(answer),
                (Poll::Pending, Caller::GivesUp(after)) => timeout(after, answer).await.ok(),
                (Poll::Pending, _) => Some(answer.await),
            };
            assert!(asked.elapsed() <= limit, "{:?}", asked.elapsed());
            answer
        });
        if matches!(ask.caller, Caller::Stays) {
            let answer = (&mut task).await.unwrap().unwrap();
            if let Some(alone) = alone {
                self.happened(&ask, alone, &answer).await;
            }
            task = tokio::spawn(async move { Some(answer) });
        }
        let looks = matches!(ask.command, Command::Reload | Command::Enable);
        if let Some(life) = life.filter(|_| looks && !ask.is_dry()) {
            self.lives[life].is_unseen = false;
        }
        self.asked.push(Asked {
            life,
            command: ask.command,
            actor,
            limit,
            caller: Some(task),
        });
    }

    async fn alone(&self, life: usize) -> Alone {
        let commits = self.outage != Some(During::Commit);
        let of = &self.lives[life];
        Alone {
            life,
            before: Before::new(&self.manager, of, commits, self.max_leftovers),
            shape: Shape::of(&self.manager, &self.store, of).await,
            newest: self.witness.newest(),
        }
    }

    /// What was asked for has happened, and nothing else has.
    async fn happened(&self, ask: &Ask, alone: Alone, answer: &Answer) {
        let life = &self.lives[alone.life];
        check::transition(life, ask, &alone.before, answer);
        if ask.is_dry() {
            let may_start = ask.how == How::DryWithStart;
            let now = Shape::of(&self.manager, &self.store, life).await;
            alone.shape.stays(&now, may_start);
            check::untold(&self.manager, life, alone.newest, may_start).await;
        }
    }

    /// How long it may take: what ends a trial has to wait for that and for all others first.
    fn limit(&self, ask: &Ask) -> Duration {
        let others = self.asked.len() + self.groups.len();
        match ask.command {
            Command::Disable | Command::Unload => LIMIT * (2 + others as u32),
            _ => ask.wait + LIMIT,
        }
    }

    fn builder(&mut self, ask: &Ask, actor: &str) -> OperationBuilder {
        let (manager, name) = (&self.manager, &self.name(ask.seat));
        let mut builder = match ask.command.clone() {
            Command::Reload => manager.reload(name),
            Command::Update(config) => manager.update_config(name, config),
            Command::Patch(patch) => manager.patch_config(name, patch),
            Command::Rollback(version) => manager.rollback(name, version),
            Command::Enable => manager.enable(name),
            Command::Disable => manager.disable(name),
            Command::Unload => manager.unload(name),
        };
        builder = match ask.only_if {
            None => builder,
            Some(Version::Outdated) => builder.if_version("00000000-1".parse().unwrap()),
            Some(Version::Current) => match manager.config(name) {
                Ok(view) => builder.if_version(view.version),
                Err(_) => builder,
            },
        };
        builder = match ask.how {
            How::Plainly | How::Cascading => builder,
            How::Dry => builder.dry_run(),
            How::DryWithStart => builder.dry_run_with_start(),
            How::AsCanary => {
                if let Some(life) = self.last(ask.seat) {
                    life.tries = true;
                }
                builder.canary(Share::new(30).unwrap()).probation(TRIAL)
            }
        };
        builder.actor(actor).wait(ask.wait)
    }
}

/// A plugin that nothing is done with but what is asked for now.
struct Alone {
    life: usize,
    before: Before,
    shape: Shape,
    /// The newest event.
    newest: u64,
}
