use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};

use arc_swap::ArcSwapOption;
use tower_layer::Layer;
use tower_plugin_gate::{Generation, Slot, Watch};

use super::evict::{self, Settle};
use crate::live::Source;

/// What all clones of one middleware share: the inner service, and that service wrapped by the
/// current instance.
pub(super) struct Shared<S, L: Layer<S>> {
    slot: Slot<L>,
    wrapped: ArcSwapOption<Wrapped<L, L::Service>>,
    /// Locked while an instance wraps it, so that each does so once.
    inner: Mutex<S>,
    watch: Mutex<Watch>,
    evict: Waker,
}

struct Wrapped<L, W> {
    /// A version of the slot at which `generation` was current.
    version: u64,
    generation: Generation<L>,
    service: W,
}

impl<L, W: Clone> Wrapped<L, W> {
    fn parts(&self) -> (Generation<L>, W) {
        (self.generation.clone(), self.service.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S, L> Shared<S, L>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    pub(super) fn new(slot: Slot<L>, inner: S) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Self>| Self {
            watch: Mutex::new(slot.watch()),
            evict: evict::waker(Weak::clone(this)),
            slot,
            wrapped: ArcSwapOption::empty(),
            inner: Mutex::new(inner),
        })
    }

    /// The service inside, without the middleware.
    pub(super) fn bare(&self) -> S {
        lock(&self.inner).clone()
    }

    fn wrap(&self) -> Option<(Generation<L>, L::Service)> {
        let inner = lock(&self.inner);
        let version = self.slot.version();
        let generation = self.slot.generation()?;
        let before = self.wrapped.load_full();
        let service = match &before {
            Some(wrapped) if wrapped.generation.is_same(&generation) => wrapped.service.clone(),
            _ => generation.instance().layer(inner.clone()),
        };
        let wrapped = Arc::new(Wrapped {
            version,
            generation,
            service,
        });
        let replaced = self.wrapped.swap(Some(Arc::clone(&wrapped)));
        drop(inner);
        drop((before, replaced));
        self.settle();
        Some(wrapped.parts())
    }
}

impl<S, L> Settle for Shared<S, L>
where
    S: Send,
    L: Layer<S, Service: Send + Sync> + Send + Sync + 'static,
{
    fn settle(&self) {
        let mut cx = Context::from_waker(&self.evict);
        loop {
            let Some(wrapped) = self.wrapped.load_full() else {
                return;
            };
            let version = self.slot.version();
            let current = self.slot.generation();
            if !current.is_some_and(|current| current.is_same(&wrapped.generation)) {
                // If it is there no more, whoever replaced it settles what came after.
                self.wrapped.compare_and_swap(&wrapped, None);
                return;
            }
            if lock(&self.watch)
                .poll_changed(version, &mut cx)
                .is_pending()
            {
                return;
            }
        }
    }
}

impl<S, L> Source for Arc<Shared<S, L>>
where
    S: Clone + Send + 'static,
    L: Layer<S, Service: Clone + Send + Sync + 'static> + Send + Sync + 'static,
{
    type Instance = L;
    type Service = L::Service;

    fn slot(&self) -> &Slot<L> {
        &self.slot
    }

    fn current(&self) -> Option<(Generation<L>, L::Service)> {
        let version = self.slot.version();
        match &*self.wrapped.load() {
            Some(wrapped) if wrapped.version == version => return Some(wrapped.parts()),
            _ => {}
        }
        self.wrap()
    }
}
