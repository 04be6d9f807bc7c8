use serde_json::Value;

use super::task::Lifecycle;
use super::{ConfigChange, Request};
use crate::config::{Prepared, decode, merge_patch};
use crate::{ConfigError, ConfigVersion, Operation, OperationErrorKind, Plugin};

/// A config to build the next instance from, and the version it will have.
pub(super) struct Candidate {
    pub(super) config: Value,
    pub(super) version: ConfigVersion,
}

impl<P: Plugin> Lifecycle<P> {
    /// The config that an operation is to be carried out with, if the plugin would take it.
    /// Touches nothing that serves.
    pub(super) async fn candidate(
        &mut self,
        request: Request,
    ) -> Result<Candidate, OperationErrorKind> {
        match request {
            Request::UpdateConfig(change) => self.changed(change),
            Request::Register => {
                if let Some(stored) = self.stored().await? {
                    self.adopt_first(stored);
                }
                Ok(self.in_force())
            }
            // Somebody may have edited the file: this is how they have it read.
            Request::Reload | Request::Enable => match self.stored().await? {
                Some(stored) if stored != self.config => self.accept(stored),
                _ => Ok(self.in_force()),
            },
            Request::Disable | Request::Unload | Request::Shutdown => Ok(self.in_force()),
        }
    }

    pub(super) fn in_force(&self) -> Candidate {
        Candidate {
            config: self.config.clone(),
            version: self.config_version,
        }
    }

    fn changed(&self, change: ConfigChange) -> Result<Candidate, OperationErrorKind> {
        let current = self.config_version;
        if change.if_version.is_some_and(|version| version != current) {
            return Err(OperationErrorKind::VersionMismatch { current });
        }
        let mut config = change.value;
        if change.is_patch {
            let patch = std::mem::replace(&mut config, self.config.clone());
            merge_patch(&mut config, patch);
        }
        self.secrets.unmask(&mut config, &self.config);
        self.accept(config)
    }

    fn accept(&self, config: Value) -> Result<Candidate, OperationErrorKind> {
        if !config.is_object() {
            let refused = ConfigError::new("", "must be a JSON object");
            return Err(OperationErrorKind::ConfigRejected(refused));
        }
        if let Err(refused) = decode::<P::Config>(&config) {
            let refused = self.secrets.scrub_refusal(&refused, &config);
            return Err(OperationErrorKind::ConfigRejected(refused));
        }
        let number = self.config_version.number + 1;
        Ok(Candidate {
            config,
            version: ConfigVersion {
                number,
                ..self.config_version
            },
        })
    }

    async fn stored(&self) -> Result<Option<Value>, OperationErrorKind> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        store
            .load(self.name())
            .await
            .map_err(OperationErrorKind::StoreUnavailable)
    }

    /// Puts a changed config on disk before anything is touched: a disk that is full refuses it.
    pub(super) async fn prepare(
        &self,
        operation: Operation,
        candidate: &Candidate,
    ) -> Result<Option<Prepared>, OperationErrorKind> {
        match &self.store {
            Some(store) if operation == Operation::UpdateConfig => {
                let is_secret = !self.secrets.is_empty();
                let prepared = store.prepare(self.name(), &candidate.config, is_secret);
                prepared
                    .await
                    .map(Some)
                    .map_err(OperationErrorKind::StoreUnavailable)
            }
            _ => Ok(None),
        }
    }

    /// Puts a prepared config in its place.
    pub(super) async fn commit(&self, prepared: Prepared) {
        if let Err(error) = prepared.commit().await {
            // The new generation serves already; what fails here is the memory of it.
            tracing::error!(%error, "the config serves, but could not be put in its place");
            self.publish_error(
                Operation::UpdateConfig,
                format!("storing the config: {error}"),
            );
        }
    }
}
