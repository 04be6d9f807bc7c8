use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use serde_json::Value;
use tower_plugin::admin::AdminBody;
use tower_plugin::{BoxError, PluginState};
use tower_service::Service as _;

use super::contract::Answer;
use super::op::{Ask, Op, Plugin};
use super::request;
use super::world::{Witness, World};

const MAX_LEASES: usize = 8;

impl World {
    pub(super) async fn step(&mut self, op: Op<'_>) {
        match op {
            Op::Ask(ask) => {
                if let Some(request) = request::build(ask, self) {
                    self.ask(request).await;
                }
            }
            Op::AskTwo(one, other) => self.ask_two(one, other).await,
            Op::AskAndGo(ask, polls) => self.ask_and_go(ask, polls).await,
            Op::Hold(plugin) => self.hold(plugin),
            Op::LetGo => drop(self.leases.pop()),
            Op::Wait { minutes } => {
                tokio::time::sleep(std::time::Duration::from_secs(60 * u64::from(minutes))).await;
            }
        }
    }

    /// One request while nothing else goes on.
    pub(super) async fn ask<B>(&self, request: Request<B>) -> Response<AdminBody>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let method = request.method().clone();
        let (before, is_quiet) = (self.witness(), self.is_quiet());
        let answer = self.call(request).await;
        let answer = Answer::read(answer, &method, &self.secrets).await;
        if !is_quiet {
            // Whatever is under way goes on by itself.
        } else if must_change_nothing(&method, &answer) {
            assert_eq!(before, self.witness(), "{} changed", answer.status());
        } else {
            self.check_change(&answer, &before);
        }
        let Answer { head, body, .. } = answer;
        Response::from_parts(head, AdminBody::from(body.to_vec()))
    }

    async fn ask_two(&mut self, one: Ask<'_>, other: Ask<'_>) {
        let one = request::build(one, self);
        let other = request::build(other, self);
        let (Some(one), Some(other)) = (one, other) else {
            return;
        };
        let methods = [one.method().clone(), other.method().clone()];
        let (before, is_quiet) = (self.witness(), self.is_quiet());
        let (one, other) = tokio::join!(self.call(one), self.call(other));
        let one = Answer::read(one, &methods[0], &self.secrets).await;
        let other = Answer::read(other, &methods[1], &self.secrets).await;
        if is_quiet
            && must_change_nothing(&methods[0], &one)
            && must_change_nothing(&methods[1], &other)
        {
            assert_eq!(before, self.witness(), "two changed something");
        }
    }

    /// An operation that has begun goes on to its end; one that has not leaves no trace.
    async fn ask_and_go(&mut self, ask: Ask<'_>, polls: u8) {
        let Some(request) = request::build(ask, self) else {
            return;
        };
        {
            let mut answer = pin!(self.call(request));
            for _ in 0..polls % 32 {
                let polled = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
                if polled.is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        self.settle().await;
        for subject in &self.subjects {
            let state = subject.handle.state();
            assert!(!state.is_transition(), "left {state} half-way");
        }
    }

    fn call<B>(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Response<AdminBody>> + Send + use<B>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let answer = self.admin.clone().call(request);
        async move {
            let answer: Result<_, Infallible> = answer.await;
            answer.unwrap_or_else(|never| match never {})
        }
    }

    fn hold(&mut self, plugin: Plugin) {
        let handle = self.subject(plugin.name());
        let lease = handle.and_then(|handle| handle.enter().ok());
        if self.leases.len() < MAX_LEASES {
            self.leases.extend(lease);
        }
    }

    /// Whether no operation is under way, as while a generation is on trial.
    fn is_quiet(&self) -> bool {
        let plugins = self.manager.list().plugins;
        plugins.iter().all(|plugin| plugin.operation.is_none())
    }

    /// What is said of several plugins is so of each.
    fn check_results(&self, answer: &Answer, outcome: &str, results: &Value) {
        let results = results.as_array().expect("a list");
        let is_success = answer.status() == StatusCode::OK;
        assert_eq!(is_success, outcome == "applied", "{results:?}");
        let mut applied = 0;
        for result in results {
            let name = result["plugin"].as_str().expect("a name");
            let handle = self.subject(name).expect("a plugin that is there");
            if result["outcome"] == "applied" {
                applied += 1;
                assert_eq!(result["generation"], handle.generation());
                assert_eq!(result["state"], handle.state().as_str());
            }
        }
        assert!(outcome != "failed" || applied == 0, "{results:?}");
        assert!(outcome != "partial" || applied > 0, "{results:?}");
    }

    /// What an operation says of itself is so.
    fn check_change(&self, answer: &Answer, before: &[Witness; 2]) {
        let Some(outcome) = answer.text("outcome") else {
            return;
        };
        if let Some(results) = answer.members.get("results") {
            return self.check_results(answer, outcome, results);
        }
        let name = answer.text("plugin").expect("the plugin it was done to");
        let handle = self.subject(name).expect("a plugin that is there");
        let version = self.manager.config(name).expect("it is registered").version;
        assert_eq!(answer.text("state"), Some(handle.state().as_str()));
        assert_eq!(answer.members["generation"], handle.generation());
        assert_eq!(answer.members["version"], version.number());
        let is_success = answer.status() == StatusCode::OK;
        assert_eq!(is_success, matches!(outcome, "applied" | "unchanged"));
        let after = self.witness();
        let is_same_config = |(before, now): (&Witness, &Witness)| before.is_same_config(now);
        match outcome {
            "unchanged" => assert_eq!(*before, after, "unchanged, it says"),
            "rolled_back" => assert_eq!(handle.state(), PluginState::Active),
            _ => {}
        }
        if outcome != "applied" {
            assert!(before.iter().zip(&after).all(is_same_config), "{outcome}");
        }
    }
}

/// Whether it was only asked to tell something, or was refused.
fn must_change_nothing(method: &Method, answer: &Answer) -> bool {
    method.is_safe() || answer.status().is_client_error()
}
