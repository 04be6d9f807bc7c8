//! The file with the tokens that administration accepts.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::token::{Token, TokenError};

/// How many bytes a file of tokens may have.
const LONGEST: u64 = 64 * 1024;

/// How many characters a name may have.
const LONGEST_NAME: usize = 64;

/// A token and whose it is. The empty name is nobody's in particular.
#[derive(Clone, Debug)]
pub(super) struct NamedToken {
    pub(super) name: String,
    pub(super) token: Token,
}

/// Why a file of tokens is of no use. None of it quotes the file.
#[derive(Debug, Error)]
#[error("--admin-token-file `{}`: {why}", path.display())]
pub struct TokenFileError {
    path: PathBuf,
    why: Why,
}

#[derive(Debug, Error)]
enum Why {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("must not be longer than {LONGEST} bytes")]
    TooLong,
    #[error("holds no token: write one into each line, as `name:token`")]
    Empty,
    #[error("line {0}: {1}")]
    Token(usize, TokenError),
    #[error(
        "line {0}: a name must be one to {LONGEST_NAME} characters, none of them a control character"
    )]
    Name(usize),
    #[error("line {0}: the token is that of line {1}: give everybody their own")]
    Twice(usize, usize),
}

/// Reads a file of tokens. One that everybody on this machine can read is told of in the log.
pub(super) fn read(path: &Path) -> Result<Vec<NamedToken>, TokenFileError> {
    let tokens = text(path).and_then(|text| parse(&text));
    let tokens = tokens.map_err(|why| TokenFileError {
        path: path.to_owned(),
        why,
    })?;
    if is_open(path) {
        let file = path.display();
        tracing::warn!("everybody on this machine can read the tokens: run `chmod o-r {file}`");
    }
    Ok(tokens)
}

fn text(path: &Path) -> Result<String, Why> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(LONGEST + 1)
        .read_to_string(&mut text)?;
    if read as u64 > LONGEST {
        return Err(Why::TooLong);
    }
    Ok(text)
}

fn parse(text: &str) -> Result<Vec<NamedToken>, Why> {
    let mut found: Vec<(usize, NamedToken)> = Vec::new();
    let lines = text.lines().map(str::trim).zip(1..);
    for (line, number) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
        let (name, token) = match line.split_once(':') {
            Some((name, token)) => (name.trim(), token.trim()),
            None => ("", line),
        };
        let is_name = !name.is_empty() && name.chars().count() <= LONGEST_NAME;
        if line.contains(':') && (!is_name || name.contains(char::is_control)) {
            return Err(Why::Name(number));
        }
        let token: Token = token.parse().map_err(|error| Why::Token(number, error))?;
        let mut others = found.iter();
        if let Some((other, _)) = others.find(|(_, other)| other.token.reveal() == token.reveal()) {
            return Err(Why::Twice(number, *other));
        }
        let name = name.to_owned();
        found.push((number, NamedToken { name, token }));
    }
    if found.is_empty() {
        return Err(Why::Empty);
    }
    Ok(found.into_iter().map(|(_, token)| token).collect())
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    path.metadata().is_ok_and(|file| file.mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_a_name_and_a_token_or_a_token_alone() {
        let text = "# of the operators\nalice:s3cret\n\n  bob : a:b \nalone\r\nalice:next\n";
        let tokens = parse(text).unwrap();
        let tokens: Vec<_> = tokens
            .iter()
            .map(|token| (&*token.name, token.token.reveal()))
            .collect();
        let expected = [
            ("alice", "s3cret"),
            ("bob", "a:b"),
            ("", "alone"),
            ("alice", "next"),
        ];
        assert_eq!(tokens, expected);
    }

    #[test]
    fn what_is_no_token_is_refused_with_its_line_and_is_not_quoted() {
        let long = format!("{}:s3cret", "n".repeat(65));
        for (text, why) in [
            ("", "no token"),
            ("\n  \n# only a comment\n", "no token"),
            ("alice:s3cret\nbob:", "line 2: a token must be"),
            ("alice:s3 cret", "line 1: a token must be"),
            ("\u{fffd}s3cret", "line 1: a token must be"),
            (":s3cret", "line 1: a name must be"),
            ("al\u{1b}ice:s3cret", "line 1: a name must be"),
            (&long, "line 1: a name must be"),
            (
                "alice:s3cret\n#\nbob:s3cret",
                "line 3: the token is that of line 1",
            ),
        ] {
            let refused = parse(text).unwrap_err().to_string();
            assert!(refused.contains(why), "{text:?}: {refused}");
            assert!(!refused.contains("cret"), "{refused}");
        }
    }

    #[test]
    fn file_that_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let long = dir.path().join("long");
        std::fs::write(&long, "# much\n".repeat(10_000)).unwrap();
        let binary = dir.path().join("binary");
        std::fs::write(&binary, b"alice:\xff\xfe").unwrap();
        for (path, why) in [
            (dir.path().join("none"), "cannot be read"),
            (dir.path().to_owned(), "cannot be read"),
            (binary, "cannot be read"),
            (long, "must not be longer"),
        ] {
            let refused = read(&path).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
            assert!(refused.contains(&path.display().to_string()), "{refused}");
        }
    }
}
