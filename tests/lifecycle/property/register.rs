use std::collections::BTreeSet;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::timeout;
use tower_plugin::{Backoff, Operation, PluginState, RegisterError, Registration};

use super::life::Life;
use super::noted::Noted;
use super::step::{Caller, Manner, Member, SEATS};
use super::world::{TRIAL, World};
use crate::scenario::{Script, Scripted};

impl World {
    /// Registers those whose seats are free, together.
    pub async fn register(&mut self, members: &[Member], caller: Caller) {
        let mut seats = BTreeSet::new();
        let mut members: Vec<Member> = members.to_vec();
        members
            .retain(|member| self.registered(member.seat).is_none() && seats.insert(member.seat));
        let mut names: [Option<String>; SEATS] = [const { None }; SEATS];
        for (seat, name) in names.iter_mut().enumerate() {
            *name = self.registered(seat).map(|_| self.name(seat));
        }
        for (number, member) in members.iter().enumerate() {
            names[member.seat] = Some(format!("p{}", self.lives.len() + number));
        }
        let is_circular = is_circular(&members);
        let (mut all, mut lives) = (self.manager.register_all(), Vec::new());
        for member in &members {
            let name = names[member.seat].clone().unwrap();
            let on = (0..SEATS).filter(|seat| member.on[*seat]);
            let on: Vec<String> = on.filter_map(|seat| names[seat].clone()).collect();
            let script = Script::new();
            let plugin = Noted {
                inner: Scripted(script.clone()),
                manager: self.manager.clone(),
                on: on.clone(),
                wrongs: self.wrongs.clone(),
            };
            let registration = self.manager.register(name, plugin).depends_on(on.clone());
            let handle = all.add(with_manner(registration, *member)).unwrap();
            lives.push((member.seat, Life::new(handle, script, member.manner, on)));
        }
        let mut registered = all.into_future();
        let at_once = poll_fn(|cx| Poll::Ready(registered.as_mut().poll(cx))).await;
        if let Poll::Ready(Err(refused)) = at_once {
            let is_right = match &refused {
                RegisterError::DependencyCycle { .. } => is_circular,
                RegisterError::UnknownDependency { dependency, .. } => {
                    let info = self.manager.info(dependency).unwrap();
                    info.operation == Some(Operation::Unload)
                }
                _ => false,
            };
            assert!(is_right, "{refused}");
            for (_, life) in lives {
                assert!(life.handle.enter().is_err());
                assert!(self.manager.info(life.handle.name()).is_err());
            }
            return;
        }
        assert!(!is_circular, "a circle is registered");
        for (seat, life) in lives {
            self.seats[seat] = Some(self.lives.len());
            self.lives.push(life);
        }
        if at_once.is_pending() {
            self.registering(registered, caller).await;
        }
    }

    async fn registering(
        &mut self,
        mut registered: Pin<Box<dyn Future<Output = Result<(), RegisterError>> + Send>>,
        caller: Caller,
    ) {
        match caller {
            Caller::Stays => registered.await.unwrap(),
            Caller::Busy => {
                let registering = async move { registered.await.unwrap() };
                self.registering.push(tokio::spawn(registering));
            }
            // It goes on, and how long it takes is not seen: one plugin may wait for another.
            Caller::GivesUp(after) => {
                let names: Vec<String> = self.lives.iter().map(Life::name).collect();
                let manager = self.manager.clone();
                self.registering.push(tokio::spawn(async move {
                    let _ = timeout(after, &mut registered).await;
                    drop(registered);
                    let is_begun = |name: &String| {
                        let info = manager.info(name);
                        info.map_or(true, |info| info.status != PluginState::Loading)
                    };
                    while !names.iter().all(is_begun) {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }));
            }
        }
    }
}

fn with_manner(registration: Registration<Noted>, member: Member) -> Registration<Noted> {
    let registration = registration
        .config(Life::registered())
        .strategy(member.manner.strategy());
    let registration = match member.manner {
        Manner::Try => registration.probation(TRIAL),
        _ => registration,
    };
    match member.retries {
        true => registration.retry(Backoff::new().jitter(0.0).max_attempts(2)),
        false => registration,
    }
}

/// Whether they depend on each other so that none can be the first.
fn is_circular(members: &[Member]) -> bool {
    let mut left: Vec<Member> = members.to_vec();
    loop {
        let seats: Vec<usize> = left.iter().map(|member| member.seat).collect();
        let before = left.len();
        left.retain(|member| seats.iter().any(|seat| member.on[*seat]));
        if left.len() == before {
            return !left.is_empty();
        }
    }
}
