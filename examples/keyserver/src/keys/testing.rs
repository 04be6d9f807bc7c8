//! Keys for the tests, freshly made.

use pgp::{
    armor::{self, BlockType},
    composed::{
        ArmorOptions, EncryptionCaps, KeyType, SecretKeyParamsBuilder, SignedPublicKey,
        SignedSecretKey, SubkeyParamsBuilder,
    },
    crypto::ecc_curve::ECCCurve,
    packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData},
    ser::Serialize,
    types::{KeyVersion, SigningKey},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// A version 4 key as GnuPG makes them, with a signing subkey on top.
pub(crate) fn secret(seed: u64, user_ids: &[&str]) -> SignedSecretKey {
    generate(
        seed,
        user_ids,
        KeyVersion::V4,
        &KeyType::Ed25519Legacy,
        &KeyType::ECDH(ECCCurve::Curve25519Legacy),
    )
}

pub(crate) fn secret_v6(seed: u64, user_ids: &[&str]) -> SignedSecretKey {
    generate(
        seed,
        user_ids,
        KeyVersion::V6,
        &KeyType::Ed25519,
        &KeyType::X25519,
    )
}

fn generate(
    seed: u64,
    user_ids: &[&str],
    version: KeyVersion,
    signing: &KeyType,
    encryption: &KeyType,
) -> SignedSecretKey {
    let subkey = |kind: &KeyType| {
        let mut subkey = SubkeyParamsBuilder::default();
        subkey.version(version).key_type(kind.clone());
        subkey
    };
    let sign = subkey(signing).can_sign(true).build().unwrap();
    let encrypt = subkey(encryption)
        .can_encrypt(EncryptionCaps::All)
        .build()
        .unwrap();
    let mut key = SecretKeyParamsBuilder::default();
    key.version(version)
        .key_type(signing.clone())
        .can_certify(true)
        .subkeys(vec![encrypt, sign]);
    if let Some((primary, others)) = user_ids.split_first() {
        key.primary_user_id((*primary).to_owned());
        others.iter().for_each(|id| {
            key.user_id(*id);
        });
    }
    key.build()
        .unwrap()
        .generate(StdRng::seed_from_u64(seed))
        .unwrap()
}

pub(crate) fn public(seed: u64, user_ids: &[&str]) -> SignedPublicKey {
    secret(seed, user_ids).into()
}

pub(crate) fn armored(key: &SignedPublicKey) -> String {
    key.to_armored_string(ArmorOptions::default()).unwrap()
}

/// A signature to be made by `signer`, with the least in it that names the signer.
pub(crate) fn signature(signer: &impl SigningKey, typ: SignatureType) -> SignatureConfig {
    let rng = StdRng::seed_from_u64(7);
    let mut config = SignatureConfig::from_key(rng, signer, typ).unwrap();
    config.hashed_subpackets = vec![subpacket(SubpacketData::IssuerFingerprint(
        signer.fingerprint(),
    ))];
    config
}

pub(crate) fn subpacket(data: SubpacketData) -> Subpacket {
    Subpacket::regular(data).unwrap()
}

/// Any bytes, in the armor of a public key.
pub(crate) fn armored_bytes(bytes: &[u8]) -> String {
    struct Raw<'a>(&'a [u8]);
    impl Serialize for Raw<'_> {
        fn to_writer<W: std::io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
            Ok(writer.write_all(self.0)?)
        }
        fn write_len(&self) -> usize {
            self.0.len()
        }
    }
    let mut text = Vec::new();
    armor::write(&Raw(bytes), BlockType::PublicKey, &mut text, None, true).unwrap();
    String::from_utf8(text).unwrap()
}

/// `bytes` with one to four random changes, the same for the same `seed`.
pub(crate) fn mutated(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.gen_range(1..=4) {
        let at = rng.gen_range(0..bytes.len());
        let end = rng.gen_range(at..=bytes.len().min(at + 64));
        match rng.gen_range(0..6) {
            0 | 1 => bytes[at] ^= 1 << rng.gen_range(0..8),
            2 => bytes[at] = rng.r#gen(),
            3 => drop(bytes.drain(at..end)),
            4 => bytes.extend_from_within(at..end),
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}
