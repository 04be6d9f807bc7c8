use std::any::Any;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::{BoxError, GoDuration};

/// Why a hook did not do its work.
#[derive(Debug)]
pub(super) struct HookError {
    hook: &'static str,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Failed(BoxError),
    Panicked(String),
    TimedOut(Duration),
    Unhealthy(String),
}

impl HookError {
    pub(super) fn failed(hook: &'static str, error: impl Into<BoxError>) -> Self {
        Self {
            hook,
            cause: Cause::Failed(error.into()),
        }
    }

    pub(super) fn unhealthy(message: Option<&str>) -> Self {
        let message = message.unwrap_or("it does not say why").to_owned();
        Self {
            hook: "check",
            cause: Cause::Unhealthy(message),
        }
    }

    /// The same with `scrub`bed texts, for what it quotes may be secret.
    pub(super) fn scrubbed(mut self, scrub: impl Fn(&str) -> String) -> Self {
        self.cause = match self.cause {
            Cause::Failed(error) => {
                let text = error.to_string();
                let scrubbed = scrub(&text);
                // Kept as it is, for its type and its sources, where there is nothing to hide.
                Cause::Failed(if scrubbed == text {
                    error
                } else {
                    scrubbed.into()
                })
            }
            Cause::Panicked(message) => Cause::Panicked(scrub(&message)),
            Cause::Unhealthy(message) => Cause::Unhealthy(scrub(&message)),
            Cause::TimedOut(timeout) => Cause::TimedOut(timeout),
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
            Cause::Failed(error) => write!(f, "{hook} failed: {error}"),
            Cause::Panicked(message) => write!(f, "{hook} panicked: {message}"),
            Cause::TimedOut(timeout) => {
                write!(
                    f,
                    "{hook} did not return within {} and was given up",
                    GoDuration(*timeout)
                )
            }
            Cause::Unhealthy(message) => write!(f, "the new instance is unhealthy: {message}"),
        }
    }
}

impl std::error::Error for HookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Failed(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

/// Runs a hook in a task of its own, so that a panic in it is caught, a thread it blocks is not
/// ours, and one that never returns can be abandoned.
pub(super) async fn run<T: Send + 'static>(
    hook: &'static str,
    timeout: Duration,
    work: impl Future<Output = Result<T, BoxError>> + Send + 'static,
) -> Result<T, HookError> {
    let mut task = AbortOnDropHandle::new(tokio::spawn(work.in_current_span()));
    let cause = match tokio::time::timeout(timeout, &mut task).await {
        Ok(Ok(Ok(value))) => return Ok(value),
        Ok(Ok(Err(error))) => Cause::Failed(error),
        Ok(Err(ended)) => match ended.try_into_panic() {
            Ok(panic) => Cause::Panicked(panic_message(panic.as_ref())),
            Err(cancelled) => Cause::Failed(cancelled.into()),
        },
        Err(_) => {
            task.abort();
            Cause::TimedOut(timeout)
        }
    };
    Err(HookError { hook, cause })
}

pub(super) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
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
