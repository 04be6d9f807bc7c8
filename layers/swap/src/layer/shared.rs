use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};

use arc_swap::ArcSwapOption;
use tower_layer::Layer;
use tower_plugin_gate::{Generation, Slot, Watch};

use super::evict::{self, Settle};
use crate::live::{Current, Source};

/// What all clones of one middleware share: the inner service, and that service wrapped by the
/// current instance.
pub(super) struct Shared<S, L: Layer<S>> {
    slot: Slot<L>,
    kept: ArcSwapOption<Kept<L, L::Service>>,
    /// Locked while an instance wraps it, so that each does so once.
    inner: Mutex<S>,
    watch: Mutex<Watch>,
    evict: Waker,
}

/// What was wrapped for the generations whose gates are open: the current one and, where there
/// is another that shares the requests or is kept to go back to, that one.
struct Kept<L, W> {
    /// A version of the slot at which `current` was; zero if that is over.
    version: u64,
    /// Whether each request has to choose between the two.
    is_split: bool,
    current: Wrapped<L, W>,
    other: Option<Wrapped<L, W>>,
}

struct Wrapped<L, W> {
    generation: Generation<L>,
    service: W,
}

impl<L, W> Kept<L, W> {
    fn all(&self) -> impl Iterator<Item = &Wrapped<L, W>> {
        [Some(&self.current), self.other.as_ref()]
            .into_iter()
            .flatten()
    }

    fn find(&self, generation: &Generation<L>) -> Option<&Wrapped<L, W>> {
        self.all()
            .find(|wrapped| wrapped.generation.is_same(generation))
    }
}

impl<L, W: Clone> Wrapped<L, W> {
    fn current(&self, is_split: bool) -> Current<L, W> {
        Current {
            generation: self.generation.clone(),
            service: self.service.clone(),
            is_split,
        }
    }

    fn is_open(&self) -> bool {
        !self.generation.gate().is_closed()
    }

    /// A copy, unless nobody can enter its generation any more.
    fn while_open(&self) -> Option<Self> {
        self.is_open().then(|| Self {
            generation: self.generation.clone(),
            service: self.service.clone(),
        })
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
            kept: ArcSwapOption::empty(),
            inner: Mutex::new(inner),
        })
    }

    /// The service inside, without the middleware.
    pub(super) fn bare(&self) -> S {
        lock(&self.inner).clone()
    }

    /// Chooses between two generations.
    fn choose(&self, version: u64) -> Option<Current<L, L::Service>> {
        let (generation, is_split) = self.slot.choose_one()?;
        if let Some(kept) = &*self.kept.load() {
            if let Some(wrapped) = kept.find(&generation) {
                return Some(wrapped.current(is_split));
            }
        }
        self.wrap(Some((version, generation)))
    }

    /// Wraps the service by the generation that was `chosen` at a version, or is current.
    fn wrap(&self, chosen: Option<(u64, Generation<L>)>) -> Option<Current<L, L::Service>> {
        let inner = lock(&self.inner);
        let version = self.slot.version();
        let generation = match chosen {
            Some((at, chosen)) if at == version => chosen,
            _ => self.slot.choose()?,
        };
        let is_split = self.slot.is_split();
        let before = self.kept.load_full();
        let known = before.as_ref().and_then(|kept| kept.find(&generation));
        let service = match known {
            Some(wrapped) => wrapped.service.clone(),
            None => generation.instance().layer(inner.clone()),
        };
        let other = before.as_ref().and_then(|kept| {
            let mut others = kept
                .all()
                .filter(|kept| !kept.generation.is_same(&generation));
            others.find_map(Wrapped::while_open)
        });
        let current = Wrapped {
            generation,
            service,
        };
        let now = current.current(is_split);
        let replaced = self.kept.swap(Some(Arc::new(Kept {
            version,
            is_split,
            current,
            other,
        })));
        drop(inner);
        drop((before, replaced));
        self.settle();
        Some(now)
    }
}

impl<S, L> Settle for Shared<S, L>
where
    S: Send,
    L: Layer<S, Service: Clone + Send + Sync> + Send + Sync + 'static,
{
    fn settle(&self) {
        let mut cx = Context::from_waker(&self.evict);
        loop {
            // Registered before the look: a gate that is closed is either seen here, or whoever
            // closed it finds the waker.
            let version = self.slot.version();
            if lock(&self.watch).poll_changed(version, &mut cx).is_ready() {
                continue;
            }
            let Some(kept) = self.kept.load_full() else {
                return;
            };
            if kept.all().all(|wrapped| wrapped.is_open()) {
                return;
            }
            let mut open = kept.all().filter_map(Wrapped::while_open);
            let left = open.next().map(|current| {
                Arc::new(Kept {
                    version: 0,
                    is_split: false,
                    current,
                    other: open.next(),
                })
            });
            // If it is there no more, whoever replaced it settles what came after.
            self.kept.compare_and_swap(&kept, left);
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

    fn current(&self) -> Option<Current<L, L::Service>> {
        let version = self.slot.version();
        match &*self.kept.load() {
            Some(kept) if kept.version != version => {}
            Some(kept) if !kept.is_split => return Some(kept.current.current(false)),
            Some(_) => return self.choose(version),
            None => {}
        }
        self.wrap(None)
    }
}
