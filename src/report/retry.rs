use std::time::SystemTime;

use serde::{Serialize, Serializer};

use crate::time::unix_seconds;

/// How something that has failed comes to be tried again: the start of a plugin
/// ([`Registration::retry`](crate::Registration::retry)), reading a store that did not answer
/// ([`store_retry`](crate::PluginManagerBuilder::store_retry)), or noticing changes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RetryInfo {
    /// Number of the attempt that is next, counted from 1 since it failed.
    pub attempt: u32,
    /// When that is to be, in seconds since 1970 on the wire. `None` while it is under way, and
    /// after the last.
    #[serde(serialize_with = "next")]
    pub next_at: Option<SystemTime>,
}

fn next<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => unix_seconds(time, serializer),
        None => serializer.serialize_none(),
    }
}
