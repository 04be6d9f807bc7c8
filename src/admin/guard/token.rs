use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::Scope;

/// The tokens that are accepted, as their digests.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    accepted: Vec<([u8; 32], Scope)>,
}

impl Tokens {
    /// Accepts one more. The empty token is nobody's.
    pub(crate) fn accept(&mut self, token: &[u8], scope: Scope) {
        if !token.is_empty() {
            self.accepted.push((digest(token), scope));
        }
    }

    /// What a token is good for. How long this takes tells nothing about the accepted ones: digests
    /// have one length, none can be approached byte by byte, and all of them are looked at.
    pub(crate) fn scope(&self, token: &[u8]) -> Option<Scope> {
        let token = digest(token);
        self.accepted.iter().fold(None, |found, (accepted, scope)| {
            let matches: Choice = accepted.ct_eq(&token);
            if bool::from(matches) {
                found.max(Some(*scope))
            } else {
                found
            }
        })
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("accepted", &self.accepted.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_tokens_are_accepted_each_for_its_scope() {
        let mut tokens = Tokens::default();
        tokens.accept(b"read", Scope::Read);
        tokens.accept(b"write", Scope::Write);
        tokens.accept(b"both", Scope::Write);
        tokens.accept(b"both", Scope::Read);
        assert_eq!(tokens.scope(b"read"), Some(Scope::Read));
        assert_eq!(tokens.scope(b"write"), Some(Scope::Write));
        assert_eq!(tokens.scope(b"both"), Some(Scope::Write));
        for other in [&b""[..], b"rea", b"readx", b"READ", b"read "] {
            assert_eq!(tokens.scope(other), None);
        }
    }

    #[test]
    fn empty_token_is_never_accepted() {
        let mut tokens = Tokens::default();
        tokens.accept(b"", Scope::Write);
        assert_eq!(tokens.scope(b""), None);
    }
}
