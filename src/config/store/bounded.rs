use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::Backoff;

use super::{ConfigStore, PreparedPut, Put, Revision, StoreError, StoredConfig, StoredVersion};

/// How long a store may take to let go of what it was asked. At once, unless it blocks a thread.
const GRACE: Duration = Duration::from_secs(1);

/// A store as the manager asks it: in a task of its own, so that a panic is caught and a thread
/// that is blocked is not ours, and for no longer than the timeout.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    inner: Arc<dyn ConfigStore>,
    timeout: Duration,
    pub(crate) history_limit: usize,
    /// When it is asked again what it has, where it did not say.
    pub(crate) retry: Arc<Backoff>,
}

impl Store {
    pub(crate) fn new(
        inner: Arc<dyn ConfigStore>,
        timeout: Duration,
        history_limit: usize,
        retry: Arc<Backoff>,
    ) -> Self {
        Self {
            inner,
            timeout,
            history_limit,
            retry,
        }
    }

    pub(crate) async fn load(&self, plugin: &str) -> Result<Option<StoredConfig>, StoreError> {
        let (inner, plugin) = (Arc::clone(&self.inner), plugin.to_owned());
        self.bound(async move { inner.load(&plugin).await }).await
    }

    pub(crate) async fn history(&self, plugin: &str) -> Result<Vec<StoredVersion>, StoreError> {
        let (inner, plugin) = (Arc::clone(&self.inner), plugin.to_owned());
        self.bound(async move { inner.history(&plugin).await })
            .await
    }

    pub(crate) async fn version(
        &self,
        plugin: &str,
        number: u64,
    ) -> Result<Option<StoredVersion>, StoreError> {
        let (inner, plugin) = (Arc::clone(&self.inner), plugin.to_owned());
        self.bound(async move { inner.version(&plugin, number).await })
            .await
    }

    pub(crate) async fn prepare(
        &self,
        plugin: &str,
        put: Put,
    ) -> Result<Box<dyn PreparedPut>, StoreError> {
        let (inner, plugin) = (Arc::clone(&self.inner), plugin.to_owned());
        self.bound(async move { inner.prepare(&plugin, put).await })
            .await
    }

    pub(crate) async fn commit(
        &self,
        prepared: Box<dyn PreparedPut>,
    ) -> Result<Revision, StoreError> {
        self.bound(async move { prepared.commit().await }).await
    }

    async fn bound<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut task = tokio::spawn(work);
        match tokio::time::timeout(self.timeout, &mut task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(ended)) => Err(StoreError::unavailable(ended)),
            Err(_) => {
                task.abort();
                // What was done all the same is not to be reported as failed.
                match tokio::time::timeout(GRACE, task).await {
                    Ok(Ok(answer)) => answer,
                    _ => Err(StoreError::timed_out(self.timeout)),
                }
            }
        }
    }
}
