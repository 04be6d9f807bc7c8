use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};
use tower_plugin_gate::{Generation, HasSlot, PluginState, Slot};
use tower_test::mock::{self, Mock};

pub(crate) type Reply = Response<Full<Bytes>>;
pub(crate) type MockService = Mock<Request<()>, Reply>;
pub(crate) type Handle = mock::Handle<Request<()>, Reply>;

pub(crate) fn reply(text: &'static str) -> Reply {
    Response::new(Full::from(text))
}

pub(crate) fn request() -> Request<()> {
    Request::new(())
}

/// Calls the service once it is ready.
pub(crate) async fn send<S>(service: &mut S) -> S::Response
where
    S: Service<Request<()>, Error: std::fmt::Debug>,
{
    let ready = service.ready().await.unwrap();
    ready.call(request()).await.unwrap()
}

/// A slot whose first generation is `instance`.
pub(crate) fn open<T: Send + Sync + 'static>(instance: T) -> Slot<T> {
    let slot = Slot::new("plugin", PluginState::Loading);
    slot.open(Generation::new(1, instance));
    slot
}

/// Puts `instance` in, and hands out the generation it replaces.
pub(crate) fn swap<T: Send + Sync + 'static>(slot: &Slot<T>, instance: T) -> Generation<T> {
    let number = slot.generation().map_or(0, |now| now.number()) + 1;
    slot.open(Generation::new(number, instance))
        .expect("a generation to replace")
}

/// A mock instance that is not ready until its handle allows it.
pub(crate) fn mocked() -> (MockService, Handle) {
    let (service, mut handle) = mock::pair();
    handle.allow(0);
    (service, handle)
}

/// Answers at once with its number in a header, and counts its calls.
#[derive(Clone)]
pub(crate) struct Numbered {
    pub(crate) number: usize,
    pub(crate) calls: Arc<AtomicUsize>,
}

impl Numbered {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            calls: Arc::default(),
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl<R> Service<Request<R>> for Numbered {
    type Response = Reply;
    type Error = Infallible;
    type Future = Ready<Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let mut reply = reply("hello");
        reply.headers_mut().insert("x-number", self.number.into());
        ready(Ok(reply))
    }
}

/// A layer that counts how often it wrapped a service and puts its number into the response.
#[derive(Clone)]
pub(crate) struct Stamp {
    pub(crate) number: usize,
    pub(crate) wrapped: Arc<AtomicUsize>,
    pub(crate) calls: Arc<AtomicUsize>,
    /// Lives in what the layer makes, not in the layer.
    pub(crate) alive: Arc<AtomicUsize>,
}

impl Stamp {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            number,
            wrapped: Arc::default(),
            calls: Arc::default(),
            alive: Arc::default(),
        }
    }

    pub(crate) fn wrapped(&self) -> usize {
        self.wrapped.load(Ordering::SeqCst)
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// How many services it made are alive, clones included.
    pub(crate) fn alive(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }
}

impl<S> Layer<S> for Stamp {
    type Service = Stamped<S>;

    fn layer(&self, inner: S) -> Stamped<S> {
        self.wrapped.fetch_add(1, Ordering::SeqCst);
        Stamped {
            inner,
            number: self.number,
            calls: Arc::clone(&self.calls),
            _alive: Alive::new(&self.alive),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Stamped<S> {
    inner: S,
    number: usize,
    calls: Arc<AtomicUsize>,
    _alive: Alive,
}

pub(crate) struct Alive(Arc<AtomicUsize>);

impl Alive {
    pub(crate) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Clone for Alive {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<S, R> Service<Request<R>> for Stamped<S>
where
    S: Service<Request<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<R>) -> S::Future {
        self.calls.fetch_add(1, Ordering::SeqCst);
        request.headers_mut().insert("x-number", self.number.into());
        self.inner.call(request)
    }
}

/// A handle around a slot, as a manager has it.
pub(crate) struct Handled<T>(pub(crate) Slot<T>);

impl<T: Send + Sync + 'static> HasSlot for Handled<T> {
    type Instance = T;

    fn slot(&self) -> &Slot<T> {
        &self.0
    }
}
