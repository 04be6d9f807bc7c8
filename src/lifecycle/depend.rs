use super::task::Lifecycle;
use crate::{OperationError, OperationErrorKind, Plugin};

impl<P: Plugin> Lifecycle<P> {
    /// Until those that this plugin depends on are not being started any more, which their own
    /// timeouts bound: they may have been registered just before.
    pub(super) async fn dependencies_started(&self) {
        for name in &self.published.dependencies {
            if let Some(dependency) = self.registry.published(name) {
                dependency.started().await;
            }
        }
    }

    /// Has nothing depend on this plugin from now on. Somebody may have been registered that does
    /// since the unload was asked for.
    pub(super) fn retire(&self) -> Result<(), OperationError> {
        match self.registry.retire(self.name()) {
            None => Ok(()),
            Some(dependent) => Err(self.refuse(OperationErrorKind::RequiredBy(dependent))),
        }
    }
}
