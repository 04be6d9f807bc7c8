use std::time::Duration;

use tokio::time::{sleep, timeout};
use tower_plugin::{OperationInfo, OperationPhase, PluginState, RetryInfo};

use super::ask::LIMIT;
use super::check;
use super::life::Life;
use super::step::{Command, End, SEATS};
use super::world::{World, builder, heal};

impl World {
    /// Until everything that was asked for is done.
    pub async fn settle(&mut self) {
        self.wait_for_all().await;
        self.store.heal();
        self.outage = None;
        self.answers().await;
        self.look().await;
        self.witness.at_rest();
        for life in &self.lives {
            check::at_rest(&self.manager, life).await;
        }
    }

    async fn wait_for_all(&mut self) {
        let asked = 1 + self.asked.len() + self.groups.len() * SEATS;
        let limit = (LIMIT * 2 + Duration::from_secs(60)) * asked as u32;
        for _ in 0..200 {
            for life in self.all_registered() {
                // Its turn is the last.
                let name = self.lives[life].name();
                let last = self.manager.reload(&name).dry_run().wait(limit).await;
                if let Err(refused) = last {
                    assert!(!refused.is_in_progress(), "{refused}");
                }
            }
            self.look().await;
            if self.is_at_rest() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
        panic!("there is no end to it: {:?}", self.manager.operations());
    }

    fn is_at_rest(&self) -> bool {
        let operations = self.manager.operations();
        let is_done = |info: &OperationInfo| info.phase == OperationPhase::Done;
        let waits = self.all_registered().into_iter().any(|life| {
            let info = self.manager.info(self.lives[life].handle.name());
            let is_due = |retry: Option<RetryInfo>| retry.is_some_and(|it| it.next_at.is_some());
            info.is_ok_and(|info| is_due(info.retry) || is_due(info.store_retry))
        });
        let is_registering = self.registering.iter().any(|task| !task.is_finished());
        operations.iter().all(is_done) && !waits && !is_registering
    }

    /// Everybody has one answer, and what was applied is in force.
    pub async fn answers(&mut self) {
        for task in self.decided.drain(..).chain(self.registering.drain(..)) {
            task.await.unwrap();
        }
        for asked in &mut self.asked {
            if let Some(caller) = asked.caller.take() {
                let told = caller.await.unwrap();
                let infos = self.manager.operations();
                let mut known = by(&infos, &asked.actor);
                let info = known.next();
                assert!(known.next().is_none(), "one command, two operations");
                check::answer(asked, told.as_ref(), info);
            }
        }
        for asked in &mut self.groups {
            if let Some(caller) = asked.caller.take() {
                let told = caller.await.unwrap();
                let infos = self.manager.operations();
                let known: Vec<_> = by(&infos, &asked.actor).collect();
                if let Some(told) = told {
                    check::group(asked, &told, &known);
                }
            }
        }
        let infos = self.manager.operations();
        for info in &infos {
            check::ending(info, &self.witness.ends_of(info.id));
        }
        for number in 0..self.lives.len() {
            let name = self.lives[number].name();
            let its = infos.iter().filter(|info| info.plugin == name);
            let done: Vec<_> = its.map(|info| (self.command(number, info), info)).collect();
            let done: Vec<_> = done
                .into_iter()
                .map(|(command, info)| (command.cloned(), info))
                .collect();
            let done = done.iter().map(|(command, info)| (command.as_ref(), *info));
            let life = &mut self.lives[number];
            life.apply(&self.manager, &self.store, done).await;
        }
    }

    /// What an operation was asked for as.
    fn command(&self, life: usize, info: &OperationInfo) -> Option<&Command> {
        let actor = info.actor.as_ref()?;
        let mut asked = self.asked.iter();
        let asked = asked.find(|it| it.actor == *actor && it.life == Some(life));
        let mut groups = self.groups.iter();
        let first = groups.find_map(|it| {
            let first = it.first.as_ref().filter(|first| first.0 == life)?;
            (it.actor == *actor).then_some(&first.1)
        });
        asked.map(|it| &it.command).or(first)
    }

    /// Hooks and store are well, everybody has left, and each plugin is to serve again.
    async fn revive(&mut self) {
        for life in &mut self.lives {
            heal(&life.script);
            life.guests.clear();
        }
        tokio::task::yield_now().await;
        for life in self.all_registered() {
            let life = &mut self.lives[life];
            if life.edits.last().is_some_and(|last| !life.is_good(last)) {
                let config = serde_json::json!({"value": 100 + life.edits.len()});
                life.edits.push(config.clone());
                self.store.edit(&life.name(), config).await;
            }
        }
        self.wait_for_all().await;
        for life in self.all_registered() {
            check::brought_back(&self.manager, &self.lives[life]).await;
        }
        self.settle().await;
    }

    pub async fn end(mut self, end: End) {
        if end.settled {
            self.settle().await;
        }
        if end.revived {
            self.revive().await;
        }
        let is_patient = match end.impatient {
            Some(limit) => timeout(limit, self.manager.shutdown()).await.is_ok(),
            None => true,
        };
        let report = match end.within {
            Some(limit) => self.manager.shutdown_within(limit).await,
            None => self.manager.shutdown().await,
        };
        self.answers().await;
        self.look().await;
        if is_patient && end.impatient.is_none() {
            assert_eq!(report.plugins.len(), self.all_registered().len());
        }
        self.nothing_goes_on().await;
        self.store.heal();
        let next = builder().config_store(self.store.clone()).build().unwrap();
        for life in &self.lives {
            check::found_by_the_next(&next, &self.store, life).await;
        }
    }

    /// After a shutdown, nobody is let in, and those who were go.
    async fn nothing_goes_on(&mut self) {
        self.witness.at_rest();
        for seat in 0..SEATS {
            assert!(self.manager.reload(&self.name(seat)).await.is_err());
        }
        let late = crate::scenario::Scripted(crate::scenario::Script::new());
        assert!(self.manager.register("late", late).await.is_err());
        let stopped = |life: &Life| {
            assert_eq!(life.handle.state(), PluginState::Unloading);
            check::stopped(life);
        };
        for life in &mut self.lives {
            stopped(life);
            life.guests.clear();
        }
        tokio::task::yield_now().await;
        self.look().await;
        self.lives.iter().for_each(stopped);
        let status = self.manager.status().plugin_system;
        assert_eq!((status.active_requests, status.leftovers), (0, 0));
    }
}

fn by<'a>(infos: &'a [OperationInfo], actor: &'a str) -> impl Iterator<Item = &'a OperationInfo> {
    let is_its = move |info: &&OperationInfo| info.actor.as_deref() == Some(actor);
    infos.iter().filter(is_its)
}
