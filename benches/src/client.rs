use std::any::Any;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use http::header::{ACCEPT, HOST, HeaderMap, HeaderValue, PRAGMA, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body::Body;
use tower_service::Service;

/// A client of some service.
pub trait Work: Send {
    /// Sends so many requests, one after the other, each to the end of its body. Returns how many
    /// were not answered 200.
    fn run(&mut self, requests: u32) -> u32;

    /// As [`run`](Self::run), each by a clone of the service, as under hyper and axum.
    fn run_cloning(&mut self, requests: u32) -> u32;

    /// Another client, with a clone of the service.
    fn fork(&self) -> Box<dyn Work>;
}

struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// A waker that wakes nobody, and is cloned and dropped as those of executors are: by a count.
#[must_use]
pub fn waker() -> Waker {
    Waker::from(Arc::new(Task))
}

/// Polls a service by hand, without an executor.
pub struct Client<S> {
    service: S,
    waker: Waker,
    /// Whether its requests have the headers of a browser's.
    headers: bool,
    keep: Arc<dyn Any + Send + Sync>,
}

impl<S> Client<S> {
    /// A client of `service`, which keeps alive what the service needs.
    pub fn new(service: S, keep: impl Any + Send + Sync) -> Self {
        Self {
            service,
            waker: waker(),
            headers: false,
            keep: Arc::new(keep),
        }
    }

    /// With a few headers in each request, for which the client allocates.
    #[must_use]
    pub fn with_headers(mut self) -> Self {
        self.headers = true;
        self
    }
}

impl<S, B> Work for Client<S>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send + 'static,
    B: Body,
{
    fn run(&mut self, requests: u32) -> u32 {
        let mut cx = Context::from_waker(&self.waker);
        (0..requests)
            .map(|_| u32::from(!send(black_box(&mut self.service), self.headers, &mut cx)))
            .sum()
    }

    fn run_cloning(&mut self, requests: u32) -> u32 {
        let mut cx = Context::from_waker(&self.waker);
        (0..requests)
            .map(|_| {
                let mut service = black_box(&self.service).clone();
                u32::from(!send(&mut service, self.headers, &mut cx))
            })
            .sum()
    }

    fn fork(&self) -> Box<dyn Work> {
        Box::new(Self {
            service: self.service.clone(),
            waker: waker(),
            headers: self.headers,
            keep: Arc::clone(&self.keep),
        })
    }
}

/// The headers of a realistic request.
#[inline(never)]
pub fn put_headers(headers: &mut HeaderMap) {
    headers.insert(HOST, HeaderValue::from_static("keys.example.org"));
    headers.insert(USER_AGENT, HeaderValue::from_static("gnupg/2.4"));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
}

/// Sends one request, drives its future, and reads the body as hyper does: no further than to
/// the end that it knows of.
#[inline(never)]
fn send<S, B>(service: &mut S, headers: bool, cx: &mut Context<'_>) -> bool
where
    S: Service<Request<()>, Response = Response<B>>,
    B: Body,
{
    let Poll::Ready(Ok(())) = service.poll_ready(black_box(cx)) else {
        panic!("every service here is ready");
    };
    let mut request = Request::new(());
    if headers {
        put_headers(request.headers_mut());
    }
    // As a server does, which has looked at it before.
    black_box(&mut request);
    let mut future = pin!(service.call(request));
    let response = loop {
        match black_box(future.as_mut()).poll(black_box(cx)) {
            Poll::Ready(Ok(response)) => break response,
            Poll::Ready(Err(_)) => panic!("no service here fails"),
            Poll::Pending => {}
        }
    };
    let served = black_box(&response).status() == StatusCode::OK;
    let mut body = pin!(response.into_body());
    while !black_box(body.as_ref()).is_end_stream() {
        // Looked at where it is: moving it would cost most whose body is inlined least.
        let polled = body.as_mut().poll_frame(black_box(cx));
        match black_box(&polled) {
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
            Poll::Ready(Some(Err(_))) => panic!("no body here fails"),
            Poll::Ready(None) => break,
        }
    }
    served
}
