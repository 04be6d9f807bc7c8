use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::{Client, Scope};
use crate::admin::Actor;

/// The tokens that are accepted, as their digests.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    accepted: Vec<([u8; 32], Client)>,
}

impl Tokens {
    /// Accepts one more, of somebody who may be named. The empty token is nobody's.
    pub(crate) fn accept(&mut self, name: &str, token: &[u8], scope: Scope) {
        if token.is_empty() {
            return;
        }
        let actor = match name {
            "" => Actor::unnamed(),
            name => Actor::new(name),
        };
        self.accepted.push((digest(token), Client { scope, actor }));
    }

    /// Whose a token is, and what it is good for: the most, where it is accepted more than once.
    /// How long this takes tells nothing about the accepted ones: digests have one length, none can
    /// be approached byte by byte, and all of them are looked at.
    pub(crate) fn client(&self, token: &[u8]) -> Option<&Client> {
        let token = digest(token);
        self.accepted
            .iter()
            .fold(None, |found: Option<&Client>, (accepted, client)| {
                let matches: Choice = accepted.ct_eq(&token);
                let is_more = found.is_none_or(|found| found.scope < client.scope);
                if bool::from(matches) && is_more {
                    Some(client)
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

    fn found<'a>(tokens: &'a Tokens, token: &[u8]) -> Option<(&'a str, Scope)> {
        let client = tokens.client(token)?;
        Some((client.actor.name(), client.scope))
    }

    #[test]
    fn only_whole_tokens_are_accepted_each_for_its_scope() {
        let mut tokens = Tokens::default();
        tokens.accept("", b"read", Scope::Read);
        tokens.accept("", b"write", Scope::Write);
        assert_eq!(found(&tokens, b"read"), Some(("admin", Scope::Read)));
        assert_eq!(found(&tokens, b"write"), Some(("admin", Scope::Write)));
        for other in [&b""[..], b"rea", b"readx", b"READ", b"read "] {
            assert_eq!(found(&tokens, other), None);
        }
    }

    #[test]
    fn token_that_is_accepted_twice_is_good_for_the_most_in_that_name() {
        let mut tokens = Tokens::default();
        tokens.accept("board", b"both", Scope::Read);
        tokens.accept("alice", b"both", Scope::Write);
        tokens.accept("bob", b"both", Scope::Write);
        tokens.accept("board", b"both", Scope::Read);
        assert_eq!(found(&tokens, b"both"), Some(("alice", Scope::Write)));
    }

    #[test]
    fn empty_token_is_never_accepted() {
        let mut tokens = Tokens::default();
        tokens.accept("nobody", b"", Scope::Write);
        assert_eq!(found(&tokens, b""), None);
    }
}
