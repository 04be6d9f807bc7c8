use std::marker::PhantomData;
use std::sync::Arc;

use http::{Request, Response};
use tower_http::validate_request::ValidateRequest;

use super::Hosts;
use crate::admin::route;

/// On a probe that was asked of somebody else: it is answered, for who probes knows only an
/// address, but it learns no more than that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outsider;

/// Lets through requests to one of our names.
#[derive(Debug, Clone)]
pub(crate) struct HostGuard<B> {
    hosts: Arc<Hosts>,
    body: PhantomData<fn() -> B>,
}

impl<B> HostGuard<B> {
    pub(crate) fn new(hosts: Arc<Hosts>) -> Self {
        Self {
            hosts,
            body: PhantomData,
        }
    }
}

impl<R, B: Default> ValidateRequest<R> for HostGuard<B> {
    type ResponseBody = B;

    fn validate(&mut self, request: &mut Request<R>) -> Result<(), Response<B>> {
        match self.hosts.check(request.uri(), request.headers()) {
            Ok(()) => Ok(()),
            Err(_) if route::is_probe(request.uri().path()) => {
                request.extensions_mut().insert(Outsider);
                Ok(())
            }
            Err(problem) => Err(problem.into_response()),
        }
    }
}
