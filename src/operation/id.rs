use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Names one operation of one run of the manager.
///
/// Its text form, `1b2c3d4e-7`, is opaque: compare it, do not take it apart. An id from before a
/// restart names nothing.
///
/// ```
/// use tower_plugin::{BoxError, OperationId, PluginManager, plugin_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
/// let manager = PluginManager::new();
/// manager.register("p", plugin_fn(|()| async { Ok::<_, BoxError>(()) })).await?;
/// let id = manager.reload("p").start()?.id();
/// assert_eq!(id.to_string().parse::<OperationId>()?, id);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId {
    /// Differs between runs.
    pub(super) run: u32,
    pub(super) number: u64,
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.run, self.number)
    }
}

impl Serialize for OperationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that names no operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseOperationIdError;

impl fmt::Display for ParseOperationIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an operation's id; send one as it was given")
    }
}

impl std::error::Error for ParseOperationIdError {}

impl FromStr for OperationId {
    type Err = ParseOperationIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (run, number) = text.split_once('-').ok_or(ParseOperationIdError)?;
        let id = Self {
            run: u32::from_str_radix(run, 16).map_err(|_| ParseOperationIdError)?,
            number: number.parse().map_err(|_| ParseOperationIdError)?,
        };
        // One spelling only, so that there is one address for each operation.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(ParseOperationIdError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_survives_its_text_form_and_has_only_one() {
        let id = OperationId {
            run: 0xab,
            number: 7,
        };
        assert_eq!("000000ab-7".parse(), Ok(id));
        for other in ["ab-7", "000000AB-7", "000000ab-07", "000000ab", "", "-"] {
            assert_eq!(
                other.parse::<OperationId>(),
                Err(ParseOperationIdError),
                "{other}"
            );
        }
    }
}
