use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::places::{MOST, Places};
use super::touched::{Stale, Touched};
use crate::config::store::StoreError;

/// How often the way to the configs may change while it is being watched, before it is looked at
/// again later: it is watched by then, so that is heard of.
const ROUNDS: usize = 8;

/// The directories that are watched. They are no more once this is dropped.
#[derive(Debug)]
pub(super) struct Watches {
    watcher: RecommendedWatcher,
    watched: BTreeMap<PathBuf, Identity>,
}

/// What a directory is beside its name, which another may have by now.
type Identity = Option<(u64, u64)>;

#[cfg(unix)]
fn identity(dir: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    let is = fs::metadata(dir).ok()?;
    Some((is.dev(), is.ino()))
}

#[cfg(not(unix))]
fn identity(dir: &Path) -> Identity {
    fs::metadata(dir).ok().map(|_| (0, 0))
}

impl Watches {
    pub(super) fn new(touched: Arc<Touched>) -> notify::Result<Self> {
        Ok(Self {
            watcher: notify::recommended_watcher(move |event| touched.note(event))?,
            watched: BTreeMap::new(),
        })
    }

    /// Watches every place on the way to the configs in `dir`. What is changed from now on is heard
    /// of, unless the answer is an error: then that holds for what can be watched.
    pub(super) fn follow(&mut self, dir: &Path, touched: &Touched) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let places = Places::of(dir);
            let stale = touched.expect(places.clone());
            let (is_changed, failed) = self.update(&places, &stale);
            if is_changed {
                // Something may have happened where nobody was watching yet.
                continue;
            }
            if let Some((place, error)) = failed {
                return Err(refused(&error).at_path("watch", &place));
            }
            if places.is_cut {
                let why = format!(
                    "links lead to more than {MOST} directories: edits in the others are noticed \
                     by a reload"
                );
                return Err(StoreError::unavailable(why).at_path("watch", dir));
            }
            return Ok(());
        }
        touched.touch(super::touched::What::Anything);
        Ok(())
    }

    /// Whether others are watched now, and what cannot be.
    fn update(
        &mut self,
        places: &Places,
        stale: &Stale,
    ) -> (bool, Option<(PathBuf, notify::Error)>) {
        let Self { watcher, watched } = self;
        let mut is_changed = false;
        watched.retain(|dir, is| {
            let stays = places.contains(dir) && !stale.contains(dir) && identity(dir) == *is;
            if !stays {
                // It may be gone already.
                let _ = watcher.unwatch(dir);
                is_changed |= places.contains(dir);
            }
            stays
        });
        let mut failed = None;
        for dir in places.dirs() {
            if watched.contains_key(dir) {
                continue;
            }
            let is = identity(dir);
            match watcher.watch(dir, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    watched.insert(dir.to_owned(), is);
                    is_changed = true;
                }
                // Gone since: somebody else is looked for.
                Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => is_changed = true,
                Err(error) => {
                    failed.get_or_insert((dir.to_owned(), error));
                }
            }
        }
        (is_changed, failed)
    }
}

/// Why something is not watched, and what to do about it.
pub(super) fn refused(error: &notify::Error) -> StoreError {
    const HINT: &str = "until then a reload takes up what is edited";
    let why = match &error.kind {
        ErrorKind::MaxFilesWatch => {
            format!("the system has no watches left: raise `fs.inotify.max_user_watches`; {HINT}")
        }
        // EMFILE, which inotify has for too many instances of one user, too.
        ErrorKind::Io(io) if io.raw_os_error() == Some(24) => {
            format!(
                "{io}: raise `fs.inotify.max_user_instances`, or the limit of open files; {HINT}"
            )
        }
        ErrorKind::Io(io) => format!("{io}; {HINT}"),
        kind => format!("{kind:?}; {HINT}"),
    };
    StoreError::unavailable(why)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_the_way_is_watched() {
        use std::os::unix::fs::symlink;

        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let dir = root.join("plugins");
        for name in ["plugins", "a", "b"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let touched = Arc::<Touched>::default();
        let mut watches = Watches::new(Arc::clone(&touched)).unwrap();
        for target in ["a", "b"] {
            let _ = fs::remove_file(dir.join("p.json"));
            symlink(root.join(target).join("p.json"), dir.join("p.json")).unwrap();
            watches.follow(&dir, &touched).unwrap();
            let expected = [root.clone(), root.join(target), dir.clone()];
            assert!(watches.watched.keys().eq(&expected), "{watches:?}");
        }
        fs::remove_dir_all(&dir).unwrap();
        watches.follow(&dir, &touched).unwrap();
        assert!(watches.watched.keys().eq([&root]), "{watches:?}");
        fs::create_dir(&dir).unwrap();
        watches.follow(&dir, &touched).unwrap();
        assert!(watches.watched.keys().eq([&root, &dir]), "{watches:?}");
    }

    #[test]
    fn limits_of_the_system_are_told_with_what_to_raise() {
        let watches = notify::Error::new(ErrorKind::MaxFilesWatch);
        let told = refused(&watches).to_string();
        assert!(
            told.contains("max_user_watches") && told.contains("reload"),
            "{told}"
        );
        let instances = notify::Error::io(std::io::Error::from_raw_os_error(24));
        let told = refused(&instances).to_string();
        assert!(told.contains("max_user_instances"), "{told}");
    }
}
