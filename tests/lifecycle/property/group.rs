use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower_plugin::{GroupReport, OperationBuilder, OperationError};

use super::life::Life;
use super::step::{Ask, Caller, Command, Group, SEATS};
use super::world::World;

type Answer = Result<GroupReport, OperationError>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Something that was asked of several plugins.
pub struct AskedGroup {
    pub actor: String,
    pub what: What,
    /// The first of them, and what it was asked.
    pub first: Option<(usize, Command)>,
    /// Until it was looked at.
    pub caller: Option<JoinHandle<Option<Answer>>>,
}

pub enum What {
    Each,
    AllOrNothing,
    /// Which depends on which.
    Cascade {
        order: Vec<(String, Vec<String>)>,
    },
}

impl AskedGroup {
    /// Even where somebody has hung up, until that was looked at.
    pub fn is_under_way(&self) -> bool {
        self.caller.is_some()
    }
}

impl World {
    pub async fn reload_all(&mut self, group: Group) {
        let actor = format!("g{}", self.groups.len());
        let mut all = self.manager.reload_all().actor(&actor).wait(group.wait);
        if let Some(only) = group.only {
            let seats = (0..SEATS).filter(|seat| only[*seat]);
            all = all.only(seats.map(|seat| self.name(seat)).collect::<Vec<_>>());
        }
        let mut what = What::Each;
        if group.all_or_nothing {
            all = all.all_or_nothing().prepare_timeout(group.prepare_timeout);
            what = What::AllOrNothing;
        }
        let asked = AskedGroup {
            actor,
            what,
            first: None,
            caller: None,
        };
        self.ask_group(asked, all.into_future(), group.caller).await;
    }

    pub async fn cascade(&mut self, ask: &Ask, first: OperationBuilder) {
        let actor = format!("g{}", self.groups.len());
        let order = self.lives.iter();
        let order = order.map(|life| (life.name(), life.on.clone())).collect();
        let first_life = self.registered(ask.seat);
        let asked = AskedGroup {
            what: What::Cascade { order },
            first: first_life.map(|life| (life, ask.command.clone())),
            caller: None,
            actor: actor.clone(),
        };
        let answering = first.actor(actor).cascade().into_future();
        self.ask_group(asked, answering, ask.caller).await;
    }

    async fn ask_group(&mut self, mut asked: AskedGroup, mut answer: Answering, caller: Caller) {
        for life in &mut self.lives {
            life.is_unseen = false;
        }
        let generations = self.generations();
        let is_alone = self
            .all_registered()
            .iter()
            .all(|life| !self.is_busy(*life));
        let at_once = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
        let mut task = tokio::spawn(async move {
            match (at_once, caller) {
                (Poll::Ready(answer), _) => Some(answer),
                (Poll::Pending, Caller::GivesUp(after)) => timeout(after, answer).await.ok(),
                (Poll::Pending, _) => Some(answer.await),
            }
        });
        if matches!(caller, Caller::Stays) {
            let answer = (&mut task).await.unwrap().unwrap();
            if let Err(refused) = &answer {
                let is_wrong = is_alone && refused.is_in_progress();
                assert!(!is_wrong, "{refused}");
            }
            let is_none = match &answer {
                Ok(report) => report.results.iter().all(|result| !result.is_applied()),
                Err(_) => true,
            };
            let is_whole = matches!(asked.what, What::AllOrNothing) && is_alone;
            if is_whole && is_none {
                assert_eq!(self.generations(), generations, "none was to be swapped");
            }
            task = tokio::spawn(async move { Some(answer) });
        }
        asked.caller = Some(task);
        self.groups.push(asked);
    }

    fn generations(&self) -> Vec<u64> {
        let generation = |life: &Life| life.handle.generation();
        self.lives.iter().map(generation).collect()
    }
}
