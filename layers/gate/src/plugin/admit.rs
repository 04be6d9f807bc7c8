use http::header::{CONNECTION, UPGRADE};
use http::{Method, Request};

use super::Holder;
use crate::{Generation, Lease};

impl<T> Generation<T> {
    /// Lets an HTTP request in, or not once the gate is closed. Never blocks.
    ///
    /// A request to upgrade (`Upgrade`, or the method CONNECT) is given a [`Lease`] in its
    /// extensions, which its handler holds for as long as the upgraded connection lives.
    ///
    /// ```
    /// use http::Request;
    /// use tower_plugin_gate::{Generation, Lease};
    ///
    /// let generation = Generation::new(1, ());
    /// let mut connect = Request::connect("example.org:443").body(()).expect("a request");
    /// let holder = generation.admit(&mut connect).expect("a new gate is open");
    /// drop(holder);
    /// assert_eq!(generation.gate().in_flight(), 1, "the handler's lease");
    /// assert!(connect.extensions().get::<Lease>().is_some());
    /// ```
    pub fn admit<R>(&self, request: &mut Request<R>) -> Option<Holder> {
        if is_upgrade(request) {
            self.lease().map(|lease| Holder::upgrade(lease, request))
        } else {
            self.gate().enter().map(Holder::from)
        }
    }
}

impl Holder {
    /// Shares `lease` with the handler of a request to upgrade.
    pub(super) fn upgrade<R>(lease: Lease, request: &mut Request<R>) -> Self {
        request.extensions_mut().insert(lease.clone());
        lease.into()
    }
}

/// Whether the connection may go on after the response, as something else than HTTP.
pub(super) fn is_upgrade<R>(request: &Request<R>) -> bool {
    let headers = request.headers();
    request.method() == Method::CONNECT
        || (headers.contains_key(UPGRADE) && headers.contains_key(CONNECTION))
}
