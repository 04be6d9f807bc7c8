use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::generation::RawGeneration;
use super::{Admission, Generation};
use crate::gate::Exit;
use crate::{Cancelled, Permit, RequestPhase};

/// A permit plus the plugin's instance, for work that outlives one response: a WebSocket, a
/// CONNECT tunnel, a background job.
///
/// It counts as in flight until the last clone drops, so a drain waits for it. Listen to
/// [`cancelled`](Self::cancelled): when the drain's deadline passes, nothing else can stop you.
///
/// ```
/// use tower_plugin_gate::{Generation, PluginState, Slot};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let slot = Slot::new("chat", PluginState::Loading);
/// slot.open(Generation::new(1, vec!["lobby"]));
/// let lease = slot.enter().expect("the slot is open");
///
/// let old = slot.close(PluginState::Reloading).expect("a generation");
/// old.gate().cancel();
/// lease.cancelled().await;
/// assert_eq!(lease.instance(), &["lobby"]);
/// # }
/// ```
pub struct Lease<T = dyn Any + Send + Sync>
where
    T: ?Sized,
{
    inner: Arc<Inner>,
    instance: PhantomData<fn() -> Box<T>>,
}

struct Inner {
    admission: Admission,
    /// The lease of the plugin around this one, which the same request holds.
    outer: Option<Lease>,
}

impl<T: ?Sized> Lease<T> {
    /// A lease without a request.
    pub(crate) fn new(admission: Admission) -> Self {
        admission.permit.is_in(RequestPhase::Upgraded);
        Self::within(admission, None)
    }

    /// A lease that holds another one for as long as it is held itself.
    pub(crate) fn within(admission: Admission, outer: Option<Lease>) -> Self {
        admission.permit.leaves(Exit::Left);
        Self {
            inner: Arc::new(Inner { admission, outer }),
            instance: PhantomData,
        }
    }

    pub(crate) fn permit(&self) -> &Permit {
        &self.inner.admission.permit
    }

    /// Leaves in the way said, unless somebody else holds the lease too.
    pub(crate) fn end(self, exit: Exit) {
        match Arc::try_unwrap(self.inner) {
            Ok(inner) => inner.admission.permit.leaves(exit),
            Err(shared) => shared.admission.permit.leaves(Exit::Left),
        }
    }

    /// As `end`, of the request: who else holds the lease goes on beyond it.
    #[cold]
    pub(crate) fn end_request(self, exit: Exit) {
        if Arc::strong_count(&self.inner) > 1 {
            self.permit().is_in(RequestPhase::Upgraded);
        }
        match exit {
            Exit::Panicked => self.permit().leaves(exit),
            exit => self.end(exit),
        }
    }

    /// Leaves, having finished its work although the drain's deadline may have passed. Dropping the
    /// lease leaves too; after the deadline, that counts as cancelled.
    ///
    /// What is counted is the last of its clones.
    pub fn complete(self) {
        self.end(Exit::Completed);
    }

    /// The admission alone, to be held in another way.
    pub(crate) fn into_admission(self) -> Admission {
        match Arc::try_unwrap(self.inner) {
            Ok(Inner { admission, .. }) => {
                admission.permit.is_in(RequestPhase::Head);
                admission
            }
            Err(shared) => Admission {
                permit: shared.admission.permit.clone(),
                generation: Arc::clone(&shared.admission.generation),
            },
        }
    }

    /// Whether it is on this very generation.
    ///
    /// ```
    /// use tower_plugin_gate::{Generation, PluginState, Slot};
    ///
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// let first = Generation::new(1, ());
    /// slot.open(first.clone());
    /// let lease = slot.enter().expect("the slot is open");
    /// assert!(lease.is_on(&first));
    /// assert!(!lease.is_on(&Generation::new(1, ())));
    /// ```
    #[must_use]
    pub fn is_on<I>(&self, generation: &Generation<I>) -> bool {
        std::ptr::eq(self.raw(), &*generation.raw())
    }

    fn raw(&self) -> &RawGeneration {
        &self.inner.admission.generation
    }

    /// The lease of the next plugin outwards, where the request passed several. It is held, and
    /// its cancellation is seen, through this one.
    #[must_use]
    pub fn outer(&self) -> Option<&Lease> {
        self.inner.outer.as_ref()
    }

    /// Number of the generation it is on.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.raw().number
    }

    /// Resolves once the generation's drain has passed its deadline, or that of an
    /// [`outer`](Self::outer) lease has. Cancel safe.
    pub fn cancelled(&self) -> Cancelled<'_> {
        let cancelled = self.permit().cancelled();
        match self.outer() {
            Some(outer) => cancelled.or(outer.cancelled()),
            None => cancelled,
        }
    }

    /// Whether [`cancelled`](Self::cancelled) would resolve at once.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.permit().is_cancelled() || self.outer().is_some_and(Lease::is_cancelled)
    }

    /// A token that is cancelled together with the generation, for APIs that take one. It knows
    /// nothing of an [`outer`](Self::outer) lease, which has a token of its own.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.raw().gate.token()
    }
}

impl<T: Send + Sync + 'static> Lease<T> {
    /// What the plugin built.
    #[must_use]
    pub fn instance(&self) -> &T {
        self.raw()
            .instance
            .downcast_ref()
            .expect("a lease is typed by the slot it came from")
    }
}

impl Lease {
    /// The same lease with the type of its instance, for the lease that a layer put into a
    /// request's extensions.
    ///
    /// # Errors
    ///
    /// The lease itself, when its plugin's instance is not a `T`.
    pub fn downcast<T: Send + Sync + 'static>(self) -> Result<Lease<T>, Self> {
        if self.raw().instance.is::<T>() {
            Ok(Lease {
                inner: self.inner,
                instance: PhantomData,
            })
        } else {
            Err(self)
        }
    }
}

impl<T: ?Sized> Clone for Lease<T> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            instance: PhantomData,
        }
    }
}

impl<T: ?Sized> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("generation", &self.generation())
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}
