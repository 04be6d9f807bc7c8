use tower_plugin_gate::{Generation, Slot};

use crate::live::Source;

/// Takes the service from the slot itself.
pub(super) struct Instance<S>(pub(super) Slot<S>);

impl<S: Clone + Send + Sync + 'static> Source for Instance<S> {
    type Instance = S;
    type Service = S;

    fn slot(&self) -> &Slot<S> {
        &self.0
    }

    fn current(&self) -> Option<(Generation<S>, S)> {
        let generation = self.0.choose()?;
        let service = generation.instance().clone();
        Some((generation, service))
    }
}

impl<S> Clone for Instance<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
