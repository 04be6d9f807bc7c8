use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind};
use tokio::sync::Notify;

use super::places::Places;
use crate::config::store::StoreError;

/// What may have changed since it was last looked at, and what stands in the way of noticing it.
#[derive(Debug, Default)]
pub(super) struct Touched {
    state: Mutex<State>,
    again: Notify,
}

#[derive(Debug, Default)]
struct State {
    what: What,
    places: Places,
    /// Watched directories that may not be what is there by now.
    stale: Stale,
    /// What nobody was told of yet.
    trouble: Option<StoreError>,
    /// Why not everything is watched, as it was told last.
    known: Option<String>,
}

/// What may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Plugins(BTreeSet<String>),
    Anything,
}

impl Default for What {
    fn default() -> Self {
        Self::Plugins(BTreeSet::new())
    }
}

/// Paths that mean something else now, with all that is below them.
#[derive(Debug, Default)]
pub(super) struct Stale {
    paths: BTreeSet<PathBuf>,
    all: bool,
}

impl Stale {
    pub(super) fn contains(&self, dir: &std::path::Path) -> bool {
        self.all || dir.ancestors().any(|above| self.paths.contains(above))
    }
}

impl Touched {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Whole after every step, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(&self.lock().what, What::Plugins(names) if names.is_empty())
    }

    pub(super) fn take(&self) -> What {
        std::mem::take(&mut self.lock().what)
    }

    pub(super) fn take_trouble(&self) -> Option<StoreError> {
        self.lock().trouble.take()
    }

    /// Until more is touched. Cancel safe.
    pub(super) async fn more(&self) {
        self.again.notified().await;
    }

    /// What is heard of from now on; answers with what has become stale until now.
    pub(super) fn expect(&self, places: Places) -> Stale {
        let mut state = self.lock();
        state.places = places;
        std::mem::take(&mut state.stale)
    }

    /// Whether everything is watched by now: what is told once is not told again.
    pub(super) fn watched(&self, is: Result<(), StoreError>) {
        let mut state = self.lock();
        let known = is.as_ref().err().map(ToString::to_string);
        if known != state.known {
            state.trouble = is.err().or(state.trouble.take());
            state.known = known;
        }
    }

    pub(super) fn touch(&self, more: What) {
        self.lock().touch(more);
        self.again.notify_one();
    }

    /// Takes note of what the system says.
    pub(super) fn note(&self, event: notify::Result<Event>) {
        let event = match event {
            Ok(event) if event.need_rescan() => {
                return self.lose("there were more changes than it could hold");
            }
            Ok(event) => event,
            Err(error) => return self.lose(&format!("its watch failed: {error}")),
        };
        let is_written = AccessKind::Close(AccessMode::Write);
        if matches!(event.kind, EventKind::Access(access) if access != is_written) {
            return;
        }
        let is_named = matches!(
            event.kind,
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        let mut state = self.lock();
        let mut is_touched = false;
        for path in event.paths {
            let Some(what) = state.places.what(&path) else {
                continue;
            };
            is_touched = true;
            if is_named && state.places.dirs().any(|dir| dir.starts_with(&path)) {
                state.stale.paths.insert(path);
            }
            state.touch(what);
        }
        drop(state);
        if is_touched {
            self.again.notify_one();
        }
    }

    /// Some changes were not heard of: everything is looked at anew, and somebody told.
    fn lose(&self, why: &str) {
        let told = format!("the system lost changes, so everything is read again: {why}");
        {
            let mut state = self.lock();
            state.what = What::Anything;
            state.stale.all = true;
            state.trouble = Some(StoreError::unavailable(told));
        }
        self.again.notify_one();
    }
}

impl State {
    fn touch(&mut self, more: What) {
        match (&mut self.what, more) {
            (What::Plugins(names), What::Plugins(more)) => names.extend(more),
            (what, _) => *what = What::Anything,
        }
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, RemoveKind};

    use super::*;

    fn watching() -> (tempfile::TempDir, PathBuf, Touched) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        let touched = Touched::default();
        touched.expect(Places::of(&path));
        (dir, path, touched)
    }

    #[test]
    fn what_is_read_or_of_nobody_touches_nothing() {
        let (_dir, path, touched) = watching();
        let read = EventKind::Access(AccessKind::Open(AccessMode::Any));
        touched.note(Ok(Event::new(read).add_path(path.join("p.json"))));
        let made = EventKind::Create(CreateKind::File);
        touched.note(Ok(Event::new(made).add_path(path.join("../other"))));
        assert!(touched.is_empty() && touched.take_trouble().is_none());

        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        touched.note(Ok(Event::new(written).add_path(path.join("p.json"))));
        assert_eq!(touched.take(), What::Plugins(["p".to_owned()].into()));
    }

    #[test]
    fn directory_that_is_removed_is_to_be_watched_anew() {
        let (_dir, path, touched) = watching();
        let removed = EventKind::Remove(RemoveKind::Folder);
        touched.note(Ok(Event::new(removed).add_path(path.clone())));
        assert_eq!(touched.take(), What::Anything);
        let stale = touched.expect(Places::of(&path));
        assert!(stale.contains(&path) && stale.contains(&path.join("below")));
        assert!(!stale.contains(path.parent().unwrap()));
        assert!(!touched.expect(Places::default()).contains(&path));
    }

    #[test]
    fn trouble_is_told_once_until_it_is_another() {
        let touched = Touched::default();
        let trouble = |why: &str| Err(StoreError::unavailable(why));
        for (is, told) in [
            (trouble("full"), true),
            (trouble("full"), false),
            (trouble("closed"), true),
            (Ok(()), false),
            (trouble("closed"), true),
        ] {
            touched.watched(is);
            assert_eq!(touched.take_trouble().is_some(), told);
        }
    }

    #[test]
    fn changes_that_were_lost_have_everything_looked_at_and_are_told() {
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        for lost in [Ok(overflow), Err(notify::Error::generic("no descriptor"))] {
            let (_dir, path, touched) = watching();
            touched.note(lost);
            assert_eq!(touched.take(), What::Anything);
            let told = touched.take_trouble().unwrap().to_string();
            assert!(told.contains("everything is read again"), "{told}");
            assert!(touched.expect(Places::default()).contains(&path));
        }
    }
}
