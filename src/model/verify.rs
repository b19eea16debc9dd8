//! Does a signature check? Asked of every signature a token makes: cards answer CKR_OK and give bad ones.
//!
//! The host's own arithmetic, apart from the TLS stack, so that SHA-1, SHA-224, any hash on any curve and a wrong
//! salt can be told apart. Public values only: nothing here needs to run in constant time.

use ecdsa::signature::hazmat::PrehashVerifier;
use num_bigint::BigUint;

use super::emsa;
use super::hash::Hash;
use super::key_type::Curve;
use super::public_key::PublicKey;
use super::scheme::{Kind, Scheme};

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It doesn't check.
    #[error("the signature does not verify")]
    Bad,
    /// The scheme is for another type of key.
    #[error("the scheme is for another type of key")]
    WrongKeyType,
    /// cardcheck has no verifier for this curve or algorithm.
    #[error("no verifier for this algorithm")]
    Unsupported,
}

/// Checks `signature`, in TLS' encoding, by `key` with `scheme` over `message`, which is not hashed yet.
///
/// # Errors
/// [`VerifyError::Bad`], or why it could not be told.
pub fn verify(
    key: &PublicKey,
    scheme: Scheme,
    message: &[u8],
    signature: &[u8],
) -> Result<(), VerifyError> {
    let good = match (scheme.kind(), key) {
        (
            Kind::RsaPkcs1(hash),
            PublicKey::Rsa {
                modulus, exponent, ..
            },
        ) => pkcs1(modulus, exponent, hash, message, signature),
        (
            Kind::RsaPssRsae(hash) | Kind::RsaPssPss(hash),
            PublicKey::Rsa {
                modulus, exponent, ..
            },
        ) => pss(modulus, exponent, hash, message, signature),
        (Kind::Ecdsa { hash, .. }, PublicKey::Ec { curve, point }) => {
            ecdsa_sig(*curve, point, &hash.digest(message), signature)?
        }
        (Kind::Ed25519, PublicKey::Ed25519(key)) => ed25519(key, message, signature),
        (Kind::Ed448, PublicKey::Ed448(_)) | (Kind::MlDsa, PublicKey::Other(_)) => {
            return Err(VerifyError::Unsupported);
        }
        (Kind::Dsa | Kind::Unknown, _) => return Err(VerifyError::Unsupported),
        _ => return Err(VerifyError::WrongKeyType),
    };
    if good { Ok(()) } else { Err(VerifyError::Bad) }
}

/// RSAVP1 (RFC 8017 §5.2.2): the encoded message, as long as the modulus; `None` if the signature's length is wrong.
pub fn rsa_recover(modulus: &[u8], exponent: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let n = BigUint::from_bytes_be(modulus);
    let s = BigUint::from_bytes_be(signature);
    if signature.len() != modulus.len() || s >= n || n.bits() < 2 {
        return None;
    }
    let em = power(&s, exponent, &n).to_bytes_be();
    let mut padded = vec![0; modulus.len().checked_sub(em.len())?];
    padded.extend(em);
    Some(padded)
}

/// Square and multiply. Public exponents are short, nearly always 65537, for which `modpow`'s table costs more than it saves.
fn power(base: &BigUint, exponent: &[u8], modulus: &BigUint) -> BigUint {
    let mut result = BigUint::from(1u8);
    for bit in exponent
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1))
    {
        result = &result * &result % modulus;
        if bit == 1 {
            result = result * base % modulus;
        }
    }
    result
}

fn pkcs1(modulus: &[u8], exponent: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let expected = emsa::pkcs1_encode(hash, &hash.digest(message), modulus.len());
    matches!((rsa_recover(modulus, exponent, signature), expected), (Some(em), Ok(expected)) if em == expected)
}

fn pss(modulus: &[u8], exponent: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    rsa_recover(modulus, exponent, signature)
        .is_some_and(|em| emsa::pss_check(hash, &hash.digest(message), &em, bits(modulus)))
}

/// Bits of an RSA modulus.
pub(super) fn bits(modulus: &[u8]) -> usize {
    usize::try_from(BigUint::from_bytes_be(modulus).bits()).unwrap_or_default()
}

fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = key
        .try_into()
        .ok()
        .and_then(|key| ed25519_dalek::VerifyingKey::from_bytes(key).ok());
    let signature = ed25519_dalek::Signature::from_slice(signature);
    matches!((key, signature), (Some(key), Ok(signature)) if key.verify_strict(message, &signature).is_ok())
}

/// One curve: SEC 1 point, digest padded to the order's length, r||s.
macro_rules! ecdsa_on {
    ($curve:ty, $point:expr, $digest:expr, $raw:expr) => {{
        let key = ecdsa::VerifyingKey::<$curve>::from_sec1_bytes($point);
        let signature = ecdsa::Signature::<$curve>::from_slice($raw);
        matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash($digest, &signature).is_ok())
    }};
}

fn ecdsa_sig(
    curve: Curve,
    point: &[u8],
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, VerifyError> {
    let number = emsa::ecdsa_truncate(digest, curve.order_len());
    ecdsa_number(curve, point, number, signature)
}

/// ECDSA over a number that is no longer than the order, whatever it was made of.
pub(super) fn ecdsa_number(
    curve: Curve,
    point: &[u8],
    number: &[u8],
    signature: &[u8],
) -> Result<bool, VerifyError> {
    let len = curve.order_len();
    let padding = len.checked_sub(number.len());
    let (Some(raw), Some(padding)) = (emsa::ecdsa_from_der(signature, len), padding) else {
        return Ok(false);
    };
    // The crates refuse a digest much shorter than the order; zeros in front don't change its number.
    let padded = [vec![0; padding].as_slice(), number].concat();
    match curve {
        Curve::P256 => Ok(ecdsa_on!(p256::NistP256, point, &padded, &raw)),
        Curve::P384 => Ok(ecdsa_on!(p384::NistP384, point, &padded, &raw)),
        Curve::P521 => Ok(ecdsa_on!(p521::NistP521, point, &padded, &raw)),
        Curve::BrainpoolP256r1 => Ok(ecdsa_on!(bp256::BrainpoolP256r1, point, &padded, &raw)),
        Curve::BrainpoolP384r1 => Ok(ecdsa_on!(bp384::BrainpoolP384r1, point, &padded, &raw)),
        Curve::BrainpoolP512r1 => Err(VerifyError::Unsupported),
    }
}

/// The order of the curve's group, big-endian; `None` where cardcheck has no verifier for the curve.
pub(super) fn order(curve: Curve) -> Option<Vec<u8>> {
    use ecdsa::elliptic_curve::Curve as Group;
    Some(match curve {
        Curve::P256 => p256::NistP256::ORDER.to_be_bytes().to_vec(),
        Curve::P384 => p384::NistP384::ORDER.to_be_bytes().to_vec(),
        Curve::P521 => p521::NistP521::ORDER.to_be_bytes().to_vec(),
        Curve::BrainpoolP256r1 => bp256::BrainpoolP256r1::ORDER.to_be_bytes().to_vec(),
        Curve::BrainpoolP384r1 => bp384::BrainpoolP384r1::ORDER.to_be_bytes().to_vec(),
        Curve::BrainpoolP512r1 => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};

    const MESSAGE: &[u8] = b"what the CertificateVerify covers";

    fn rsa() -> (RsaKeyPair, PublicKey) {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        let exponent = public.exponent().big_endian_without_leading_zero().to_vec();
        (pair, PublicKey::rsa(&modulus, &exponent, false))
    }

    /// Signatures made by another implementation check, and only for their own scheme and message.
    fn holds(key: &PublicKey, scheme: Scheme, signature: &[u8]) {
        assert_eq!(verify(key, scheme, MESSAGE, signature), Ok(()), "{scheme}");
        assert_eq!(
            verify(key, scheme, b"else", signature),
            Err(VerifyError::Bad)
        );
        let mut flipped = signature.to_vec();
        *flipped.last_mut().unwrap() ^= 1;
        assert_eq!(
            verify(key, scheme, MESSAGE, &flipped),
            Err(VerifyError::Bad)
        );
        assert_eq!(verify(key, scheme, MESSAGE, &[]), Err(VerifyError::Bad));
    }

    #[test]
    fn rsa_signatures_of_another_implementation_check() {
        let (pair, key) = rsa();
        let paddings: [(u16, &dyn lc::RsaEncoding); 6] = [
            (0x0401, &lc::RSA_PKCS1_SHA256),
            (0x0501, &lc::RSA_PKCS1_SHA384),
            (0x0601, &lc::RSA_PKCS1_SHA512),
            (0x0804, &lc::RSA_PSS_SHA256),
            (0x0805, &lc::RSA_PSS_SHA384),
            (0x0806, &lc::RSA_PSS_SHA512),
        ];
        for (code, padding) in paddings {
            let mut signature = vec![0; 256];
            pair.sign(padding, &SystemRandom::new(), MESSAGE, &mut signature)
                .unwrap();
            holds(&key, Scheme(code), &signature);
        }
    }

    #[test]
    fn ecdsa_signatures_of_another_implementation_check() {
        let curves: [(u16, Curve, &lc::EcdsaSigningAlgorithm); 4] = [
            (0x0403, Curve::P256, &lc::ECDSA_P256_SHA256_ASN1_SIGNING),
            (0x0503, Curve::P384, &lc::ECDSA_P384_SHA384_ASN1_SIGNING),
            (0x0603, Curve::P521, &lc::ECDSA_P521_SHA512_ASN1_SIGNING),
            // a digest shorter than the order, which TLS 1.2 allows
            (0x0403, Curve::P521, &lc::ECDSA_P521_SHA256_ASN1_SIGNING),
        ];
        for (code, curve, algorithm) in curves {
            let pair = EcdsaKeyPair::generate(algorithm).unwrap();
            let point = pair.public_key().as_ref().to_vec();
            let signature = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
            holds(
                &PublicKey::Ec { curve, point },
                Scheme(code),
                signature.as_ref(),
            );
        }
    }

    #[test]
    fn ed25519_signatures_of_another_implementation_check() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = PublicKey::Ed25519(pair.public_key().as_ref().to_vec());
        holds(&key, Scheme(0x0807), pair.sign(MESSAGE).as_ref());
    }

    #[test]
    fn a_scheme_for_another_type_of_key_is_told_apart_from_a_bad_signature() {
        let (_, key) = rsa();
        assert_eq!(
            verify(&key, Scheme(0x0403), MESSAGE, &[0; 64]),
            Err(VerifyError::WrongKeyType)
        );
        assert_eq!(
            verify(&key, Scheme(0x0402), MESSAGE, &[0; 64]),
            Err(VerifyError::Unsupported)
        );
    }

    #[test]
    fn hostile_numbers_are_refused_without_a_panic() {
        let zero = PublicKey::rsa(&[0], &[0], false);
        assert_eq!(
            verify(&zero, Scheme(0x0401), MESSAGE, &[]),
            Err(VerifyError::Bad)
        );
        let even = PublicKey::rsa(&[4, 0], &[3], false);
        assert_eq!(
            verify(&even, Scheme(0x0804), MESSAGE, &[1, 1]),
            Err(VerifyError::Bad)
        );
        let off_curve = PublicKey::Ec {
            curve: Curve::P256,
            point: vec![4; 65],
        };
        assert_eq!(
            verify(&off_curve, Scheme(0x0403), MESSAGE, &[0x30, 0]),
            Err(VerifyError::Bad)
        );
    }
}
