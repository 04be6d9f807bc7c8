use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{ConfigError, StoreError};

/// What a config can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    #[cfg(feature = "toml")]
    Toml,
    #[cfg(feature = "yaml")]
    Yaml,
}

/// How the files of each format end. The first is that of new files.
const EXTENSIONS: &[(&str, Format)] = &[
    ("json", Format::Json),
    #[cfg(feature = "toml")]
    ("toml", Format::Toml),
    #[cfg(feature = "yaml")]
    ("yaml", Format::Yaml),
    #[cfg(feature = "yaml")]
    ("yml", Format::Yaml),
];

/// In UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The file that a plugin's config is in, or would be.
pub(crate) fn path(dir: &Path, plugin: &str) -> PathBuf {
    let mut paths = EXTENSIONS
        .iter()
        .map(|(extension, _)| dir.join(format!("{plugin}.{extension}")));
    let first = dir.join(format!("{plugin}.{}", EXTENSIONS[0].0));
    // A link that leads nowhere is there, too.
    paths
        .find(|path| path.symlink_metadata().is_ok())
        .unwrap_or(first)
}

/// The plugin whose config a file of that name is.
#[cfg(feature = "watch")]
pub(crate) fn plugin_of(file: &str) -> Option<&str> {
    let (plugin, extension) = file.rsplit_once('.')?;
    let mut known = EXTENSIONS.iter();
    let is_known = known.any(|(known, _)| *known == extension);
    (is_known && crate::plugin::is_name(plugin)).then_some(plugin)
}

/// Refuses a config's file beside which there is another one for the same plugin: which of them is
/// meant cannot be known.
pub(crate) fn alone(path: &Path) -> io::Result<()> {
    let others = EXTENSIONS
        .iter()
        .map(|(extension, _)| path.with_extension(extension));
    let mut others = others.filter(|other| other != path && other.symlink_metadata().is_ok());
    match others.next() {
        None => Ok(()),
        Some(other) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "there is `{}` beside it: a plugin has one config, so remove one of the two",
                other.display()
            ),
        )),
    }
}

impl Format {
    /// The format of a file, by its name.
    pub(crate) fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(OsStr::to_str);
        let mut known = EXTENSIONS.iter();
        let known = known.find(|(known, _)| Some(*known) == extension);
        known.map_or(Self::Json, |(_, format)| *format)
    }

    /// The one value that `bytes` are. A byte order mark, which some editors begin a file with, is
    /// no part of it.
    pub(crate) fn parse(self, bytes: &[u8]) -> Result<Value, StoreError> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        match self {
            Self::Json => Ok(super::parse(bytes)?),
            #[cfg(feature = "toml")]
            Self::Toml => super::toml::parse(bytes),
            #[cfg(feature = "yaml")]
            Self::Yaml => super::yaml::parse(bytes),
        }
    }

    /// The text of a config, which reads as the same again.
    pub(crate) fn write(self, config: &Value) -> Result<String, ConfigError> {
        match self {
            Self::Json => Ok(format!("{config:#}\n")),
            #[cfg(feature = "toml")]
            Self::Toml => {
                let text = super::toml::write(config)?;
                self.checked(text, config)
            }
            #[cfg(feature = "yaml")]
            Self::Yaml => {
                let text = super::yaml::write(config)?;
                self.checked(text, config)
            }
        }
    }

    #[cfg(any(feature = "toml", feature = "yaml"))]
    fn checked(self, text: String, config: &Value) -> Result<String, ConfigError> {
        match self.parse(text.as_bytes()) {
            Ok(read) if read == *config => Ok(text),
            _ => {
                let message =
                    format!("must be what {self:?} can say: this would be read otherwise");
                Err(ConfigError::new("", message))
            }
        }
    }
}

/// What text is expected to be in, without what it says.
#[cfg(any(feature = "toml", feature = "yaml"))]
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, StoreError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        StoreError::broken_at("invalid unicode code point", position(valid, valid.len()))
    })
}

/// Line and column, from 1, of a byte of a text.
#[cfg(any(feature = "toml", feature = "yaml"))]
pub(super) fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|char| *char != '\n')
        .count()
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_is_there_is_the_one_and_two_are_too_many() {
        let dir = tempfile::tempdir().unwrap();
        let json = dir.path().join("a.b.json");
        assert_eq!(path(dir.path(), "a.b"), json);
        for (extension, format) in &EXTENSIONS[1..] {
            let other = dir.path().join(format!("a.b.{extension}"));
            std::fs::write(&other, "").unwrap();
            assert_eq!(path(dir.path(), "a.b"), other);
            assert_eq!(Format::of(&other), *format);
            alone(&other).unwrap();
            std::fs::write(&json, "{}").unwrap();
            let error = alone(&path(dir.path(), "a.b")).unwrap_err().to_string();
            assert!(error.contains(&format!("a.b.{extension}")), "{error}");
            std::fs::remove_file(&json).unwrap();
            std::fs::remove_file(&other).unwrap();
        }
    }

    #[test]
    fn byte_order_mark_is_no_part_of_a_config() {
        for (extension, format) in EXTENSIONS {
            let text = match *extension {
                "json" => r#"{"a": 1}"#,
                "toml" => "a = 1",
                _ => "a: 1",
            };
            let config = format.parse(text.as_bytes()).unwrap();
            let marked = format.parse(&[BYTE_ORDER_MARK, text.as_bytes()].concat());
            assert_eq!(marked.unwrap(), config, "{extension}");
        }
        let twice = [BYTE_ORDER_MARK, BYTE_ORDER_MARK, b"{}"].concat();
        assert!(Format::Json.parse(&twice).unwrap_err().is_broken());
    }

    #[cfg(any(feature = "toml", feature = "yaml"))]
    #[test]
    fn position_counts_lines_and_characters() {
        for (text, byte, at) in [("", 0, (1, 1)), ("ä\nöb", 5, (2, 2)), ("a\n", 2, (2, 1))] {
            assert_eq!(position(text, byte), at, "{text:?}");
        }
        assert_eq!(utf8(b"a\n\xff").unwrap_err().position(), Some((2, 1)));
    }
}
