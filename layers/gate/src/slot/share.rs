use std::fmt;

/// A part of the requests, in percent: 1 to 99, for none and all are no parts.
///
/// ```
/// use tower_plugin_gate::Share;
///
/// assert_eq!(Share::new(10).map(Share::percent), Some(10));
/// assert_eq!((Share::new(0), Share::new(100)), (None, None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u8);

impl Share {
    /// So many percent, or `None` unless it is 1 to 99.
    #[must_use]
    pub const fn new(percent: u8) -> Option<Self> {
        match percent {
            1..=99 => Some(Self(percent)),
            _ => None,
        }
    }

    /// How many percent.
    #[must_use]
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}
