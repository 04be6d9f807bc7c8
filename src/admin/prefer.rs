use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

const PREFER: HeaderName = HeaderName::from_static("prefer");
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
pub(super) const RESPOND_ASYNC: HeaderValue = HeaderValue::from_static("respond-async");

/// Whether a client wants to be answered before what it asks for is done (RFC 7240). What else it
/// prefers is ignored, as the RFC has it.
pub(super) fn is_async(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(PREFER).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|preference| preference.split(';').next())
        .any(|name| name.trim().eq_ignore_ascii_case("respond-async"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefers(prefer: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(PREFER, HeaderValue::from_static(prefer));
        is_async(&headers)
    }

    #[test]
    fn preference_is_found_among_others_and_nothing_else_is_taken_for_it() {
        for prefer in [
            "respond-async",
            "Respond-Async",
            "wait=10, respond-async ;x=1",
        ] {
            assert!(prefers(prefer), "{prefer}");
        }
        for prefer in [
            "",
            "respond",
            "respond-asynchronously",
            "handling=respond-async",
        ] {
            assert!(!prefers(prefer), "{prefer}");
        }
        assert!(!is_async(&HeaderMap::new()));
    }
}
