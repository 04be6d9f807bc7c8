use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::Trigger;
use super::contain::{Contained, Panicked, Quiet};
use crate::{BoxError, GoDuration};

/// Why a hook did not do its work.
#[derive(Debug)]
pub(super) struct HookError {
    hook: &'static str,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    /// With what it says, for saying it may panic.
    Failed(String, Quiet<BoxError>),
    Panicked(String),
    TimedOut(Duration),
    Unhealthy(String),
    /// For something else that was asked meanwhile.
    Abandoned(Trigger),
}

impl Cause {
    fn failed(error: BoxError) -> Self {
        let error = Quiet::new(error);
        let text = catch_unwind(AssertUnwindSafe(|| error.get().to_string()));
        let text = text.unwrap_or_else(|_| "an error that panics when it is asked".to_owned());
        Self::Failed(text, error)
    }

    fn panicked(panicked: &Panicked) -> Self {
        Self::Panicked(panicked.message().to_owned())
    }
}

impl HookError {
    pub(super) fn failed(hook: &'static str, error: impl Into<BoxError>) -> Self {
        Self {
            hook,
            cause: Cause::failed(error.into()),
        }
    }

    pub(super) fn unhealthy(message: Option<&str>) -> Self {
        let message = message.unwrap_or("it does not say why").to_owned();
        Self {
            hook: "check",
            cause: Cause::Unhealthy(message),
        }
    }

    /// An attempt to start a plugin again that something else came before.
    pub(super) fn abandoned(by: Trigger) -> Self {
        Self {
            hook: "start",
            cause: Cause::Abandoned(by),
        }
    }

    /// The same with `scrub`bed texts, for what it quotes may be secret.
    pub(super) fn scrubbed(mut self, scrub: impl Fn(&str) -> String) -> Self {
        self.cause = match self.cause {
            Cause::Failed(text, error) => {
                let asked = catch_unwind(AssertUnwindSafe(|| everything_of(&**error.get())));
                // Kept as it is, for its type and its sources, where there is nothing to hide.
                match asked.is_ok_and(|all| scrub(&all) == all) {
                    true => Cause::Failed(text, error),
                    false => Cause::failed(scrub(&text).into()),
                }
            }
            Cause::Panicked(message) => Cause::Panicked(scrub(&message)),
            Cause::Unhealthy(message) => Cause::Unhealthy(scrub(&message)),
            known @ (Cause::TimedOut(_) | Cause::Abandoned(_)) => known,
        };
        self
    }

    pub(super) fn is_timeout(&self) -> bool {
        matches!(self.cause, Cause::TimedOut(_))
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hook = self.hook;
        match &self.cause {
            Cause::Failed(text, _) => write!(f, "{hook} failed: {text}"),
            Cause::Panicked(message) => write!(f, "{hook} panicked: {message}"),
            Cause::TimedOut(timeout) => {
                write!(
                    f,
                    "{hook} did not return within {} and was given up",
                    GoDuration(*timeout)
                )
            }
            Cause::Unhealthy(message) => write!(f, "the new instance is unhealthy: {message}"),
            Cause::Abandoned(by) => write!(f, "{hook} was abandoned for {by}"),
        }
    }
}

impl std::error::Error for HookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Failed(_, error) => Some(error.get().as_ref()),
            _ => None,
        }
    }
}

/// All that an error can be asked for.
fn everything_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut all = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        all += &error.to_string();
        next = error.source();
    }
    all
}

/// Runs a hook in a task of its own, so that a panic in it is caught, a thread it blocks is not
/// ours, and one that never returns can be abandoned. What comes of it after that is dropped there.
pub(super) async fn run<T: Send + 'static>(
    hook: &'static str,
    timeout: Duration,
    work: impl Future<Output = Result<T, BoxError>> + Send + 'static,
) -> Result<T, HookError> {
    let (answer, mut answered) = oneshot::channel();
    let work = Contained::new(async move {
        let done = match Contained::new(work).await {
            Ok(done) => done.map_err(Cause::failed),
            Err(panicked) => Err(Cause::panicked(&panicked)),
        };
        // Whom nobody takes is dropped here.
        let _ = answer.send(done);
    });
    let task = AbortOnDropHandle::new(tokio::spawn(work.in_current_span()));
    let done = match tokio::time::timeout(timeout, &mut answered).await {
        Ok(answered) => answered.ok(),
        Err(_) => {
            answered.close();
            let late = answered.try_recv().ok();
            Some(late.unwrap_or(Err(Cause::TimedOut(timeout))))
        }
    };
    drop(task);
    let ended = || Err(Cause::failed("the runtime is shutting down".into()));
    done.unwrap_or_else(ended)
        .map_err(|cause| HookError { hook, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn hook_that_never_returns_is_given_up() {
        let error = run::<()>("start", Duration::from_secs(30), std::future::pending());
        let error = error.await.unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(
            error.to_string(),
            "start did not return within 30s and was given up"
        );
    }

    #[tokio::test]
    async fn panic_in_a_hook_is_an_error_with_its_message() {
        let error = run::<()>("stop", Duration::from_secs(1), async {
            panic!("no {}", "luck")
        });
        assert_eq!(
            error.await.unwrap_err().to_string(),
            "stop panicked: no luck"
        );
    }
}
