use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Admission;
use crate::{Cancelled, Permit};

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
    inner: Arc<Admission>,
    instance: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> Lease<T> {
    pub(crate) fn new(admission: Admission) -> Self {
        Self {
            inner: Arc::new(admission),
            instance: PhantomData,
        }
    }

    pub(crate) fn permit(&self) -> &Permit {
        &self.inner.permit
    }

    /// Number of the generation it is on.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.inner.generation.number
    }

    /// Resolves once the generation's drain has passed its deadline. Cancel safe.
    pub fn cancelled(&self) -> Cancelled<'_> {
        self.inner.permit.cancelled()
    }

    /// Whether the generation's drain has passed its deadline.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.inner.permit.is_cancelled()
    }

    /// A token that is cancelled together with the generation, for APIs that take one.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.inner.generation.gate.token()
    }
}

impl<T: Send + Sync + 'static> Lease<T> {
    /// What the plugin built.
    #[must_use]
    pub fn instance(&self) -> &T {
        let instance = &self.inner.generation.instance;
        instance
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
        if self.inner.generation.instance.is::<T>() {
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
