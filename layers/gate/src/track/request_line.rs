use std::sync::Arc;

use http::{Method, Request, Uri};

use super::InFlightRequest;

/// What is kept of a request: enough to know it by, and no secret.
#[derive(Debug, Clone)]
pub(crate) struct RequestLine {
    pub(super) method: Method,
    pub(super) path: Arc<str>,
}

impl RequestLine {
    pub(crate) fn of<R>(request: &Request<R>) -> Self {
        Self {
            method: request.method().clone(),
            path: path(request.uri()),
        }
    }
}

fn path(uri: &Uri) -> Arc<str> {
    match (uri.path(), uri.authority()) {
        // Who asks for a tunnel names where to. A user and a password are left out.
        ("", Some(to)) => match to.port() {
            Some(port) => bounded(&format!("{}:{port}", to.host())),
            None => bounded(to.host()),
        },
        (path, _) => bounded(path),
    }
}

fn bounded(path: &str) -> Arc<str> {
    if path.len() <= InFlightRequest::MAX_PATH {
        return path.into();
    }
    let fits = |end: &usize| path.is_char_boundary(*end);
    let end = (0..=InFlightRequest::MAX_PATH).rev().find(fits);
    let mut cut = path[..end.unwrap_or(0)].to_owned();
    cut.push('…');
    cut.into()
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that panics fails")]

    use super::*;

    fn shown(uri: &str) -> String {
        path(&uri.parse().unwrap()).as_ref().to_owned()
    }

    #[test]
    fn path_is_without_its_query_and_its_host() {
        assert_eq!(shown("/pks/lookup?op=get&search=0x1"), "/pks/lookup");
        assert_eq!(shown("https://user:secret@a.example/x?y"), "/x");
        assert_eq!(shown("*"), "*");
        assert_eq!(shown("https://a.example"), "/");
    }

    #[test]
    fn tunnel_is_shown_by_where_it_leads_without_user_and_password() {
        assert_eq!(shown("example.org:443"), "example.org:443");
        assert_eq!(shown("user:secret@example.org:443"), "example.org:443");
        assert_eq!(shown("example.org"), "example.org");
    }

    #[test]
    fn long_path_is_cut_off_at_a_character_and_says_so() {
        let fits = format!("/{}", "a".repeat(255));
        assert_eq!(shown(&fits), fits);
        assert_eq!(shown(&format!("{fits}b")), format!("{fits}…"));
        assert_eq!(&*bounded(&"ä".repeat(200)), format!("{}…", "ä".repeat(128)));
        let odd = format!("a{}", "ä".repeat(200));
        assert_eq!(&*bounded(&odd), format!("a{}…", "ä".repeat(127)));
    }
}
