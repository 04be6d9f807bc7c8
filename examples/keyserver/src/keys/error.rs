use thiserror::Error;

/// Why a submission was refused. Nothing of a refused submission is kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no armored block in the text, or no key in the block.
    #[error("there is no public key in it: send one exported with `gpg --armor --export`")]
    NoKey,
    /// The block is not what its first line says, or is not OpenPGP at all.
    #[error("the key cannot be read: {0}")]
    Malformed(String),
    /// Secret key material, which does not belong on a key server.
    #[error("this is a secret key: keep it to yourself and send the public key")]
    Secret,
    /// A key version that is no longer, or not yet, in use.
    #[error("key {fingerprint} is of version {version}: only versions 4 and 6 are taken")]
    Version {
        /// The key it is about.
        fingerprint: String,
        /// Its version.
        version: u8,
    },
    /// No user id carries a self-signature that verifies.
    #[error("key {fingerprint} has no user id with a signature of its own that can be verified")]
    NoUserId {
        /// The key it is about.
        fingerprint: String,
    },
    /// One of [`Limits`](super::Limits) was met by a key.
    #[error(
        "key {fingerprint} has more than {limit}: export it with `--export-options export-minimal`"
    )]
    TooBig {
        /// The key it is about.
        fingerprint: String,
        /// The limit, in words.
        limit: String,
    },
    /// More self-signatures than are verified for one submission.
    #[error("more than {0} signatures to check: send fewer keys at a time")]
    TooManySignatures(usize),
    /// Checking took longer than it may.
    #[error("checking takes too long: send fewer keys at a time")]
    TooSlow,
    /// The store holds as much as it may.
    #[error("the key server is full: use another one")]
    Full,
}

impl KeyError {
    /// Whether the key was fine and the server had no room for it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full)
    }
}

impl From<pgp::errors::Error> for KeyError {
    fn from(error: pgp::errors::Error) -> Self {
        // This one prints its source as for a programmer, with all it contains.
        if let pgp::errors::Error::InvalidPacketContent { source } = error {
            return Self::from(*source);
        }
        Self::Malformed(error.to_string())
    }
}

/// Why a search was refused.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum QueryError {
    /// Nothing to search for.
    #[error("search is empty: give a fingerprint, a key id or a part of a user id")]
    Empty,
    /// `0x` and something that is no fingerprint and no key id.
    #[error("{0:?} is no key id: after 0x come 8, 16, 40 or 64 hexadecimal digits")]
    NotAKeyId(String),
    /// More certificates match than one answer may hold.
    #[error("more than {0} keys match: search for something more precise")]
    TooMany(usize),
}
