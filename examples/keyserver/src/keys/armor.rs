use std::io::Read;

use pgp::armor::{BlockType, Dearmor, Headers};

use super::KeyError;

const BEGIN: &str = "-----BEGIN PGP ";
const PUBLIC: &str = "PUBLIC KEY BLOCK-----";
const SECRET: &str = "PRIVATE KEY BLOCK-----";

/// The bytes inside each armored public key block of `text`; there is at least one.
///
/// What stands around the blocks is ignored, as are their headers ("Comment: ..."), which say
/// nothing about the key.
pub(super) fn public_key_blocks(text: &str) -> Result<Vec<Vec<u8>>, KeyError> {
    let blocks: Vec<_> = text
        .split(BEGIN)
        .skip(1)
        .map(decode)
        .collect::<Result<_, _>>()?;
    if blocks.is_empty() {
        Err(KeyError::NoKey)
    } else {
        Ok(blocks)
    }
}

fn decode(block: &str) -> Result<Vec<u8>, KeyError> {
    let (label, rest) = block.split_once('\n').unwrap_or((block, ""));
    match label.trim_end() {
        PUBLIC => {}
        SECRET => return Err(KeyError::Secret),
        _ => {
            return Err(malformed(
                "its first line is not that of a public key block",
            ));
        }
    }
    let body = skip_headers(rest)
        .ok_or_else(|| malformed("there is no blank line before the base64 text"))?;
    let mut bytes = Vec::new();
    Dearmor::after_header(
        BlockType::PublicKey,
        Headers::new(),
        body.as_bytes(),
        body.len(),
    )
    .read_to_end(&mut bytes)
    .map_err(|_| malformed("its base64 text or its last line is damaged"))?;
    Ok(bytes)
}

fn malformed(reason: &str) -> KeyError {
    KeyError::Malformed(reason.to_owned())
}

fn skip_headers(text: &str) -> Option<&str> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        start += line.len();
        if line.trim().is_empty() {
            return Some(&text[start..]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: hi\n\naGVsbG8gd29ybGQ=\n\
                         -----END PGP PUBLIC KEY BLOCK-----\n";

    #[test]
    fn several_blocks_are_read_whatever_stands_around_them() {
        let text = format!(
            "mail text\n{BLOCK}more text\n{}",
            BLOCK.replace('\n', "\r\n")
        );
        assert_eq!(
            public_key_blocks(&text).unwrap(),
            [b"hello world", b"hello world"]
        );
    }

    #[test]
    fn text_without_a_block_holds_no_key() {
        assert!(matches!(public_key_blocks("hello"), Err(KeyError::NoKey)));
        assert!(matches!(public_key_blocks(""), Err(KeyError::NoKey)));
    }

    #[test]
    fn secret_block_is_refused_before_it_is_decoded() {
        let text = BLOCK.replace("PUBLIC", "PRIVATE");
        assert!(matches!(public_key_blocks(&text), Err(KeyError::Secret)));
    }

    #[test]
    fn damaged_blocks_are_malformed() {
        for damaged in [
            BLOCK.replace("PUBLIC KEY BLOCK", "MESSAGE"),
            BLOCK.replace("\n\n", "\n"),
            BLOCK.replace("-----END PGP PUBLIC", "-----END PGP PRIVATE"),
            BLOCK.replace("aGVsbG8gd29ybGQ=", "aGVsb*8gd29ybGQ="),
            BLOCK[..60].to_owned(),
            BEGIN.to_owned(),
        ] {
            let result = public_key_blocks(&damaged);
            assert!(
                matches!(result, Err(KeyError::Malformed(_))),
                "{damaged}: {result:?}"
            );
        }
    }
}
