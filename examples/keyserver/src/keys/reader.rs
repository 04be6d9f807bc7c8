use pgp::{
    composed::{Deserializable, SignedPublicKey},
    packet::{Packet, PacketParser, PacketTrait},
    types::Tag,
};

use super::{Certificate, KeyError, Limits, armor, check::Checker};

/// Turns armored text from strangers into [`Certificate`]s.
///
/// # Examples
///
/// ```
/// use keyserver::keys::{Limits, Reader};
///
/// let reader = Reader::new(Limits::default());
/// assert!(reader.read("not a key").is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    limits: Limits,
}

/// What one text held.
#[derive(Debug)]
pub struct Submission {
    /// The certificates, at least one, checked.
    pub certificates: Vec<Certificate>,
    /// Signatures that were left out: third parties', which cannot be checked here, and those
    /// that do not verify.
    pub dropped: usize,
}

impl Reader {
    /// A reader that holds what it reads against `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Reads every certificate in `text` and verifies the signatures each made on itself.
    ///
    /// Takes processor time, up to [`Limits::max_check_time`] for a text that is made to: keep it off the threads
    /// that serve requests.
    ///
    /// # Errors
    ///
    /// A [`KeyError`] when any key in it is unusable: all of a submission is good, or none is.
    pub fn read(&self, text: &str) -> Result<Submission, KeyError> {
        let mut checker = Checker::new(&self.limits);
        let mut certificates = Vec::new();
        for block in armor::public_key_blocks(text)? {
            for key in parse(&block, &checker)? {
                let key = checker.check(key?)?;
                certificates.push(Certificate::new(key, &self.limits)?);
            }
        }
        if certificates.is_empty() {
            return Err(KeyError::NoKey);
        }
        Ok(Submission {
            certificates,
            dropped: checker.dropped(),
        })
    }
}

/// Packets that cannot be read are skipped: a key they were part of shows the damage when it is
/// checked, and one from the future still works without them.
fn parse(
    bytes: &[u8],
    checker: &Checker,
) -> Result<impl Iterator<Item = Result<SignedPublicKey, KeyError>> + use<>, KeyError> {
    let mut packets = Vec::new();
    let mut unreadable = None;
    for packet in PacketParser::new(bytes) {
        checker.may_go_on()?;
        match packet {
            Ok(packet) if is_secret(&packet) => return Err(KeyError::Secret),
            Ok(Packet::Marker(_) | Packet::Padding(_)) => {}
            Ok(packet) => packets.push(Ok(packet)),
            Err(error) => unreadable = unreadable.or(Some(error)),
        }
    }
    if !packets
        .iter()
        .flatten()
        .any(|packet| packet.tag() == Tag::PublicKey)
    {
        return Err(unreadable.map_or(KeyError::NoKey, KeyError::from));
    }
    let keys = SignedPublicKey::from_packets(packets.into_iter().peekable());
    Ok(keys.map(|key| key.map_err(KeyError::from)))
}

fn is_secret(packet: &Packet) -> bool {
    matches!(packet.tag(), Tag::SecretKey | Tag::SecretSubkey)
}

#[cfg(test)]
mod tests {
    use pgp::{
        composed::{ArmorOptions, SignedPublicKey},
        ser::Serialize,
        types::KeyDetails,
    };

    use super::*;
    use crate::keys::testing;

    fn read(text: &str) -> Result<Submission, KeyError> {
        Reader::new(Limits::default()).read(text)
    }

    fn fingerprints(submission: &Submission) -> Vec<String> {
        submission
            .certificates
            .iter()
            .map(|cert| cert.fingerprint().to_string())
            .collect()
    }

    #[test]
    fn keys_are_read_from_one_block_and_from_several() {
        let alice = testing::public(1, &["Alice"]);
        let bob = SignedPublicKey::from(testing::secret_v6(2, &["Bob"]));
        let expected = [
            alice.fingerprint().to_string(),
            bob.fingerprint().to_string(),
        ];

        let several = testing::armored(&alice) + &testing::armored(&bob);
        assert_eq!(fingerprints(&read(&several).unwrap()), expected);

        let one = [alice.to_bytes().unwrap(), bob.to_bytes().unwrap()].concat();
        assert_eq!(
            fingerprints(&read(&testing::armored_bytes(&one)).unwrap()),
            expected
        );
    }

    #[test]
    fn what_is_read_is_served_as_it_came() {
        let key = testing::public(
            1,
            &["Alice <alice@example.org>", "Alice <alice@example.com>"],
        );
        let submission = read(&testing::armored(&key)).unwrap();
        assert_eq!(submission.dropped, 0);
        assert_eq!(submission.certificates[0].armored(), testing::armored(&key));
    }

    #[test]
    fn secret_key_is_refused_under_either_name() {
        let secret = testing::secret(1, &["Alice"]);
        let honest = secret.to_armored_string(ArmorOptions::default()).unwrap();
        let disguised = testing::armored_bytes(&secret.to_bytes().unwrap());
        let mixed = testing::armored(&testing::public(2, &["Bob"])) + &disguised;
        for text in [honest, disguised, mixed] {
            assert!(matches!(read(&text), Err(KeyError::Secret)));
        }
    }

    #[test]
    fn one_bad_key_refuses_all_of_a_submission() {
        let good = testing::public(1, &["Alice"]);
        let mut bad = testing::public(2, &["Bob"]);
        bad.details.users = good.details.users.clone();
        let refused = read(&(testing::armored(&good) + &testing::armored(&bad))).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains(&format!("{:X}", bad.fingerprint())),
            "{refused}"
        );
    }

    #[test]
    fn garbage_in_armor_is_malformed_or_no_key() {
        for garbage in [
            &b""[..],
            b"hello world",
            &[0xff; 100],
            &[0x99, 0x01, 0x0d, 0x04],
        ] {
            let refused = read(&testing::armored_bytes(garbage)).unwrap_err();
            assert!(
                matches!(refused, KeyError::Malformed(_) | KeyError::NoKey),
                "{refused}"
            );
        }
    }

    #[test]
    fn mutated_key_is_refused_or_reduced_and_never_becomes_another() {
        let key = testing::public(
            1,
            &["Alice <alice@example.org>", "Alice <alice@example.com>"],
        );
        let original = key.to_bytes().unwrap();
        let fingerprint = key.fingerprint();
        let user_ids: Vec<_> = key.details.users.iter().map(|user| user.id.id()).collect();
        let (mut accepted, mut refused) = (0, 0);
        for seed in 0..200 {
            let bytes = testing::mutated(&original, seed);
            let Ok(submission) = read(&testing::armored_bytes(&bytes)) else {
                refused += 1;
                continue;
            };
            accepted += 1;
            for certificate in submission.certificates {
                assert_eq!(*certificate.fingerprint(), fingerprint, "seed {seed}");
                for id in certificate.user_ids() {
                    assert!(
                        user_ids.contains(&&*id.bytes),
                        "seed {seed}: {:?}",
                        id.bytes
                    );
                }
            }
        }
        assert!(
            accepted > 10 && refused > 10,
            "{accepted} accepted, {refused} refused"
        );
    }

    #[test]
    fn mutated_armor_is_refused_or_holds_the_same_key() {
        let key = testing::public(1, &["Alice"]);
        let text = testing::armored(&key);
        let mut refused = 0;
        for seed in 0..200 {
            let bytes = testing::mutated(text.as_bytes(), seed);
            match read(&String::from_utf8_lossy(&bytes)) {
                Ok(submission) => {
                    assert_eq!(fingerprints(&submission), [key.fingerprint().to_string()]);
                }
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 10, "{refused} refused");
    }
}
