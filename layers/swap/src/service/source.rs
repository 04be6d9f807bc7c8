use tower_plugin_gate::Slot;

use crate::live::{Current, Source};

/// Takes the service from the slot itself.
pub(super) struct Instance<S>(pub(super) Slot<S>);

impl<S: Clone + Send + Sync + 'static> Source for Instance<S> {
    type Instance = S;
    type Service = S;

    fn slot(&self) -> &Slot<S> {
        &self.0
    }

    fn current(&self) -> Option<Current<S, S>> {
        let (generation, is_split) = self.0.choose_one()?;
        let service = generation.instance().clone();
        Some(Current {
            generation,
            service,
            is_split,
        })
    }
}

impl<S> Clone for Instance<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
