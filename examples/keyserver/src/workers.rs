//! Work that takes processor time, kept off the threads that serve requests.

use std::{sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{sync::Semaphore, task, time};

/// A share of the blocking threads: so much work at once, the rest waits its turn, not for ever.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use keyserver::workers::Workers;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), keyserver::workers::WorkError> {
/// let workers = Workers::new(2, Duration::from_secs(1));
/// assert_eq!(workers.run(|| 6 * 7).await?, 42);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Workers {
    permits: Arc<Semaphore>,
    max_wait: Duration,
}

/// Why there is no result.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum WorkError {
    /// All workers stayed busy.
    #[error("the server is busy: try again in a moment")]
    Busy,
    /// The work panicked, which is logged.
    #[error("the input cannot be processed")]
    Panicked,
}

impl Workers {
    /// Workers for `at_once` pieces of work; a piece waits at most `max_wait` for one.
    #[must_use]
    pub fn new(at_once: usize, max_wait: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(at_once)),
            max_wait,
        }
    }

    /// Runs `work` and returns what it returns.
    ///
    /// Cancel safe in that dropping the future before `work` has begun leaves nothing behind.
    /// Once begun it runs to its end, and counts as running until then.
    ///
    /// # Errors
    ///
    /// When no worker came free in time, or `work` panicked.
    pub async fn run<T, F>(&self, work: F) -> Result<T, WorkError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned();
        let Ok(Ok(permit)) = time::timeout(self.max_wait, permit).await else {
            return Err(WorkError::Busy);
        };
        let work = task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        work.await.map_err(|error| {
            tracing::error!(%error, "work on a request's input failed");
            WorkError::Panicked
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn work_beyond_the_bound_waits_and_gives_up() {
        let workers = Workers::new(1, Duration::from_millis(20));
        let (release, held) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let workers = workers.clone();
            async move { workers.run(move || held.recv()).await }
        });
        while workers.permits.available_permits() > 0 {
            task::yield_now().await;
        }
        assert_eq!(workers.run(|| ()).await, Err(WorkError::Busy));
        release.send(()).unwrap();
        first.await.unwrap().unwrap().unwrap();
        assert_eq!(workers.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn abandoned_work_counts_until_it_ends() {
        let workers = Workers::new(1, Duration::ZERO);
        let (release, held) = mpsc::channel::<()>();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let abandoned = tokio::spawn({
            let workers = workers.clone();
            async move {
                let work = move || (begin.send(()), held.recv().is_ok());
                workers.run(work).await
            }
        });
        begun.await.unwrap();
        abandoned.abort();
        assert!(abandoned.await.unwrap_err().is_cancelled());
        assert_eq!(workers.run(|| ()).await, Err(WorkError::Busy));
        drop(release);
        let _ended = workers.permits.acquire().await.unwrap();
    }

    #[tokio::test]
    async fn panic_is_an_error_and_gives_its_place_back() {
        let workers = Workers::new(1, Duration::ZERO);
        let panicked = workers.run(|| panic!("as the test wants")).await;
        assert_eq!(panicked, Err::<(), _>(WorkError::Panicked));
        assert_eq!(workers.run(|| 1).await, Ok(1));
    }
}
