use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::ConfigVersion;

/// What an `If-Match` or `If-None-Match` asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// `*`: whatever there is.
    Any,
    Tags(Vec<Tag>),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    is_weak: bool,
    opaque: Vec<u8>,
}

impl Condition {
    /// The condition in a header, which may be given in several lines. What cannot be read of it
    /// matches nothing.
    pub(super) fn read(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(name).iter().peekable();
        lines.peek()?;
        let mut tags = Vec::new();
        for line in lines {
            if line.as_bytes().trim_ascii() == b"*" {
                return Some(Self::Any);
            }
            read_tags(line.as_bytes(), &mut tags);
        }
        Some(Self::Tags(tags))
    }

    /// Strong comparison: a weak tag never matches.
    pub(super) fn matches_strongly(&self, version: ConfigVersion) -> bool {
        self.matches(version, |tag| !tag.is_weak)
    }

    /// Weak comparison: the `W/` makes no difference.
    pub(super) fn matches_weakly(&self, version: ConfigVersion) -> bool {
        self.matches(version, |_| true)
    }

    fn matches(&self, version: ConfigVersion, counts: impl Fn(&Tag) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => {
                let version = version.to_string();
                let mut tags = tags.iter().filter(|tag| counts(tag));
                tags.any(|tag| tag.opaque == version.as_bytes())
            }
        }
    }
}

/// Reads a comma-separated list of entity tags (RFC 9110, 8.8.3) as far as it is one.
fn read_tags(mut list: &[u8], tags: &mut Vec<Tag>) {
    loop {
        list = list.trim_ascii_start();
        while let Some(rest) = list.strip_prefix(b",") {
            list = rest.trim_ascii_start();
        }
        let (is_weak, quoted) = match list.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, list),
        };
        let Some(inside) = quoted.strip_prefix(b"\"") else {
            return;
        };
        let Some(end) = inside.iter().position(|byte| *byte == b'"') else {
            return;
        };
        let opaque = inside[..end].to_vec();
        tags.push(Tag { is_weak, opaque });
        list = &inside[end + 1..];
    }
}

/// The strong entity tag of a config.
pub(super) fn of(version: ConfigVersion) -> HeaderValue {
    let tag = format!("\"{version}\"");
    HeaderValue::try_from(tag).expect("a version is hex digits, a dash and digits")
}

#[cfg(test)]
mod tests {
    use http::header::IF_MATCH;

    use super::*;

    const VERSION: ConfigVersion = ConfigVersion {
        run: 0xab,
        number: 7,
    };

    fn condition(lines: &[&'static str]) -> Option<Condition> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_static(line));
        }
        Condition::read(&headers, &IF_MATCH)
    }

    #[test]
    fn absent_header_is_no_condition() {
        assert_eq!(condition(&[]), None);
    }

    #[test]
    fn current_tag_matches_wherever_it_stands() {
        for lines in [
            &["\"000000ab-7\""][..],
            &["\"old\", \"000000ab-7\""],
            &["\"a,b\",\t\"000000ab-7\" "],
            &[",, \"000000ab-7\","],
            &["\"old\"", "\"000000ab-7\""],
            &["W/\"000000ab-7\", \"000000ab-7\""],
            &[" * "],
        ] {
            assert!(
                condition(lines).unwrap().matches_strongly(VERSION),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn weak_tag_matches_only_weakly() {
        let weak = condition(&["W/\"000000ab-7\""]).unwrap();
        assert!(!weak.matches_strongly(VERSION));
        assert!(weak.matches_weakly(VERSION));
    }

    #[test]
    fn other_tags_and_garbage_match_nothing() {
        for line in [
            "",
            "\"\"",
            "\"000000ab-8\"",
            "\"000000AB-7\"",
            "000000ab-7",
            "\"000000ab-7",
            "w/\"000000ab-7\"",
            "garbage, \"000000ab-7\"",
            "\"*\"",
            "**",
        ] {
            let read = condition(&[line]).unwrap();
            assert!(!read.matches_strongly(VERSION), "{line}");
            assert!(!read.matches_weakly(VERSION), "{line}");
        }
    }

    #[test]
    fn tag_is_the_quoted_version() {
        assert_eq!(of(VERSION), "\"000000ab-7\"");
    }
}
