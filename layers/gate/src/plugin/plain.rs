use std::fmt;

use http::{Method, Request, Version};

use super::{Answer, ResponseFuture, is_upgrade};
use crate::Generation;
use crate::gate::{Exit, RawPermit};

/// What a request is inside by that was let in by [`Generation::admit_plain`].
///
/// Until a future takes it over, dropping it means that the call panicked.
pub struct Plain(RawPermit);

/// Whether a request can be seen to ask for no upgrade without a look at its headers: it has none,
/// or a version of HTTP that has no `Upgrade`. A HEAD request is not plain, either: it is over with
/// the head of its response.
///
/// So nearly every request over HTTP/2 is plain. Over HTTP/1, where they all have headers, see
/// [`is_upgrade`](crate::is_upgrade).
///
/// ```
/// use http::{Method, Request, Version};
/// use tower_plugin_gate::is_plain;
///
/// assert!(is_plain(&Request::new(())));
///
/// let mut request = Request::builder().header("accept", "*/*").body(()).expect("a request");
/// assert!(!is_plain(&request), "there might be an `Upgrade` among its headers");
/// *request.version_mut() = Version::HTTP_2;
/// assert!(is_plain(&request));
/// *request.method_mut() = Method::CONNECT;
/// assert!(!is_plain(&request));
/// ```
///
/// # A request that is handed on where it lies
///
/// A request is 224 bytes and more. Whoever has lent one, and passes it on, copies it first: so
/// the compiler has it, which cannot know what became of the reference. It is spared the copy by
/// who lends it to nothing but this function, which is inlined and reads fields, and in whose code
/// nothing can unwind while it has the request: to drop it is to lend it.
///
/// * Decide first, by functions that are `extern "C"`, which never unwind, and then make one
///   call that is given the decision and the request.
/// * Have that code not inlined into its caller, which would take the request apart to put it
///   together again.
#[inline(always)]
pub fn is_plain<R>(request: &Request<R>) -> bool {
    // Patterns and not comparisons, which would be calls.
    !matches!(*request.method(), Method::CONNECT | Method::HEAD)
        && (matches!(request.version(), Version::HTTP_2 | Version::HTTP_3)
            || request.headers().is_empty())
}

/// Whether a request that is not plain by what can be seen at once needs more than to be counted,
/// now that its headers are looked at: it [asks for an upgrade](is_upgrade), or it is a HEAD request.
///
/// ```
/// use http::{Method, Request};
/// use tower_plugin_gate::{is_plain, is_special};
///
/// let mut request = Request::builder().header("accept", "*/*").body(()).expect("a request");
/// assert!(!is_plain(&request) && !is_special(&request));
/// *request.method_mut() = Method::HEAD;
/// assert!(is_special(&request));
/// ```
#[inline]
pub fn is_special<R>(request: &Request<R>) -> bool {
    is_upgrade(request) || matches!(*request.method(), Method::HEAD)
}

impl<T> Generation<T> {
    /// Whether a plain request is no more than counted: not one of a plugin whose requests are
    /// [tracked](crate::Slot::tracked). It stays as it is once the generation has been put into a
    /// slot.
    #[must_use]
    pub fn admits_plain(&self) -> bool {
        !self.gate().is_tracked()
    }

    /// Lets a request in that [is plain](is_plain), where that [is enough](Self::admits_plain),
    /// or not once the gate is closed. Never blocks. All others are let in by
    /// [`admit`](Self::admit).
    ///
    /// ```
    /// use http::{Request, Response};
    /// use tower_plugin_gate::{Answer, Generation, ResponseFuture, is_plain};
    ///
    /// let generation = Generation::new(1, ());
    /// let request = Request::new(());
    /// assert!(is_plain(&request) && generation.admits_plain());
    /// let plain = generation.admit_plain().expect("a new gate is open");
    /// let call = std::future::ready(Ok::<_, std::io::Error>(Response::new(request.into_body())));
    /// let future = ResponseFuture::plain(call, plain, Answer::default());
    /// assert_eq!(generation.gate().in_flight(), 1);
    /// drop(future);
    /// assert_eq!(generation.gate().in_flight(), 0);
    /// ```
    #[inline]
    #[must_use = "dropping it means that the call panicked"]
    pub fn admit_plain(&self) -> Option<Plain> {
        self.gate().count_in().map(Plain)
    }
}

impl Plain {
    #[inline]
    pub(super) fn new(permit: RawPermit) -> Self {
        Self(permit)
    }

    /// Takes it over.
    #[inline(always)]
    pub(super) fn into_permit(self) -> RawPermit {
        let permit = self.0.handed_on();
        std::mem::forget(self);
        permit
    }
}

impl Drop for Plain {
    #[inline]
    fn drop(&mut self) {
        // By value, or it would have to lie in memory.
        panicked(self.0.handed_on());
    }
}

#[cold]
#[inline(never)]
fn panicked(permit: RawPermit) {
    permit.exit(Exit::Panicked);
}

impl<F> ResponseFuture<F> {
    /// A request that is inside as [`Generation::admit_plain`] let it in, and is served by
    /// `future`, which was made meanwhile. It catches the panics of that future if `answer` says
    /// so, not those of the call that made it: see [`admitted`](Self::admitted).
    #[inline(always)]
    pub fn plain(future: F, plain: Plain, answer: Answer) -> Self {
        Self::inside(future, plain.into_permit(), answer.notes(), answer)
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}
