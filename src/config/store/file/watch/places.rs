use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::touched::What;
use crate::config::plugin_of;
use crate::config::store::file::put::TEMPORARY;
use crate::config::store::file::store::HISTORY;

/// How many directories are watched at most: each takes of what the system has for all processes.
pub(super) const MOST: usize = 256;

/// How many links lead on from one to the next at most: as many as Linux follows.
const MOST_LINKS: usize = 40;

/// Where something may change that makes another config of a plugin's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// The directory of the configs, without links; `None` where there is none.
    dir: Option<PathBuf>,
    /// Directories, without links, and the names in them that lead to a config. Where the way ends
    /// because something is missing, it is the name of that.
    names: BTreeMap<PathBuf, BTreeSet<OsString>>,
    /// Whether there are more than can be watched.
    pub(super) is_cut: bool,
}

impl Places {
    /// Those for the configs in `dir`, as they are now.
    pub(super) fn of(dir: &Path) -> Self {
        let mut places = Self::default();
        let Ok(path) = std::path::absolute(dir) else {
            return places;
        };
        let Some(dir) = places.follow(PathBuf::new(), &path) else {
            return places;
        };
        places.names.entry(dir.clone()).or_default();
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_config = name.to_str().and_then(plugin_of).is_some();
            if is_config && entry.file_type().is_ok_and(|is| is.is_symlink()) {
                places.follow(dir.clone(), Path::new(&name));
            }
        }
        places.dir = Some(dir);
        places
    }

    /// The one of the configs first: where not all can be watched, that is worth most.
    pub(super) fn dirs(&self) -> impl Iterator<Item = &Path> {
        let others = self
            .names
            .keys()
            .filter(|dir| Some(*dir) != self.dir.as_ref());
        self.dir.iter().chain(others).map(PathBuf::as_path)
    }

    pub(super) fn contains(&self, dir: &Path) -> bool {
        self.names.contains_key(dir)
    }

    /// Goes a way from `at`, which has no links, and notes every name on it that may come to mean
    /// something else: links, and the end. Answers with what it leads to, if that is there.
    fn follow(&mut self, mut at: PathBuf, path: &Path) -> Option<PathBuf> {
        let names = |path: &Path| -> Vec<OsString> {
            let components = path.components();
            components.map(|name| name.as_os_str().to_owned()).collect()
        };
        let mut ahead = VecDeque::from(names(path));
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                at.pop();
                continue;
            }
            // From the root, where the name is that.
            let next = at.join(&name);
            let Ok(is) = next.symlink_metadata() else {
                self.note(&at, &name);
                return None;
            };
            if is.is_symlink() {
                self.note(&at, &name);
                links += 1;
                if links > MOST_LINKS {
                    return None;
                }
                let target = next.read_link().ok()?;
                for name in names(&target).into_iter().rev() {
                    ahead.push_front(name);
                }
                continue;
            }
            if ahead.is_empty() {
                self.note(&at, &name);
            }
            at = next;
        }
        Some(at)
    }

    fn note(&mut self, dir: &Path, name: &OsStr) {
        if let Some(names) = self.names.get_mut(dir) {
            names.insert(name.to_owned());
        } else if self.names.len() < MOST {
            self.names.insert(dir.to_owned(), [name.to_owned()].into());
        } else {
            self.is_cut = true;
        }
    }

    /// What a touched path may have changed.
    pub(super) fn what(&self, path: &Path) -> Option<What> {
        if self.contains(path) {
            return Some(What::Anything);
        }
        let (dir, name) = (path.parent()?, path.file_name()?);
        if self
            .names
            .get(dir)
            .is_some_and(|names| names.contains(name))
        {
            return Some(What::Anything);
        }
        if self.dir.as_deref() != Some(dir) {
            return None;
        }
        let name = name.to_str().unwrap_or_default();
        if name.starts_with(TEMPORARY) || name == HISTORY {
            return None;
        }
        match plugin_of(name) {
            Some(plugin) => Some(What::Plugins([plugin.to_owned()].into())),
            // As `..data`, which a mounted ConfigMap has in place of its files.
            _ => Some(What::Anything),
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory without links on the way to it.
    fn root() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().canonicalize().unwrap();
        fs::create_dir(path.join("plugins")).unwrap();
        (root, path)
    }

    fn names(places: &Places, dir: &Path) -> Vec<String> {
        let names = places.names.get(dir).into_iter().flatten();
        names
            .map(|name| name.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn directory_is_watched_and_where_its_name_is() {
        let (_root, root) = root();
        let dir = root.join("plugins");
        fs::write(dir.join("p.json"), "").unwrap();
        let places = Places::of(&dir);
        assert!(places.dirs().eq([&*dir, &root]));
        assert_eq!(names(&places, &root), ["plugins"]);
        let anything = Some(What::Anything);
        let plugin = Some(What::Plugins(["p".to_owned()].into()));
        for (path, what) in [
            (dir.clone(), anything.clone()),
            (dir.join("p.json"), plugin),
            (dir.join("..data"), anything.clone()),
            (dir.join(".history"), None),
            (dir.join(".config-x"), None),
            (dir.join(".history/p/1.json"), None),
            (root.join("other"), None),
            (root.clone(), anything),
        ] {
            assert_eq!(places.what(&path), what, "{}", path.display());
        }
    }

    #[test]
    fn links_are_followed_from_one_to_the_next() {
        let (_root, root) = root();
        let dir = root.join("plugins");
        for name in ["a", "b", "c"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        symlink("../a/link", dir.join("p.json")).unwrap();
        symlink(root.join("b/link"), root.join("a/link")).unwrap();
        symlink("../c/./p.json", root.join("b/link")).unwrap();
        symlink("../nobody", dir.join("no-config")).unwrap();
        let places = Places::of(&dir);
        assert_eq!(names(&places, &dir), ["p.json"]);
        assert_eq!(names(&places, &root.join("a")), ["link"]);
        assert_eq!(names(&places, &root.join("b")), ["link"]);
        assert_eq!(names(&places, &root.join("c")), ["p.json"]);
        assert_eq!(places.dirs().count(), 5);

        fs::remove_dir(root.join("c")).unwrap();
        let places = Places::of(&dir);
        assert_eq!(names(&places, &root), ["c", "plugins"]);
    }

    #[test]
    fn directory_that_is_a_link_is_where_that_leads() {
        let (_root, root) = root();
        symlink("plugins", root.join("link")).unwrap();
        let places = Places::of(&root.join("link"));
        assert_eq!(names(&places, &root), ["link", "plugins"]);
        let plugin = places.what(&root.join("plugins/p.json"));
        assert_eq!(plugin, Some(What::Plugins(["p".to_owned()].into())));
    }

    #[test]
    fn directory_that_is_missing_is_waited_for_where_it_would_be() {
        let (_root, root) = root();
        let places = Places::of(&root.join("x/y/plugins"));
        assert!(places.dirs().eq([&*root]));
        assert_eq!(names(&places, &root), ["x"]);
        assert_eq!(places.what(&root.join("x")), Some(What::Anything));
        assert_eq!(places.what(&root.join("y")), None);
    }

    #[test]
    fn circles_and_too_many_places_come_to_an_end() {
        let (_root, root) = root();
        let dir = root.join("plugins");
        symlink("q.json", dir.join("p.json")).unwrap();
        symlink("p.json", dir.join("q.json")).unwrap();
        assert!(!Places::of(&dir).is_cut);
        for number in 0..MOST {
            let target = root.join(number.to_string());
            fs::create_dir(&target).unwrap();
            symlink(target.join("x"), dir.join(format!("p{number}.json"))).unwrap();
        }
        let places = Places::of(&dir);
        assert!(places.is_cut && places.contains(&dir));
        assert_eq!(places.dirs().count(), MOST);
    }
}
