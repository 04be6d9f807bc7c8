use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Revision;
use crate::{BoxError, ConfigError, GoDuration};

/// Why a stored config could not be read or written: where, and what to do about it.
#[derive(Debug)]
pub struct StoreError {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: Kind,
    /// What was being done, as `read`.
    doing: Option<&'static str>,
    path: Option<PathBuf>,
    /// Of what could not be understood.
    revision: Option<Revision>,
}

#[derive(Debug)]
enum Kind {
    Unavailable(BoxError),
    Broken(BoxError, Option<(usize, usize)>),
    Conflict(Revision),
    Refused(ConfigError),
    TimedOut(Duration),
}

impl StoreError {
    fn new(kind: Kind) -> Self {
        let inner = Inner {
            kind,
            doing: None,
            path: None,
            revision: None,
        };
        Self {
            inner: Box::new(inner),
        }
    }

    /// The store cannot be reached, or refuses to do it.
    pub fn unavailable(why: impl Into<BoxError>) -> Self {
        Self::new(Kind::Unavailable(why.into()))
    }

    /// What is stored cannot be understood.
    pub fn broken(why: impl Into<BoxError>) -> Self {
        Self::new(Kind::Broken(why.into(), None))
    }

    /// As [`broken`](Self::broken), at a line and column, from 1.
    pub fn broken_at(why: impl Into<String>, (line, column): (usize, usize)) -> Self {
        let why = format!("{} at line {line} column {column}", why.into());
        Self::new(Kind::Broken(why.into(), Some((line, column))))
    }

    /// The store cannot hold such a config: what must hold, and where in it, as a JSON pointer. That
    /// is told as the config's own mistake.
    pub fn refused(pointer: impl Into<String>, why: impl Into<String>) -> Self {
        ConfigError::new(pointer, why).into()
    }

    /// The current config is not the expected one, but that of the revision `current`.
    #[must_use]
    pub fn conflict(current: Revision) -> Self {
        Self::new(Kind::Conflict(current))
    }

    pub(crate) fn timed_out(limit: Duration) -> Self {
        Self::new(Kind::TimedOut(limit))
    }

    /// That it happened to the config of a revision: a put may expect that one.
    #[must_use]
    pub fn at_revision(mut self, revision: Revision) -> Self {
        self.inner.revision = Some(revision);
        self
    }

    pub(super) fn at_path(mut self, doing: &'static str, path: &Path) -> Self {
        self.inner.doing = Some(doing);
        self.inner.path = Some(path.to_owned());
        self
    }

    /// Whether what is stored cannot be understood.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self.inner.kind, Kind::Broken(..))
    }

    /// Whether the current config is not the expected one: somebody was there before.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.inner.kind, Kind::Conflict(_))
    }

    /// Whether the store did not answer in time, so that what was asked may be done or not.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.inner.kind, Kind::TimedOut(_))
    }

    /// Why the store cannot hold the config, if that is the reason.
    #[must_use]
    pub fn config_error(&self) -> Option<&ConfigError> {
        match &self.inner.kind {
            Kind::Refused(why) => Some(why),
            _ => None,
        }
    }

    /// The file, if it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// Line and column, from 1, of the place where what is stored cannot be understood.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        match self.inner.kind {
            Kind::Broken(_, position) => position,
            _ => None,
        }
    }

    /// Revision of the current config: of a conflict, or of one that cannot be understood.
    #[must_use]
    pub fn revision(&self) -> Option<Revision> {
        match self.inner.kind {
            Kind::Conflict(current) => Some(current),
            _ => self.inner.revision,
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::broken(error),
            _ => Self::unavailable(error),
        }
    }
}

impl From<ConfigError> for StoreError {
    fn from(error: ConfigError) -> Self {
        Self::new(Kind::Refused(error))
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        let position = (error.line() > 0).then(|| (error.line(), error.column()));
        Self::new(Kind::Broken(error.into(), position))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind, doing, path, ..
        } = &*self.inner;
        match (doing, path) {
            (Some(doing), Some(path)) => write!(f, "cannot {doing} `{}`: ", path.display())?,
            _ => f.write_str("the config store: ")?,
        }
        match kind {
            Kind::Unavailable(why) | Kind::Broken(why, _) => why.fmt(f),
            Kind::Conflict(_) => f.write_str(
                "the config was changed there meanwhile: reload the plugin to take that up, then \
                 try again",
            ),
            Kind::Refused(why) => why.fmt(f),
            Kind::TimedOut(limit) => write!(f, "no answer within {}", GoDuration(*limit)),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.inner.kind {
            Kind::Unavailable(why) | Kind::Broken(why, _) => Some(why.as_ref()),
            Kind::Refused(why) => Some(why),
            _ => None,
        }
    }
}
