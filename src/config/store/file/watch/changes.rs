use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::touched::{Touched, What};
use super::watches::{self, Watches};
use crate::config::store::file::store::{Inner, blocking};
use crate::config::store::{ConfigChanges, StoreChange, StoreError, StoreFuture};

/// An edit is over when nothing more happens for this long: editors write in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// But when something happens all the time, what there is is looked at after this.
const LONGEST: Duration = Duration::from_secs(1);

/// Changes of the files in the directory.
#[derive(Debug)]
pub(in crate::config::store::file) struct Watched {
    store: Arc<Inner>,
    told: Box<dyn ConfigChanges>,
    touched: Arc<Touched>,
    /// Lent to the thread that looks.
    watches: Result<Arc<Mutex<Watches>>, notify::Error>,
}

impl Watched {
    pub(in crate::config::store::file) fn new(
        store: Arc<Inner>,
        told: Box<dyn ConfigChanges>,
    ) -> Self {
        let touched = Arc::<Touched>::default();
        let watches = Watches::new(Arc::clone(&touched));
        // What was changed before it was watched.
        touched.touch(What::Anything);
        Self {
            store,
            told,
            touched,
            watches: watches.map(|watches| Arc::new(Mutex::new(watches))),
        }
    }

    /// The watches, or why there are none.
    fn watches(&self) -> Result<Arc<Mutex<Watches>>, StoreError> {
        match &self.watches {
            Ok(watches) => Ok(Arc::clone(watches)),
            Err(error) => Err(watches::refused(error).at_path("watch", &self.store.dir)),
        }
    }
}

/// Has everything watched that leads to a config, then looks for what was changed.
async fn look(
    watches: Arc<Mutex<Watches>>,
    touched: Arc<Touched>,
    store: Arc<Inner>,
) -> Result<(), StoreError> {
    // On a thread that goes on to the end even if nobody waits for it any more: so nothing that is
    // taken here is lost.
    blocking(move || {
        let mut watches = watches.lock().unwrap_or_else(PoisonError::into_inner);
        let what = touched.take();
        touched.watched(watches.follow(&store.dir, &touched));
        match what {
            What::Plugins(names) => store.look_at(&names),
            What::Anything => store.look(),
        }
        Ok(())
    })
    .await
}

/// Until an edit is over.
async fn edited(touched: &Touched) {
    while touched.is_empty() {
        touched.more().await;
    }
    let latest = Instant::now() + LONGEST;
    loop {
        let more = timeout(QUIET, touched.more());
        if !matches!(timeout_at(latest, more).await, Ok(Ok(()))) {
            return;
        }
    }
}

impl ConfigChanges for Watched {
    fn ready(&mut self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let (touched, store) = (Arc::clone(&self.touched), Arc::clone(&self.store));
            look(self.watches()?, touched, store).await?;
            self.touched.take_trouble().map_or(Ok(()), Err)
        })
    }

    fn next(&mut self) -> StoreFuture<'_, StoreChange> {
        Box::pin(async move {
            let watches = self.watches()?;
            let look = async {
                loop {
                    if let Some(trouble) = self.touched.take_trouble() {
                        return trouble;
                    }
                    edited(&self.touched).await;
                    let (touched, store) = (Arc::clone(&self.touched), Arc::clone(&self.store));
                    if let Err(error) = look(Arc::clone(&watches), touched, store).await {
                        return error;
                    }
                }
            };
            tokio::select! {
                biased;
                change = self.told.next() => change,
                trouble = look => Err(trouble),
            }
        })
    }
}
