use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::disk;
use crate::Outcome;
use crate::config::store::{StoreError, StoredVersion};
use crate::config::{ConfigVersion, parse};
use crate::time::to_unix;

/// How a version's file is called while it is not yet one.
pub(super) const PENDING: &str = ".pending-";

/// A version as it is written down.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u64,
    etag: String,
    /// In seconds since 1970.
    time: u64,
    actor: Option<String>,
    cause: Option<String>,
    outcome: Outcome,
    config: Value,
}

pub(super) fn encode(version: &StoredVersion) -> Vec<u8> {
    let written = Written {
        version: version.version.number(),
        etag: version.version.to_string(),
        time: to_unix(version.time),
        actor: version.actor.clone(),
        cause: version.cause.clone(),
        outcome: version.outcome,
        config: version.config.clone(),
    };
    let mut text = serde_json::to_vec_pretty(&written).expect("it has string keys only");
    text.push(b'\n');
    text
}

pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<StoredVersion, StoreError> {
    let at = |error: StoreError| error.at_path("read", path);
    let value = parse(bytes).map_err(|error| at(error.into()))?;
    let written: Written = serde_json::from_value(value).map_err(|error| at(error.into()))?;
    let version: ConfigVersion = written
        .etag
        .parse()
        .map_err(|error| at(StoreError::broken(error)))?;
    Ok(StoredVersion {
        version,
        time: UNIX_EPOCH + Duration::from_secs(written.time),
        actor: written.actor,
        cause: written.cause,
        outcome: written.outcome,
        config: written.config,
    })
}

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number}.json"))
}

/// Numbers of the versions in `dir`, newest first.
pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
    Ok(numbers)
}

/// One version, if it is kept.
pub(super) fn read(dir: &Path, number: u64) -> Result<Option<StoredVersion>, StoreError> {
    let path = path(dir, number);
    let bytes =
        disk::read(&path).map_err(|error| StoreError::from(error).at_path("read", &path))?;
    bytes.map(|bytes| decode(&path, &bytes)).transpose()
}

/// All versions in `dir`, newest first. One that cannot be read is left out: it spoils no other.
pub(super) fn all(dir: &Path) -> io::Result<Vec<StoredVersion>> {
    let readable = |number| match read(dir, number) {
        Ok(version) => version,
        Err(error) => {
            tracing::warn!(%error, "left out of the history");
            None
        }
    };
    Ok(numbers(dir)?.into_iter().filter_map(readable).collect())
}

/// Removes all but the newest `limit` versions.
pub(super) fn prune(dir: &Path, limit: usize) -> io::Result<()> {
    // The oldest first, so that a crash leaves no gap.
    for number in numbers(dir)?.into_iter().skip(limit.max(1)).rev() {
        fs::remove_file(path(dir, number))?;
    }
    Ok(())
}

/// Ends what a process began that died while it put a version: if the config is the current one by
/// now, so is the version; if not, there never was one.
pub(super) fn recover(dir: &Path, current: Option<&Value>) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let pending = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(PENDING)
            || !disk::is_abandoned(&pending)
        {
            continue;
        }
        let version = disk::read(&pending)?.map(|bytes| decode(&pending, &bytes));
        match version {
            Some(Ok(version)) if current == Some(&version.config) => {
                fs::rename(&pending, path(dir, version.version.number()))?;
                disk::sync(dir)?;
            }
            _ => fs::remove_file(&pending)?,
        }
        tracing::info!(path = %pending.display(), "ended what a crash left half done");
    }
    Ok(())
}
