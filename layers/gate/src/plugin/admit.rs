use http::header::{CONNECTION, UPGRADE};
use http::{Method, Request, Version};

use super::Holder;
use crate::gate::RawPermit;
use crate::slot::{Admission, RawSlot};
use crate::{Generation, Lease, Permit, Rejected};

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
    #[inline]
    pub fn admit<R>(&self, request: &mut Request<R>) -> Option<Holder> {
        let raw = self.gate().count_in()?;
        if is_upgrade(request) || self.gate().is_tracked() {
            return Some(self.admit_specially(raw, request));
        }
        Some(Holder::new(raw))
    }

    #[cold]
    fn admit_specially<R>(&self, raw: RawPermit, request: &mut Request<R>) -> Holder {
        let permit = self.gate().permit(raw);
        if !is_upgrade(request) {
            return Holder::of(permit, request);
        }
        let generation = self.raw();
        Admission { permit, generation }.holder(request)
    }
}

impl Admission {
    /// What the request is inside by.
    pub(crate) fn holder<R>(self, request: &mut Request<R>) -> Holder {
        if is_upgrade(request) {
            self.permit.describe(request);
            Holder::upgrade(self, request)
        } else {
            Holder::of(self.permit, request)
        }
    }
}

impl<T: ?Sized> Lease<T> {
    /// Lets an HTTP request in by this lease: as [`Generation::admit`], with an admission that
    /// is there already.
    ///
    /// ```
    /// use http::Request;
    /// use tower_plugin_gate::{Generation, PluginState, Slot};
    ///
    /// let slot = Slot::new("geo", PluginState::Loading);
    /// slot.open(Generation::new(1, ()));
    /// let lease = slot.enter().expect("the slot is open");
    /// let holder = lease.admit(&mut Request::new(()));
    /// assert_eq!(slot.in_flight(), 1);
    /// drop(holder);
    /// assert_eq!(slot.in_flight(), 0);
    /// ```
    pub fn admit<R>(self, request: &mut Request<R>) -> Holder {
        self.into_admission().holder(request)
    }
}

impl RawSlot {
    /// As [`Door::enter_request`](crate::Door::enter_request), remembering nothing.
    pub(crate) fn enter_request<R>(&self, request: &mut Request<R>) -> Result<Holder, Rejected> {
        let entered = if is_upgrade(request) {
            self.admit().map(|admission| admission.holder(request))
        } else if self.is_tracked {
            self.permit().map(|permit| Holder::of(permit, request))
        } else {
            self.enter().map(Holder::new)
        };
        entered.map_err(|state| self.rejected(state))
    }
}

impl Holder {
    /// What the request is inside by, whose permit this is.
    pub(crate) fn of<R>(permit: Permit, request: &Request<R>) -> Self {
        permit.describe(request);
        permit.into()
    }

    /// Shares a lease with the handler of a request to upgrade. It keeps the lease of a layer
    /// outside this one, which it takes the place of.
    fn upgrade<R>(admission: Admission, request: &mut Request<R>) -> Self {
        let extensions = request.extensions_mut();
        let lease = Lease::within(admission, extensions.remove());
        extensions.insert(lease.clone());
        lease.into()
    }
}

/// Whether the connection may go on after the response, as something else than HTTP: CONNECT, or
/// HTTP/1 with `Upgrade`.
///
/// ```
/// use http::{Method, Request, header};
/// use tower_plugin_gate::is_upgrade;
///
/// let mut request = Request::new(());
/// assert!(!is_upgrade(&request));
/// request.headers_mut().insert(header::CONNECTION, "upgrade".parse().expect("a value"));
/// request.headers_mut().insert(header::UPGRADE, "websocket".parse().expect("a value"));
/// assert!(is_upgrade(&request));
/// ```
#[inline]
pub fn is_upgrade<R>(request: &Request<R>) -> bool {
    matches!(*request.method(), Method::CONNECT)
        || (request.version() < Version::HTTP_2
            && !request.headers().is_empty()
            && asks_for_upgrade(request))
}

/// Goes through the names, of which a request has few, rather than look one up: that would be to
/// hash it.
#[inline]
fn asks_for_upgrade<R>(request: &Request<R>) -> bool {
    let headers = request.headers();
    headers.keys().any(|name| *name == UPGRADE) && headers.contains_key(CONNECTION)
}
