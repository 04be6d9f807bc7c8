use pgp::{ser::Serialize, types::PublicParams};

/// The size of a key in bits, as key servers print it; 0 where it is not known.
pub(super) fn bits(params: &PublicParams) -> u16 {
    match params {
        // On the wire these start with the number that gives the key its size, and that one with
        // its length in bits.
        PublicParams::RSA(_) | PublicParams::DSA(_) | PublicParams::Elgamal(_) => {
            match params.to_bytes().as_deref() {
                Ok([high, low, ..]) => u16::from_be_bytes([*high, *low]),
                _ => 0,
            }
        }
        PublicParams::ECDSA(params) => params.curve().nbits(),
        PublicParams::ECDH(params) => params.curve().nbits(),
        PublicParams::EdDSALegacy(params) => params.curve().nbits(),
        PublicParams::Ed25519(_) | PublicParams::X25519(_) => 255,
        PublicParams::Ed448(_) | PublicParams::X448(_) => 448,
        _ => 0,
    }
}
