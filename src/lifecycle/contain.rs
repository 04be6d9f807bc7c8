//! What keeps a plugin's own code from doing harm: it may panic, also while it is dropped, and it
//! may block its thread.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs code that may panic and may block its thread, within a task. On a runtime of many threads
/// another one takes over what else this one has to do, before; a runtime of one thread has no
/// other, and what blocks that blocks everything.
pub(super) fn contain<T>(code: impl FnOnce() -> T) -> Result<T, Panicked> {
    let handle = Handle::try_current();
    let has_threads = handle.is_ok_and(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread);
    let code = AssertUnwindSafe(code);
    let run = catch_unwind(|| match has_threads {
        true => tokio::task::block_in_place(code),
        false => code(),
    });
    run.map_err(Panicked::new)
}

/// Runs code that may panic, and is over in no time: handing a thread's tasks on takes longer.
pub(super) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(code)).map_err(Panicked::new)
}

/// A panic, in words.
#[derive(Debug)]
pub(super) struct Panicked(String);

impl Panicked {
    pub(super) fn new(panic: Box<dyn Any + Send>) -> Self {
        let panic = Quiet::new(panic);
        let text = panic.get().downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.get().downcast_ref::<String>().map(String::as_str));
        Self(text.unwrap_or("no message").to_owned())
    }

    pub(super) fn message(&self) -> &str {
        &self.0
    }
}

/// A value whose drop may panic: then that is the end of it.
pub(super) struct Quiet<T>(Option<T>);

impl<T> Quiet<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(super) fn get(&self) -> &T {
        self.0.as_ref().expect("it is there until dropped")
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        if catch_unwind(AssertUnwindSafe(|| drop(value))).is_err() {
            tracing::warn!("a value of a plugin panicked while it was dropped");
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Quiet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// A plugin's instance, or what holds one, whose drop is [contained](contain). For tasks.
#[derive(Debug)]
pub(super) struct Hostile<T>(Option<T>);

impl<T> Hostile<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// The value, for code that is contained itself.
    pub(super) fn take(mut self) -> T {
        self.0.take().expect("it is there until dropped")
    }
}

impl<T> Deref for Hostile<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is there until dropped")
    }
}

impl<T> Drop for Hostile<T> {
    fn drop(&mut self) {
        let Some(value) = self.0.take() else { return };
        if let Err(panicked) = contain(|| drop(value)) {
            let panic = panicked.message();
            tracing::warn!(panic, "an instance panicked while it was dropped");
        }
    }
}

/// A future of a plugin that is polled, and dropped, [contained](contain). For a task of its own.
pub(super) struct Contained<F> {
    inner: Option<Pin<Box<F>>>,
}

impl<F> Contained<F> {
    pub(super) fn new(future: F) -> Self {
        Self {
            inner: Some(Box::pin(future)),
        }
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.inner.as_mut().expect("polled after completion");
        let polled = contain(|| inner.as_mut().poll(cx));
        let output = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panicked) => Err(panicked),
        };
        self.inner = None;
        Poll::Ready(output)
    }
}

impl<F> Drop for Contained<F> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            // There is nobody to tell any more.
            let _ = contain(|| drop(inner));
        }
    }
}

/// As [`Contained`], but for our own code, which does not block.
pub(super) struct Caught<F> {
    inner: Pin<Box<F>>,
}

impl<F> Caught<F> {
    pub(super) fn new(future: F) -> Self {
        Self {
            inner: Box::pin(future),
        }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.inner.as_mut();
        match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(Panicked::new(panic))),
        }
    }
}
