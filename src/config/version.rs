use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

/// Names one config of one registered plugin in one run of the manager, as an `ETag` does.
///
/// Its text form, `1b2c3d4e-7`, is opaque: compare it, do not take it apart. It never names two
/// configs. Its number may, where the history could not be written: what is in force then, by an edit
/// of the file, is in no history, and after a restart the next config may have that number, with
/// another text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConfigVersion {
    /// Differs between runs and registrations: a version from before matches nothing.
    pub(crate) run: u32,
    pub(crate) number: u64,
}

impl ConfigVersion {
    /// 1, 2, 3… for each plugin. A version that is in the history is the only one of its number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.number
    }
}

impl fmt::Display for ConfigVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.run, self.number)
    }
}

/// A text that is no version, and so matches none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseConfigVersionError;

impl fmt::Display for ParseConfigVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a config version; send one as it was given")
    }
}

impl std::error::Error for ParseConfigVersionError {}

impl FromStr for ConfigVersion {
    type Err = ParseConfigVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (run, number) = text.split_once('-').ok_or(ParseConfigVersionError)?;
        let version = Self {
            run: u32::from_str_radix(run, 16).map_err(|_| ParseConfigVersionError)?,
            number: number.parse().map_err(|_| ParseConfigVersionError)?,
        };
        // One spelling only: a strong validator is compared octet by octet.
        if version.to_string() == text {
            Ok(version)
        } else {
            Err(ParseConfigVersionError)
        }
    }
}

/// A plugin's config as it may be shown: secrets are masked.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ConfigView {
    /// Name of the plugin.
    pub plugin: String,
    /// The config as it is stored, secrets masked as [`MASK`](crate::MASK). It can be sent back as
    /// it is.
    pub config: Value,
    /// The same with the defaults that the plugin's schema has for what is left out: what an
    /// instance is built from, as far as the schema tells.
    pub effective: Value,
    /// 1, 2, 3… for each config that was applied.
    #[serde(serialize_with = "number")]
    pub version: ConfigVersion,
    /// When it was applied.
    #[serde(skip)]
    pub since: SystemTime,
}

pub(crate) fn number<S: serde::Serializer>(
    version: &ConfigVersion,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(version.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_survives_its_text_form_and_has_only_one() {
        let version = ConfigVersion {
            run: 0xab,
            number: 7,
        };
        assert_eq!(version.to_string(), "000000ab-7");
        assert_eq!("000000ab-7".parse(), Ok(version));
        for other in [
            "ab-7",
            "000000AB-7",
            "000000ab-07",
            "000000ab-+7",
            "000000ab",
            "",
        ] {
            assert_eq!(
                other.parse::<ConfigVersion>(),
                Err(ParseConfigVersionError),
                "{other}"
            );
        }
    }
}
