use pgp::types::{Fingerprint, KeyVersion};

use super::QueryError;

/// What a search is for, read from HKP's `search` parameter.
///
/// # Examples
///
/// ```
/// use keyserver::keys::{Handle, Query};
///
/// let query = Query::parse("0xDEADBEEF", false)?;
/// assert_eq!(query.handle, Some(Handle::ShortId(0xDEAD_BEEF)));
///
/// let query = Query::parse("alice@example.org", false)?;
/// assert!(query.handle.is_none() && query.text.is_some());
/// # Ok::<(), keyserver::keys::QueryError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Query {
    /// The key, tried first.
    pub handle: Option<Handle>,
    /// The user id, tried when there is no handle or nothing has it: "deadbeef" may be either.
    pub text: Option<Text>,
}

/// What names a key or subkey, the shorter ones with collisions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Handle {
    /// The whole fingerprint: 40 hexadecimal digits for version 4, 64 for version 6.
    Fingerprint(Fingerprint),
    /// The long key id: 16 digits.
    KeyId(u64),
    /// The short key id: 8 digits, the end of the long one.
    ShortId(u32),
}

/// Text to look for in user ids, in any case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Text {
    needle: String,
    exact: bool,
}

impl Query {
    /// Reads `search`; `exact` asks for a whole user id or mail address and not a part of one.
    ///
    /// # Errors
    ///
    /// When it is empty, or starts with `0x` and goes on as no key id or fingerprint does.
    pub fn parse(search: &str, exact: bool) -> Result<Self, QueryError> {
        let search = search.trim();
        if search.is_empty() {
            return Err(QueryError::Empty);
        }
        if let Some(digits) = search
            .strip_prefix("0x")
            .or_else(|| search.strip_prefix("0X"))
        {
            let handle = Handle::parse(digits);
            let handle = handle.ok_or_else(|| QueryError::NotAKeyId(search.to_owned()))?;
            return Ok(Self {
                handle: Some(handle),
                text: None,
            });
        }
        // Fingerprints are printed, and so pasted, in groups of four digits.
        let handle = Handle::parse(&search.split_whitespace().collect::<String>());
        let text = match handle {
            Some(Handle::Fingerprint(_)) => None,
            _ => Some(Text {
                needle: search.to_lowercase(),
                exact,
            }),
        };
        Ok(Self { handle, text })
    }
}

impl Handle {
    fn parse(digits: &str) -> Option<Self> {
        let bytes = hex::decode(digits).ok()?;
        match bytes.len() {
            4 => Some(Self::ShortId(u32::from_be_bytes(bytes.try_into().ok()?))),
            8 => Some(Self::KeyId(u64::from_be_bytes(bytes.try_into().ok()?))),
            20 => Fingerprint::new(KeyVersion::V4, &bytes)
                .ok()
                .map(Self::Fingerprint),
            32 => Fingerprint::new(KeyVersion::V6, &bytes)
                .ok()
                .map(Self::Fingerprint),
            _ => None,
        }
    }
}

impl Text {
    /// Whether it is in `user_id`, which must be in lower case.
    pub(super) fn matches(&self, user_id: &str) -> bool {
        if self.exact {
            let address = user_id
                .rsplit_once('<')
                .and_then(|(_, end)| end.strip_suffix('>'));
            user_id == self.needle || address == Some(&self.needle)
        } else {
            user_id.contains(&self.needle)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(search: &str, exact: bool) -> Text {
        Query::parse(search, exact).unwrap().text.unwrap()
    }

    #[test]
    fn fingerprints_and_key_ids_are_told_from_their_length() {
        let v4 = "0123456789abcdef0123456789ABCDEF01234567";
        let v6 = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789ABCDEF";
        for digits in [v4, v6] {
            let bytes = hex::decode(digits).unwrap();
            for search in [
                digits.to_owned(),
                format!("0x{digits}"),
                format!(" 0X{digits} "),
            ] {
                let Query { handle, text } = Query::parse(&search, false).unwrap();
                let Some(Handle::Fingerprint(found)) = handle else {
                    panic!("{search}: {handle:?}")
                };
                assert_eq!(found.as_bytes(), bytes);
                assert_eq!(text, None);
            }
        }
        let id = Query::parse("0x0123456789abcdef", false).unwrap();
        assert_eq!(
            id,
            Query {
                handle: Some(Handle::KeyId(0x0123_4567_89ab_cdef)),
                text: None
            }
        );
        let id = Query::parse("0x89abcdef", false).unwrap();
        assert_eq!(
            id,
            Query {
                handle: Some(Handle::ShortId(0x89ab_cdef)),
                text: None
            }
        );
    }

    #[test]
    fn grouped_digits_are_one_fingerprint() {
        let grouped = "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567";
        let query = Query::parse(grouped, false).unwrap();
        assert!(
            matches!(query.handle, Some(Handle::Fingerprint(_))),
            "{query:?}"
        );
    }

    #[test]
    fn key_id_without_prefix_may_be_text_too() {
        let query = Query::parse("DeadBeef", false).unwrap();
        assert_eq!(query.handle, Some(Handle::ShortId(0xdead_beef)));
        assert!(query.text.unwrap().matches("the deadbeef company"));
    }

    #[test]
    fn prefix_without_key_id_is_refused() {
        for search in ["0x", "0x123", "0xabcdefgh", "0x0123456789abcdef0", "0xé"] {
            let refused = QueryError::NotAKeyId(search.to_owned());
            assert_eq!(Query::parse(search, false), Err(refused));
        }
        assert_eq!(Query::parse(" \t", false), Err(QueryError::Empty));
    }

    #[test]
    fn text_is_found_in_any_case_and_exactly_when_asked() {
        let user_id = "zoë example <zoe@example.org>";
        assert!(text("ZOË Ex", false).matches(user_id));
        assert!(!text("ZOË Ex", true).matches(user_id));
        assert!(text("Zoë Example <zoe@example.org>", true).matches(user_id));
        assert!(text("zoe@Example.org", true).matches(user_id));
        assert!(!text("oe@example.org", true).matches(user_id));
    }
}
