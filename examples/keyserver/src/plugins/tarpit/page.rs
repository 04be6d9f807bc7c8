use std::{
    io,
    path::{Path, PathBuf},
};

use axum::body::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;
use thiserror::Error;
use tokio::{fs::File, io::AsyncReadExt};

/// What a page may have at most: it is kept in memory.
const MAX_PAGE_BYTES: u64 = 64 * 1024;

/// The name of an HTML file, without any directory: a config must not publish just any file.
///
/// # Examples
///
/// ```
/// use keyserver::plugins::tarpit::PageName;
///
/// assert!(PageName::try_from("not-found.html".to_owned()).is_ok());
/// for name in ["/etc/passwd", "../not-found.html", "zerotrust.json", ".html"] {
///     assert!(PageName::try_from(name.to_owned()).is_err());
/// }
/// ```
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9_-]+\\.html$"))]
#[schemars(
    description = "The name of an HTML file, without any directory: a config must not publish just any file."
)]
pub struct PageName(String);

/// A text that names no page.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a page must be named `NAME.html`, of letters, digits, `-` and `_`")]
#[non_exhaustive]
pub struct PageNameError;

/// Why there is no page to answer with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PageError {
    /// Nobody said where pages are.
    #[error("a page needs a directory to be in: start the server with --plugin-dir")]
    NoDirectory,
    /// The file is not there, or cannot be read.
    #[error("cannot read the page {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file has more than 64 KiB.
    #[error("the page {} is too large: it may have {MAX_PAGE_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
}

impl TryFrom<String> for PageName {
    type Error = PageNameError;

    fn try_from(name: String) -> Result<Self, PageNameError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let stem = name.strip_suffix(".html").unwrap_or_default();
        let is_plain = !stem.is_empty() && stem.bytes().all(plain);
        is_plain.then_some(Self(name)).ok_or(PageNameError)
    }
}

impl PageName {
    /// Reads the page from `directory`.
    pub(super) async fn read(&self, directory: Option<&Path>) -> Result<Bytes, PageError> {
        let path = directory.ok_or(PageError::NoDirectory)?.join(&self.0);
        let mut page = Vec::new();
        let read = async {
            let file = File::open(&path).await?;
            file.take(MAX_PAGE_BYTES + 1).read_to_end(&mut page).await
        };
        match read.await {
            Err(source) => Err(PageError::Unreadable { path, source }),
            Ok(_) if page.len() as u64 > MAX_PAGE_BYTES => Err(PageError::TooLarge(path)),
            Ok(_) => Ok(page.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: u64) -> Result<Bytes, PageError> {
        let directory = tempfile::tempdir().unwrap();
        let page = "x".repeat(usize::try_from(bytes).unwrap());
        std::fs::write(directory.path().join("p.html"), page).unwrap();
        let name = PageName::try_from("p.html".to_owned()).unwrap();
        name.read(Some(directory.path())).await
    }

    #[tokio::test]
    async fn page_is_read_up_to_its_bound() {
        assert_eq!(read(MAX_PAGE_BYTES).await.unwrap().len(), 64 * 1024);
        let error = read(MAX_PAGE_BYTES + 1).await.unwrap_err();
        assert!(matches!(error, PageError::TooLarge(_)), "{error}");
    }

    #[tokio::test]
    async fn page_that_is_not_there_is_named() {
        let name = PageName::try_from("p.html".to_owned()).unwrap();
        let error = name.read(Some(Path::new("/nowhere"))).await.unwrap_err();
        assert!(error.to_string().contains("/nowhere/p.html"), "{error}");
    }
}
