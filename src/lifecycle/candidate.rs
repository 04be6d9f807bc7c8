use serde_json::Value;

use super::task::Lifecycle;
use super::{ConfigChange, Options, Request};
use crate::config::{StoredConfig, merge_patch};
use crate::{ConfigError, ConfigVersion, OperationErrorKind, Plugin};

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
            Request::UpdateConfig(change) => self.changed(change).await,
            Request::Rollback(version) => {
                let config = self.kept(version).await?;
                self.accept(config).await
            }
            Request::Register => self.first().await,
            // Before a config has served, none is the last good one.
            Request::Retry if self.generation == 0 => self.first().await,
            // Somebody may have edited the file: this is how they have it read.
            Request::Reload | Request::Enable | Request::Refresh => match self.stored().await? {
                Some(stored) if stored.config != self.config => self.edited(stored).await,
                _ => {
                    self.check(&self.config).await?;
                    Ok(self.in_force())
                }
            },
            Request::Retry | Request::Disable | Request::Unload | Request::Shutdown => {
                Ok(self.in_force())
            }
        }
    }

    pub(super) fn in_force(&self) -> Candidate {
        Candidate {
            config: self.config.clone(),
            version: self.config_version,
        }
    }

    /// Why an operation that is meant for another version of the config is refused.
    pub(super) fn outdated(&self, options: &Options) -> Option<OperationErrorKind> {
        let current = self.config_version;
        let meant = options.if_version?;
        (meant != current).then_some(OperationErrorKind::VersionMismatch { current })
    }

    async fn changed(&self, change: ConfigChange) -> Result<Candidate, OperationErrorKind> {
        let mut config = match change {
            ConfigChange::Replace(config) => config,
            ConfigChange::Merge(patch) => {
                let mut config = self.config.clone();
                merge_patch(&mut config, patch);
                config
            }
        };
        self.secrets.unmask(&mut config, &self.config);
        self.accept(config).await
    }

    /// What somebody else put into the store.
    async fn edited(&self, stored: StoredConfig) -> Result<Candidate, OperationErrorKind> {
        let accepted = self.accept(stored.config).await?;
        // One that comes before the version in force has been replaced by one that is in no history.
        let is_later = |stored: &ConfigVersion| stored.number > self.config_version.number;
        Ok(Candidate {
            version: stored.version.filter(is_later).unwrap_or(accepted.version),
            ..accepted
        })
    }

    async fn accept(&self, config: Value) -> Result<Candidate, OperationErrorKind> {
        if !config.is_object() {
            let refused = ConfigError::new("", "must be a JSON object");
            return Err(OperationErrorKind::ConfigRejected(refused));
        }
        if let Some(pointer) = self.secrets.stray_mask(&config) {
            let must = "must be the secret itself: the mask stands for all that is stored in this \
                        place, if anything is";
            return Err(OperationErrorKind::ConfigRejected(ConfigError::new(
                pointer, must,
            )));
        }
        self.check(&config).await?;
        let number = self.config_version.number + 1;
        Ok(Candidate {
            config,
            version: ConfigVersion {
                number,
                ..self.config_version
            },
        })
    }

    /// Whether the plugin's schema and type take a config.
    pub(super) async fn check(&self, config: &Value) -> Result<(), OperationErrorKind> {
        let read = self.read(config).await;
        read.map(drop).map_err(OperationErrorKind::ConfigRejected)
    }
}
