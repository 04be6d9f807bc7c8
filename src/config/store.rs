use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::NamedTempFile;

/// How long the file system may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest config that is read.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Configs as files that an operator can read and edit: `<plugin_dir>/<name>.json`.
#[derive(Debug, Clone)]
pub(crate) struct FileStore {
    dir: PathBuf,
}

/// A config that is on disk, but not in its place yet. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Prepared {
    file: NamedTempFile,
    path: PathBuf,
}

/// Why a stored config could not be read or written: which file, where in it, and why.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoreError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl StoreError {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot {} `{}`: {}",
            self.doing,
            self.path.display(),
            self.source
        )
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl FileStore {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn path(&self, plugin: &str) -> PathBuf {
        self.dir.join(format!("{plugin}.json"))
    }

    /// The stored config, if there is one.
    pub(crate) async fn load(&self, plugin: &str) -> Result<Option<Value>, StoreError> {
        let path = self.path(plugin);
        bounded("read", path.clone(), move || read(&path)).await
    }

    /// Writes a config beside the stored one, so that nothing but a rename is left to do.
    pub(crate) async fn prepare(
        &self,
        plugin: &str,
        config: &Value,
        is_secret: bool,
    ) -> Result<Prepared, StoreError> {
        let (dir, path) = (self.dir.clone(), self.path(plugin));
        let text = format!("{config:#}\n");
        bounded("write", path.clone(), move || {
            let before = fs::metadata(&path);
            if before.as_ref().is_ok_and(|before| !before.is_file()) {
                return Err(invalid("not a file".to_owned()));
            }
            let mut file = NamedTempFile::with_prefix_in(".config-", dir)?;
            match before {
                _ if is_secret => {}
                Ok(before) => file.as_file().set_permissions(before.permissions())?,
                Err(_) => make_readable(file.as_file())?,
            }
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(Prepared { file, path })
        })
        .await
    }
}

impl Prepared {
    /// Puts the config in place of the stored one.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let Self { file, path } = self;
        bounded("write", path.clone(), move || {
            file.persist(&path)?;
            match path.parent() {
                Some(dir) => File::open(dir)?.sync_all(),
                None => Ok(()),
            }
        })
        .await
    }
}

/// Temporary files are the owner's only, which is what a config with secrets stays.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
}

fn read(path: &Path) -> io::Result<Option<Value>> {
    match fs::metadata(path) {
        // Opening a pipe would wait for a writer, reading a device might never end.
        Ok(metadata) if !metadata.is_file() => return Err(invalid("not a file".to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut text = Vec::new();
    // Whatever its size was said to be.
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LIMIT {
        return Err(invalid(format!(
            "a config may have {LIMIT} bytes, and this has more"
        )));
    }
    let config: Value = serde_json::from_slice(&text)?;
    if config.is_object() {
        Ok(Some(config))
    } else {
        Err(invalid("a config must be a JSON object".to_owned()))
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Runs blocking work on a thread for it. A file system that hangs is left behind.
async fn bounded<T: Send + 'static>(
    doing: &'static str,
    path: PathBuf,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::time::timeout(TIMEOUT, tokio::task::spawn_blocking(work)).await;
    let result = match done {
        Ok(Ok(result)) => result,
        Ok(Err(ended)) => Err(io::Error::other(ended)),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the file system does not answer",
        )),
    };
    result.map_err(|source| StoreError {
        doing,
        path,
        source,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_was_committed_is_loaded_and_what_was_not_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        let store = FileStore::new(dir.path().to_owned());
        assert_eq!(store.load("p").await.unwrap(), None);
        let config = json!({"a": [1, 2]});
        store
            .prepare("p", &config, false)
            .await
            .unwrap()
            .commit()
            .await
            .unwrap();
        drop(store.prepare("p", &json!({"a": 3}), false).await.unwrap());
        assert_eq!(store.load("p").await.unwrap(), Some(config));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn config_with_secrets_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let store = FileStore::new(dir.path().to_owned());
        for (is_secret, mode) in [(false, 0o644), (true, 0o600)] {
            let prepared = store.prepare("p", &json!({}), is_secret).await.unwrap();
            prepared.commit().await.unwrap();
            let permissions = fs::metadata(dir.path().join("p.json"))
                .unwrap()
                .permissions();
            assert_eq!(permissions.mode() & 0o777, mode);
        }
    }

    #[tokio::test]
    async fn broken_files_are_reported_with_their_place() {
        let dir = tempfile::tempdir().unwrap();
        let store = FileStore::new(dir.path().to_owned());
        let path = dir.path().join("p.json");
        for (content, told) in [
            (&b""[..], "EOF while parsing a value at line 1 column 0"),
            (b"{\n \"a\": 1,\n}", "trailing comma at line 3 column 1"),
            (b"[1]", "a config must be a JSON object"),
            (b"{\"a\": \"\xff\"}", "invalid unicode code point"),
        ] {
            fs::write(&path, content).unwrap();
            let error = store.load("p").await.unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("p.json"), "{error}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = store.load("p").await.unwrap_err().to_string();
        assert!(error.contains("not a file"), "{error}");
        fs::remove_dir(&path).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
            let error = store.load("p").await.unwrap_err().to_string();
            assert!(error.contains("not a file"), "{error}");
            fs::remove_file(&path).unwrap();
        }
        File::create(&path)
            .unwrap()
            .set_len(100 * 1024 * 1024)
            .unwrap();
        let error = store.load("p").await.unwrap_err().to_string();
        assert!(error.contains("this has more"), "{error}");
    }
}
