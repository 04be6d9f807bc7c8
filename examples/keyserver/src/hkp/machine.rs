use std::{
    fmt::{self, Write},
    sync::Arc,
};

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use crate::keys::{Certificate, Validity};

/// What would end a field or a line, or start an escape. Bytes beyond ASCII are escaped anyhow.
const RESERVED: &AsciiSet = &CONTROLS.add(b':').add(b'%');

/// The index for machines: a line for the whole, one for each key, and after it one for each of
/// its user ids, fields parted by colons.
pub(super) fn index(certificates: &[Arc<Certificate>], now: u32) -> String {
    let mut lines = format!("info:1:{}\n", certificates.len());
    for certificate in certificates {
        push(&mut lines, certificate, now).expect("a string takes all that is written to it");
    }
    lines
}

fn push(lines: &mut String, certificate: &Certificate, now: u32) -> fmt::Result {
    let key = certificate.primary();
    let times = times(key.validity, now);
    writeln!(
        lines,
        "pub:{:X}:{}:{}:{times}",
        key.fingerprint, key.algorithm, key.bits
    )?;
    for user in certificate.user_ids() {
        let id = percent_encode(&user.bytes, RESERVED);
        writeln!(lines, "uid:{id}:{}", self::times(user.validity, now))?;
    }
    Ok(())
}

/// The last three fields: made, ends, and a letter each for revoked and expired.
fn times(validity: Validity, now: u32) -> String {
    let expires = validity
        .expires
        .map(|time| time.to_string())
        .unwrap_or_default();
    let revoked = if validity.revoked { "r" } else { "" };
    let expired = if validity.is_expired(now) { "e" } else { "" };
    format!("{}:{expires}:{revoked}{expired}", validity.created)
}

#[cfg(test)]
mod tests {
    use pgp::types::{KeyDetails, Timestamp};

    use super::*;
    use crate::keys::{Limits, Reader, testing};

    #[test]
    fn user_ids_cannot_break_out_of_their_field() {
        let key = testing::public(1, &["Zoë: 100%\nuid:Mallory <z@example.org>"]);
        let read = Reader::new(Limits::default())
            .read(&testing::armored(&key))
            .unwrap();
        let certificates: Vec<_> = read.certificates.into_iter().map(Arc::new).collect();
        let created = key.created_at().as_secs();
        let signed = key.details.users[0].signatures[0]
            .created()
            .map(Timestamp::as_secs)
            .unwrap();
        let expected = format!(
            "info:1:1\n\
             pub:{:X}:22:255:{created}::\n\
             uid:Zo%C3%AB%3A 100%25%0Auid%3AMallory <z@example.org>:{signed}::\n",
            key.fingerprint(),
        );
        assert_eq!(index(&certificates, created), expected);
    }

    #[test]
    fn end_and_flags_are_the_last_fields() {
        let validity = Validity {
            created: 100,
            expires: Some(200),
            revoked: false,
        };
        assert_eq!(times(validity, 199), "100:200:");
        assert_eq!(times(validity, 200), "100:200:e");
        assert_eq!(
            times(
                Validity {
                    revoked: true,
                    ..validity
                },
                199
            ),
            "100:200:r"
        );
        assert_eq!(
            times(
                Validity {
                    expires: None,
                    ..validity
                },
                200
            ),
            "100::"
        );
    }
}
