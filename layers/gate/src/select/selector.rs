use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use http::{HeaderName, Request};

/// Finds in a request the name of the plugin that it is for.
///
/// Ready-made are [`PathSegment`], [`Header`], [`Extension`] and, from a closure, [`select_fn`].
///
/// ```
/// use http::Request;
/// use tower_plugin_gate::Select;
///
/// /// The first label of the host: `geo.example.org`.
/// struct Subdomain;
///
/// impl<B> Select<B> for Subdomain {
///     fn select<'a>(&'a self, request: &'a Request<B>) -> Option<&'a str> {
///         request.uri().host()?.split('.').next()
///     }
/// }
///
/// let request = Request::get("http://geo.example.org/").body(()).expect("a request");
/// assert_eq!(Subdomain.select(&request), Some("geo"));
/// ```
pub trait Select<B> {
    /// The name, borrowed from the request or from the selector, or `None` where the request is
    /// for no plugin.
    fn select<'a>(&'a self, request: &'a Request<B>) -> Option<&'a str>;
}

/// The segment of the path that has this number, counted from zero, as it is in the URI: percent
/// encoding stays. Empty segments count, and name nothing.
///
/// ```
/// use http::Request;
/// use tower_plugin_gate::{PathSegment, Select};
///
/// let request = Request::get("/plugins/geo/lookup").body(()).expect("a request");
/// assert_eq!(PathSegment(1).select(&request), Some("geo"));
/// assert_eq!(PathSegment(3).select(&request), None);
/// ```
///
/// What an axum router is nested under is cut off before its layers see the path.
#[derive(Debug, Clone, Copy)]
pub struct PathSegment(pub usize);

impl<B> Select<B> for PathSegment {
    fn select<'a>(&'a self, request: &'a Request<B>) -> Option<&'a str> {
        let path = request.uri().path().strip_prefix('/')?;
        let segment = path.split('/').nth(self.0)?;
        (!segment.is_empty()).then_some(segment)
    }
}

/// The first value of this header, where it is visible ASCII.
///
/// ```
/// use http::{HeaderName, Request};
/// use tower_plugin_gate::{Header, Select};
///
/// let by_header = Header(HeaderName::from_static("x-plugin"));
/// let request = Request::get("/").header("x-plugin", "geo").body(()).expect("a request");
/// assert_eq!(by_header.select(&request), Some("geo"));
/// ```
///
/// Clients choose what they send: where that must not choose the plugin, set the header in front.
#[derive(Debug, Clone)]
pub struct Header(pub HeaderName);

impl<B> Select<B> for Header {
    fn select<'a>(&'a self, request: &'a Request<B>) -> Option<&'a str> {
        request.headers().get(&self.0)?.to_str().ok()
    }
}

/// An extension of this type, which something in front put into the request.
///
/// ```
/// use http::Request;
/// use tower_plugin_gate::{Extension, Select};
///
/// #[derive(Clone)]
/// struct Tenant(String);
///
/// impl AsRef<str> for Tenant {
///     fn as_ref(&self) -> &str {
///         &self.0
///     }
/// }
///
/// let by_tenant = Extension::<Tenant>::new();
/// let mut request = Request::new(());
/// assert_eq!(by_tenant.select(&request), None);
/// request.extensions_mut().insert(Tenant("acme".to_owned()));
/// assert_eq!(by_tenant.select(&request), Some("acme"));
/// ```
pub struct Extension<T>(PhantomData<fn() -> T>);

impl<T> Extension<T> {
    /// Looks for a `T`.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: AsRef<str> + Send + Sync + 'static, B> Select<B> for Extension<T> {
    fn select<'a>(&'a self, request: &'a Request<B>) -> Option<&'a str> {
        request.extensions().get::<T>().map(T::as_ref)
    }
}

impl<T> Default for Extension<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Extension<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Extension<T> {}

impl<T> fmt::Debug for Extension<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extension<{}>", type_name::<T>())
    }
}

/// What [`select_fn`] returns.
#[derive(Clone, Copy)]
pub struct SelectFn<F>(F);

/// A selector from a closure.
///
/// ```
/// use http::Request;
/// use tower_plugin_gate::{Select, select_fn};
///
/// // Everything below `/plugins`, and nothing else, is for a plugin.
/// let below_plugins = select_fn(|request: &Request<()>| {
///     request.uri().path().strip_prefix("/plugins/")?.split('/').next()
/// });
/// let request = Request::get("/plugins/geo").body(()).expect("a request");
/// assert_eq!(below_plugins.select(&request), Some("geo"));
/// ```
pub fn select_fn<F, B>(select: F) -> SelectFn<F>
where
    F: for<'a> Fn(&'a Request<B>) -> Option<&'a str>,
{
    SelectFn(select)
}

impl<F, B> Select<B> for SelectFn<F>
where
    F: for<'a> Fn(&'a Request<B>) -> Option<&'a str>,
{
    fn select<'a>(&'a self, request: &'a Request<B>) -> Option<&'a str> {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for SelectFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelectFn").finish_non_exhaustive()
    }
}
