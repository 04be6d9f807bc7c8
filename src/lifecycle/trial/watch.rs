use std::sync::Arc;

use tokio::time::{Instant, sleep, sleep_until};
use tower_plugin_gate::{Counters, Gate};

use super::TrialRules;
use super::rules::{finished, since};
use crate::lifecycle::task::Lifecycle;
use crate::lifecycle::{Stage, Trigger};
use crate::operation::{Record, Trial};
use crate::time::after;
use crate::{GoDuration, HealthStatus, Plugin};

/// What became of a stage of a trial.
pub(super) struct Verdict {
    pub(super) by: Trigger,
    /// Where it is bad.
    pub(super) reason: String,
}

impl Verdict {
    fn fail(reason: impl Into<String>) -> Self {
        let (by, reason) = (Trigger::Fail, reason.into());
        Self { by, reason }
    }

    /// What was decided, and by whom.
    fn decided(by: Trigger, actor: Option<&str>) -> Self {
        let named = |before: &str| actor.map(|actor| format!("{before}{actor}"));
        let reason = match by {
            Trigger::Operation(operation) => {
                let by = named(", asked for by ").unwrap_or_default();
                format!("it was ended by {operation}{by}")
            }
            Trigger::Abort => format!("it was aborted{}", named(" by ").unwrap_or_default()),
            _ => {
                tracing::info!(promoted_by = actor, "the trial was promoted");
                String::new()
            }
        };
        Self { by, reason }
    }
}

/// The two generations, and their counters when the stage began.
pub(super) struct Rivals {
    pub(super) new: Gate,
    pub(super) old: Gate,
    pub(super) old_then: Counters,
}

impl Rivals {
    /// Those of the old one since then, if there were enough, or else all it ever had.
    fn counters(&self, rules: &TrialRules) -> (Counters, Counters) {
        let old = self.old.counters();
        let lately = since(old, self.old_then);
        let is_enough = finished(lately) >= rules.min_requests.max(1);
        (self.new.counters(), if is_enough { lately } else { old })
    }
}

impl<P: Plugin> Lifecycle<P> {
    /// Waits until a stage of a trial is decided: by its end, by a command, by the health of the
    /// new generation or by its requests.
    pub(super) async fn watch_trial(
        &self,
        stage: Stage,
        rules: &TrialRules,
        numbers: (u64, u64),
        rivals: &Rivals,
        confirm_by: Option<Instant>,
    ) -> Verdict {
        let Some(record) = self.record() else {
            return Verdict::fail("there is no operation to tell of it");
        };
        let ends = (!rules.probation.is_zero()).then(|| after(rules.probation));
        record.enter_trial(
            stage,
            Trial {
                generation: numbers.0,
                previous: numbers.1,
                share: rules.canary.filter(|_| stage == Stage::Canary),
                new: rivals.new.clone(),
                old: rivals.old.clone(),
                ends,
                confirm_by,
            },
        );
        self.wait_for_verdict(&record, rules, numbers.0, rivals, ends, confirm_by)
            .await
    }

    async fn wait_for_verdict(
        &self,
        record: &Arc<Record>,
        rules: &TrialRules,
        number: u64,
        rivals: &Rivals,
        ends: Option<Instant>,
        confirm_by: Option<Instant>,
    ) -> Verdict {
        let mut published = self.published.subscribe();
        let mut passed = false;
        loop {
            published.mark_unchanged();
            if let Some(reason) = self.bad_health(number) {
                return Verdict::fail(reason);
            }
            let (new, old) = rivals.counters(rules);
            if let Some(reason) = rules.breach(new, old) {
                return Verdict::fail(reason);
            }
            if passed && confirm_by.is_none() {
                return Verdict {
                    by: Trigger::Pass,
                    reason: String::new(),
                };
            }
            tokio::select! {
                biased;
                decision = record.decision() => {
                    return Verdict::decided(decision, record.decided_by().as_deref());
                }
                () = self.out_of_time.cancelled() => {
                    return Verdict::fail("the manager is shutting down");
                }
                () = at(confirm_by) => {
                    let within = rules.confirm_within.unwrap_or_default();
                    let within = GoDuration(within);
                    return Verdict::fail(format!("it was not confirmed within {within}"));
                }
                () = at(ends), if !passed => passed = true,
                changed = published.changed() => if changed.is_err() {
                    return Verdict::fail("nobody is told of it any more");
                },
                () = sleep(rules.look_every()), if rules.max_error_rate.is_some() => {}
            }
        }
    }

    fn bad_health(&self, number: u64) -> Option<String> {
        self.published.read(|snapshot| {
            let health = snapshot.health_of(number)?;
            let is_bad = health.status() == HealthStatus::Unhealthy;
            is_bad.then(|| {
                let why = health.message().unwrap_or("it does not say why");
                format!("it is unhealthy: {why}")
            })
        })
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
