use std::time::SystemTime;

use serde_json::Value;
use tower_plugin_gate::PluginState;

use super::candidate::Candidate;
use super::drift::fault;
use super::exchange::Done;
use super::hook::HookError;
use super::task::Lifecycle;
use super::{Options, ReloadStrategy};
use crate::config::{PreparedPut, Put, Revision, StoreError, StoredConfig, StoredVersion};
use crate::fault;
use crate::{
    ConfigVersion, EventKind, Operation, OperationErrorKind, Outcome, Plugin, StartReason,
};

/// Who put a config into the store beside the manager, as far as is known.
const EDITOR: &str = "file";

impl<P: Plugin> Lifecycle<P> {
    /// The config of a version that is kept.
    pub(super) async fn kept(&self, version: u64) -> Result<Value, OperationErrorKind> {
        let kept = self.store.version(self.name(), version).await;
        let kept = kept.map_err(OperationErrorKind::StoreUnavailable)?;
        let kept = kept.ok_or(OperationErrorKind::VersionNotFound { version })?;
        Ok(kept.config)
    }

    /// The store's config, if it has one.
    pub(super) async fn stored(&mut self) -> Result<Option<StoredConfig>, OperationErrorKind> {
        let loaded = self.store.load(self.name()).await;
        self.revision = match &loaded {
            Ok(Some(stored)) => Some(stored.revision),
            Ok(None) => Some(Revision::ABSENT),
            // Where nothing was seen, what was seen before is still all that may be replaced.
            Err(error) => error.revision().or(self.revision),
        };
        let stored = loaded.map_err(OperationErrorKind::StoreUnavailable)?;
        if let Some(version) = stored.as_ref().and_then(|stored| stored.version) {
            self.recorded = Some(version);
        }
        Ok(stored)
    }

    /// The config to begin with: the store's, or else the registered one; where the store's is
    /// broken, the last version that is not.
    pub(super) async fn first(&mut self) -> Result<Candidate, OperationErrorKind> {
        self.tell_of_drift(None);
        let stored = self.stored().await;
        let history = self.store.history(self.name()).await;
        let history = history.unwrap_or_else(|error| {
            tracing::warn!(%error, "the history cannot be read");
            Vec::new()
        });
        let newest = history.first();
        let (refused, broken) = match stored {
            Ok(Some(stored)) => match self.check(&stored.config).await {
                Ok(()) => return Ok(self.begin_with(stored.config, stored.version, newest)),
                Err(refused) => (refused, Some(stored.config)),
            },
            Ok(None) => {
                let same = newest.filter(|newest| newest.config == self.config);
                let version = same.map(|newest| newest.version);
                return Ok(self.begin_with(self.config.clone(), version, newest));
            }
            Err(refused) => (refused, None),
        };
        let mut good = None;
        for kept in &history {
            if self.check(&kept.config).await.is_ok() {
                good = Some(kept);
                break;
            }
        }
        let Some(good) = good else {
            // What its type refuses fails to start, and says why.
            return broken
                .map(|config| self.begin_with(config, None, newest))
                .ok_or(refused);
        };
        let (refused, number) = (self.refuse(refused), good.version.number());
        let drift = fault(refused.kind());
        let notice = format!("{refused}; version {number} serves instead: mend what is stored");
        self.tell_of_drift(Some(drift.as_deref().unwrap_or(&notice)));
        self.notice = Some(notice);
        Ok(self.begin_with(good.config.clone(), Some(good.version), newest))
    }

    /// Has the first config in place of the registered one, before anything is built from it.
    fn begin_with(
        &mut self,
        config: Value,
        known: Option<ConfigVersion>,
        newest: Option<&StoredVersion>,
    ) -> Candidate {
        self.recorded = known;
        self.config = config;
        // Of this run: whatever was in force before and is in no history may have had that number.
        let next = |newest: &StoredVersion| ConfigVersion {
            number: newest.version.number + 1,
            ..self.config_version
        };
        if let Some(version) = known.or_else(|| newest.map(next)) {
            self.config_version = version;
        }
        let (shown, version) = (self.secrets.mask(&self.config), self.config_version);
        self.published.publish(|snapshot| {
            snapshot.config = shown;
            snapshot.config_version = version;
        });
        self.in_force()
    }

    /// Has the store do all of a put that may fail, before anything is touched: a disk that is full
    /// refuses a change. What the store has already goes into its history if that can be written.
    pub(super) async fn prepare(
        &self,
        operation: Operation,
        candidate: &Candidate,
        options: &Options,
    ) -> Result<Option<Box<dyn PreparedPut>>, OperationErrorKind> {
        if self.recorded == Some(candidate.version) {
            return Ok(None);
        }
        let is_change = operation.stores_config();
        let has_current = self.revision.is_some_and(|is| is != Revision::ABSENT);
        let mut version = StoredVersion::new(candidate.version, candidate.config.clone());
        version.actor.clone_from(&options.actor);
        if !is_change && has_current && options.actor.is_none() {
            version.actor = Some(EDITOR.to_owned());
        }
        version.cause.clone_from(&options.cause);
        let put = Put {
            version,
            expected: self.revision,
            is_current: is_change || has_current,
            is_secret: !self.secrets.is_empty(),
            history_limit: self.store.history_limit,
        };
        match self.store.prepare(self.name(), put).await {
            Ok(prepared) => Ok(Some(prepared)),
            Err(error) if is_change => Err(match error.config_error() {
                Some(refused) => OperationErrorKind::ConfigRejected(refused.clone()),
                None => OperationErrorKind::StoreUnavailable(error),
            }),
            Err(error) => {
                tracing::warn!(%error, "left out of the history");
                Ok(None)
            }
        }
    }

    /// Has the store keep what was applied, before anybody is told. A change that cannot be kept is
    /// taken back: nothing is in force that a restart would undo.
    pub(super) async fn persist(
        &mut self,
        operation: Operation,
        prepared: Option<Box<dyn PreparedPut>>,
        before: Candidate,
        mut done: Done,
    ) -> Done {
        done.warning = done.warning.or(self.notice.take());
        self.withholds = false;
        let untold = self.untold.take();
        let (Outcome::Applied, Some(prepared)) = (done.outcome, prepared) else {
            return done;
        };
        let committed = self.store.commit(prepared).await;
        let is_kept = committed.is_ok() || !operation.stores_config();
        if let Some(changes) = untold.filter(|_| is_kept) {
            self.tell_of_config(changes);
        }
        match committed {
            Ok(revision) => {
                fault::point("committed");
                self.revision = Some(revision);
                self.recorded = Some(self.config_version);
                done
            }
            Err(error) if operation.stores_config() => self.take_back(before, error, done).await,
            Err(error) => {
                tracing::warn!(%error, "left out of the history");
                done
            }
        }
    }

    async fn take_back(&mut self, before: Candidate, error: StoreError, done: Done) -> Done {
        tracing::error!(%error, "the config cannot be stored: going back to the one before");
        // Nobody was told of the other.
        (self.config, self.config_version) = (before.config, before.version);
        let mut back = Done::new(Outcome::RolledBack, "the config before is kept");
        if self.running.is_some() {
            back = self.swap_back().await;
        }
        back.drain = done.drain;
        back.stop_error = done.stop_error;
        back.because(HookError::failed("storing the config", error))
    }

    /// Exchanges an instance whose config cannot be kept for one of the config before.
    async fn swap_back(&mut self) -> Done {
        if self.settings.strategy == ReloadStrategy::Replace {
            let old = self.start_healthy(&self.config, StartReason::Rollback);
            if let Ok(old) = old.await {
                let last_good = self.in_force();
                if let Some(unkept) = self.open(old, last_good) {
                    self.drain(&unkept.generation).await;
                    self.stop(unkept).await;
                }
                return Done::new(Outcome::RolledBack, "the last good config serves again");
            }
        }
        self.take_down(PluginState::Reloading).await;
        self.restore().await
    }

    /// Tells everybody which config is in force: once it is kept, so that nobody has seen a version
    /// that a crash undoes.
    pub(super) fn tell_of_config(&mut self, changes: String) {
        if self.withholds {
            self.untold = Some(changes);
            return;
        }
        let (shown, version) = (self.secrets.mask(&self.config), self.config_version);
        self.published.publish(|snapshot| {
            snapshot.config = shown;
            snapshot.config_version = version;
            snapshot.config_since = SystemTime::now();
        });
        let number = version.number();
        self.event(
            EventKind::ConfigChanged,
            format!("config {number} in force; changed: {changes}"),
        );
    }
}
