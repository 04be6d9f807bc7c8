use std::{thread, time::Duration};

use super::stats::Counts;
use crate::{
    keys::{Limits, Reader, Store},
    workers::Workers,
};

/// How long a request waits for its turn at something that takes processor time.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// What the routes share: the keys, and a bound for each kind of heavy work, so that those who
/// send keys do not keep out those who search.
#[derive(Debug)]
pub struct KeyServer {
    pub(super) limits: Limits,
    pub(super) reader: Reader,
    pub(super) store: Store,
    pub(super) checks: Workers,
    pub(super) searches: Workers,
    pub(super) counts: Counts,
}

impl KeyServer {
    /// A key server without keys. As many are checked at once as there are processors.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let processors = thread::available_parallelism().map_or(1, Into::into);
        Self {
            limits,
            reader: Reader::new(limits),
            store: Store::new(limits),
            checks: Workers::new(processors, MAX_WAIT),
            searches: Workers::new(processors, MAX_WAIT),
            counts: Counts::default(),
        }
    }
}
