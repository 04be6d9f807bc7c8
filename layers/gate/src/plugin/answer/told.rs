use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::HeaderValue;

/// What a client is told: of a rejection it is written once for each plugin and state.
pub(crate) struct Told {
    json: Bytes,
    grpc_message: Option<HeaderValue>,
    /// A `Retry-After` of so many seconds, if any has been written. Another layer may say
    /// otherwise.
    retry_after: OnceLock<(u32, HeaderValue)>,
}

impl Told {
    /// As a JSON body, and as the message of a gRPC status where it may be that of one.
    pub(super) fn new(json: String, grpc_message: Option<HeaderValue>) -> Arc<Self> {
        Arc::new(Self {
            json: json.into(),
            grpc_message,
            retry_after: OnceLock::new(),
        })
    }

    #[inline]
    pub(in crate::plugin) fn json(&self) -> &Bytes {
        &self.json
    }

    pub(super) fn grpc_message(&self) -> Option<HeaderValue> {
        self.grpc_message.clone()
    }

    /// A `Retry-After`, if it is not the usual one; it takes an allocation once, unless layers
    /// differ.
    #[inline]
    pub(super) fn retry_after(&self, seconds: u32) -> Option<HeaderValue> {
        match seconds {
            1 => None,
            seconds => Some(self.other_retry_after(seconds)),
        }
    }

    #[inline(never)]
    fn other_retry_after(&self, seconds: u32) -> HeaderValue {
        let write = || (seconds, seconds.into());
        match self.retry_after.get_or_init(write) {
            (written, after) if *written == seconds => after.clone(),
            _ => seconds.into(),
        }
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_that_of_whoever_asks() {
        let told = Told::new("{}".to_owned(), None);
        let after = [30, 30, 5].map(|seconds| told.retry_after(seconds).expect("an unusual one"));
        assert_eq!(after, ["30", "30", "5"]);
        assert_eq!(told.retry_after(1), None);
    }
}
