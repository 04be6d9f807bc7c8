use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// The largest file that is read.
const LIMIT: u64 = 16 * 1024 * 1024;

/// What is in a file, if there is one.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        // Opening a pipe would wait for a writer, reading a device might never end.
        Ok(metadata) if !metadata.is_file() => {
            return Err(invalid("not a file: move it away".to_owned()));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = Vec::new();
    // Whatever its size was said to be.
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(invalid(format!(
            "a config may have {LIMIT} bytes, and this has more"
        )));
    }
    Ok(Some(bytes))
}

pub(super) fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Writes a file that is on disk, but under a name that begins with `prefix` and means nothing.
/// It is the owner's only, unless `permissions` say otherwise.
pub(super) fn write(
    dir: &Path,
    prefix: &str,
    bytes: &[u8],
    permissions: Option<Permissions>,
) -> io::Result<NamedTempFile> {
    let mut file = Builder::new().prefix(prefix).tempfile_in(dir)?;
    claim(file.as_file())?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// What a new file is, unless it is the owner's only.
#[cfg(unix)]
pub(super) fn readable() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
pub(super) fn readable() -> Option<Permissions> {
    None
}

/// Makes what was done to the names in a directory last.
pub(super) fn sync(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}

/// Removes what processes that died left behind in `dir` under names that begin with `prefix`.
pub(super) fn remove_abandoned(dir: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) && is_abandoned(&entry.path()) {
            fs::remove_file(entry.path())?;
            tracing::info!(path = %entry.path().display(), "removed what a crash left behind");
        }
    }
    Ok(())
}

/// Says that somebody is at work on a file, for as long as it is open: a process that dies says
/// no more.
#[cfg(unix)]
fn claim(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        // Some network file systems have no locks.
        Ok(()) | Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::NOLCK) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn claim(_: &File) -> io::Result<()> {
    Ok(())
}

/// Whether nobody is at work on a file any more.
pub(super) fn is_abandoned(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| claim(&file).is_ok())
}
