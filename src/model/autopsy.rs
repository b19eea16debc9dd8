//! What is wrong with a signature that doesn't check: told by making the mistakes that tokens are known for.

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

use super::emsa;
use super::hash::Hash;
use super::key_type::Curve;
use super::public_key::PublicKey;
use super::scheme::{Kind, Scheme};
use super::verify::{self, ecdsa_number, rsa_recover};

/// A mistake that was recognised: with it, and only with it, the signature checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flaw {
    /// PKCS1 padding round the bare hash, where a DigestInfo is due (RFC 8017 §9.2 step 2).
    BareHash,
    /// PSS with a salt of so many bytes, where TLS wants one as long as the hash (RFC 8446 §4.2.3).
    SaltLength(u16),
    /// PKCS1 where PSS was asked for, or the other way round.
    OtherPadding,
    /// Right but for the hash, which is this one.
    OtherHash(Hash),
    /// ECDSA's two numbers in DER, where PKCS#11 wants them side by side (PKCS#11 2.40 §2.3.1).
    DerNotRaw,
    /// ECDSA over a hash that was not brought to the curve's length as it should be (FIPS 186-5 §6.4.1).
    HashMisfit,
}

impl Flaw {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Flaw::BareHash => "bare_hash",
            Flaw::SaltLength(_) => "salt_length",
            Flaw::OtherPadding => "other_padding",
            Flaw::OtherHash(_) => "other_hash",
            Flaw::DerNotRaw => "der_not_raw",
            Flaw::HashMisfit => "hash_misfit",
        }
    }

    /// What was done, in a few words.
    pub fn in_words(self) -> String {
        match self {
            Flaw::BareHash => "the hash is padded without its DigestInfo".into(),
            Flaw::SaltLength(len) => format!("the PSS salt has {len} bytes"),
            Flaw::OtherPadding => "it has the other padding, PKCS1 for PSS or PSS for PKCS1".into(),
            Flaw::OtherHash(hash) => format!("it is made over {}", hash.name()),
            Flaw::DerNotRaw => "its two numbers were encoded twice".into(),
            Flaw::HashMisfit => "the hash was not brought to the curve's length".into(),
        }
    }

    /// The salt's bytes, where that is the flaw.
    pub fn salt_length(self) -> Option<u16> {
        match self {
            Flaw::SaltLength(len) => Some(len),
            _ => None,
        }
    }
}

/// What is wrong with `signature`, in TLS' encoding, by `key` with `scheme` over `message`; `None`: no mistake known here.
pub fn autopsy(key: &PublicKey, scheme: Scheme, message: &[u8], signature: &[u8]) -> Option<Flaw> {
    match (scheme.kind(), key) {
        (
            Kind::RsaPkcs1(hash),
            PublicKey::Rsa {
                modulus, exponent, ..
            },
        ) => pkcs1(&Block::of(modulus, exponent, message, signature)?, hash),
        (
            Kind::RsaPssRsae(hash) | Kind::RsaPssPss(hash),
            PublicKey::Rsa {
                modulus, exponent, ..
            },
        ) => pss(&Block::of(modulus, exponent, message, signature)?, hash),
        (Kind::Ecdsa { hash, .. }, PublicKey::Ec { curve, point }) => {
            let checks = |number: &[u8]| ecdsa_number(*curve, point, number, signature) == Ok(true);
            ecdsa(*curve, hash, message, checks)
        }
        _ => None,
    }
}

/// The block that an RSA signature holds.
struct Block<'a> {
    em: Vec<u8>,
    bits: usize,
    message: &'a [u8],
}

impl<'a> Block<'a> {
    fn of(
        modulus: &[u8],
        exponent: &[u8],
        message: &'a [u8],
        signature: &[u8],
    ) -> Option<Block<'a>> {
        Some(Block {
            em: rsa_recover(modulus, exponent, signature)?,
            bits: verify::bits(modulus),
            message,
        })
    }

    /// What lies in PKCS1 padding (RFC 8017 §9.2 step 5).
    fn in_pkcs1(&self) -> Option<&[u8]> {
        let padded = self.em.strip_prefix(&[0x00, 0x01])?;
        let filling = padded.iter().take_while(|byte| **byte == 0xff).count();
        padded.get(filling..)?.strip_prefix(&[0x00])
    }

    fn is_pkcs1(&self, hash: Hash) -> bool {
        let due = emsa::digest_info(hash, &hash.digest(self.message));
        matches!((self.in_pkcs1(), due), (Some(found), Ok(due)) if found == due)
    }

    fn salt_len(&self, hash: Hash) -> Option<usize> {
        emsa::pss_salt_len(hash, &hash.digest(self.message), &self.em, self.bits)
    }

    fn is_pss(&self, hash: Hash) -> bool {
        self.salt_len(hash).is_some()
    }
}

fn pkcs1(block: &Block<'_>, hash: Hash) -> Option<Flaw> {
    if block.in_pkcs1() == Some(&hash.digest(block.message)) {
        return Some(Flaw::BareHash);
    }
    let other = other_hash(hash, |hash| block.is_pkcs1(hash));
    other.or_else(|| block.is_pss(hash).then_some(Flaw::OtherPadding))
}

fn pss(block: &Block<'_>, hash: Hash) -> Option<Flaw> {
    if let Some(len) = block.salt_len(hash) {
        let wrong = Some(len).filter(|len| *len != hash.digest_len());
        return Some(Flaw::SaltLength(u16::try_from(wrong?).ok()?));
    }
    let other = other_hash(hash, |hash| block.is_pss(hash));
    other.or_else(|| block.is_pkcs1(hash).then_some(Flaw::OtherPadding))
}

fn ecdsa(curve: Curve, hash: Hash, message: &[u8], checks: impl Fn(&[u8]) -> bool) -> Option<Flaw> {
    let digest = hash.digest(message);
    if misfits(curve, &digest).iter().any(|number| checks(number)) {
        return Some(Flaw::HashMisfit);
    }
    let fitted =
        |hash: Hash| emsa::ecdsa_truncate(&hash.digest(message), curve.order_len()).to_vec();
    other_hash(hash, |hash| checks(&fitted(hash)))
}

/// What a digest may become on the way to the curve's length, but should not.
fn misfits(curve: Curve, digest: &[u8]) -> Vec<Vec<u8>> {
    let len = curve.order_len();
    match digest.len().checked_sub(len) {
        // all of it, divided by the order; or its last bytes instead of its first
        Some(longer) if longer > 0 => {
            let last = digest.get(longer..).map(<[u8]>::to_vec);
            whole(curve, digest).into_iter().chain(last).collect()
        }
        Some(_) => Vec::new(),
        // zeros behind it instead of in front
        None => {
            let mut filled = digest.to_vec();
            filled.resize(len, 0);
            vec![filled]
        }
    }
}

fn whole(curve: Curve, digest: &[u8]) -> Option<Vec<u8>> {
    let order = BigUint::from_bytes_be(&verify::order(curve)?);
    Some((BigUint::from_bytes_be(digest) % order).to_bytes_be())
}

fn other_hash(asked: Hash, checks: impl Fn(Hash) -> bool) -> Option<Flaw> {
    let others = Hash::ALL.into_iter().filter(|hash| *hash != asked);
    others
        .into_iter()
        .find(|hash| checks(*hash))
        .map(Flaw::OtherHash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{self as lc, KeyPair, RsaKeyPair};
    use ecdsa::signature::hazmat::PrehashSigner;

    const MESSAGE: &[u8] = b"what the CertificateVerify covers";
    const PKCS1: Scheme = Scheme(0x0401);
    const PSS: Scheme = Scheme(0x0804);

    /// A key whose private exponent is at hand, so that a test can sign any block with it.
    struct Rsa {
        public: PublicKey,
        modulus: BigUint,
        private: BigUint,
    }

    impl Rsa {
        /// A modulus of 1024 bits made of two well-known primes: 2^521 - 1, and the order of P-521's group.
        fn new() -> Rsa {
            let one = BigUint::from(1_u8);
            let p = (&one << 521_u32) - &one;
            let q = BigUint::from_bytes_be(&verify::order(Curve::P521).unwrap());
            let totient = (&p - &one) * (&q - &one);
            let exponent = BigUint::from(65537_u32);
            let modulus = p * q;
            Rsa {
                public: PublicKey::rsa(&modulus.to_bytes_be(), &exponent.to_bytes_be(), false),
                private: exponent.modinv(&totient).unwrap(),
                modulus,
            }
        }

        fn bits(&self) -> usize {
            usize::try_from(self.modulus.bits()).unwrap()
        }

        fn sign(&self, em: &[u8]) -> Vec<u8> {
            let signature = BigUint::from_bytes_be(em).modpow(&self.private, &self.modulus);
            let signature = signature.to_bytes_be();
            let mut padded = vec![0; self.bits().div_ceil(8) - signature.len()];
            padded.extend(signature);
            padded
        }

        fn told(&self, scheme: Scheme, em: &[u8]) -> Option<Flaw> {
            autopsy(&self.public, scheme, MESSAGE, &self.sign(em))
        }

        fn pss(&self, hash: Hash, salt: usize) -> Vec<u8> {
            emsa::pss_encode(hash, &hash.digest(MESSAGE), &vec![7; salt], self.bits()).unwrap()
        }

        fn pkcs1(&self, hash: Hash) -> Vec<u8> {
            emsa::pkcs1_encode(hash, &hash.digest(MESSAGE), self.bits().div_ceil(8)).unwrap()
        }
    }

    #[test]
    fn a_hash_without_its_digest_info_is_told() {
        let rsa = Rsa::new();
        let digest = Hash::Sha256.digest(MESSAGE);
        let mut em = vec![0xff; rsa.bits().div_ceil(8)];
        em[..2].copy_from_slice(&[0, 1]);
        let at = em.len() - digest.len();
        em[at - 1] = 0;
        em[at..].copy_from_slice(&digest);
        assert_eq!(rsa.told(PKCS1, &em), Some(Flaw::BareHash));
        assert_eq!(rsa.told(Scheme(0x0501), &em), None);
    }

    #[test]
    fn the_length_of_a_wrong_salt_is_told() {
        let rsa = Rsa::new();
        for len in [0_u8, 20, 90] {
            let told = rsa.told(PSS, &rsa.pss(Hash::Sha256, len.into()));
            let len = u16::from(len);
            assert_eq!(told, Some(Flaw::SaltLength(len)));
        }
    }

    #[test]
    fn another_padding_and_another_hash_are_told_apart() {
        let rsa = Rsa::new();
        let pkcs1 = rsa.pkcs1(Hash::Sha256);
        let pss = rsa.pss(Hash::Sha256, 32);
        assert_eq!(rsa.told(PSS, &pkcs1), Some(Flaw::OtherPadding));
        assert_eq!(rsa.told(PKCS1, &pss), Some(Flaw::OtherPadding));
        let sha256 = Some(Flaw::OtherHash(Hash::Sha256));
        assert_eq!(rsa.told(Scheme(0x0501), &pkcs1), sha256);
        assert_eq!(rsa.told(Scheme(0x0805), &pss), sha256);
    }

    #[test]
    fn a_signature_that_checks_and_one_of_unknown_cause_have_no_flaw() {
        let rsa = Rsa::new();
        assert_eq!(rsa.told(PSS, &rsa.pss(Hash::Sha256, 32)), None);
        assert_eq!(rsa.told(PKCS1, &rsa.pkcs1(Hash::Sha256)), None);
        assert_eq!(rsa.told(PSS, &[1; 100]), None);
        assert_eq!(autopsy(&rsa.public, PSS, MESSAGE, &[]), None);
        assert_eq!(
            autopsy(&rsa.public, Scheme(0x0403), MESSAGE, &[1; 64]),
            None
        );
    }

    #[test]
    fn another_implementation_s_signature_is_read_alike() {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let key = PublicKey::rsa(
            public.modulus().big_endian_without_leading_zero(),
            public.exponent().big_endian_without_leading_zero(),
            false,
        );
        let mut signature = vec![0; 256];
        pair.sign(
            &lc::RSA_PSS_SHA384,
            &SystemRandom::new(),
            MESSAGE,
            &mut signature,
        )
        .unwrap();
        let told = |scheme| autopsy(&key, Scheme(scheme), MESSAGE, &signature);
        assert_eq!(told(0x0804), Some(Flaw::OtherHash(Hash::Sha384)));
        assert_eq!(told(0x0501), Some(Flaw::OtherPadding));
        assert_eq!(told(0x0805), None);
    }

    /// A P-384 key's signature over a number that a token made of a digest.
    fn over(number: &[u8]) -> (PublicKey, Vec<u8>) {
        let secret = ecdsa::SigningKey::<p384::NistP384>::from_slice(&[7; 48]).unwrap();
        let signature: ecdsa::Signature<p384::NistP384> = secret.sign_prehash(number).unwrap();
        let point = secret.verifying_key().to_sec1_point(false);
        let key = PublicKey::Ec {
            curve: Curve::P384,
            point: point.as_bytes().to_vec(),
        };
        let der = emsa::ecdsa_to_der(&signature.to_bytes(), 48).unwrap();
        (key, der)
    }

    fn told(number: &[u8], scheme: u16) -> Option<Flaw> {
        let (key, signature) = over(number);
        autopsy(&key, Scheme(scheme), MESSAGE, &signature)
    }

    #[test]
    fn a_hash_brought_to_the_curve_s_length_in_a_wrong_way_is_told() {
        let long = Hash::Sha512.digest(MESSAGE);
        let short = Hash::Sha256.digest(MESSAGE);
        let misfit = Some(Flaw::HashMisfit);
        assert_eq!(told(&long[16..], 0x0603), misfit, "the last bytes");
        let whole = whole(Curve::P384, &long).unwrap();
        assert_eq!(told(&whole, 0x0603), misfit, "all of it");
        let behind = [short.as_slice(), &[0; 16]].concat();
        assert_eq!(told(&behind, 0x0403), misfit, "zeros behind");
    }

    #[test]
    fn a_hash_that_fits_is_no_misfit_and_another_one_is_named() {
        let long = Hash::Sha512.digest(MESSAGE);
        assert_eq!(told(&long[..48], 0x0603), None);
        let sha384 = Hash::Sha384.digest(MESSAGE);
        assert_eq!(told(&sha384, 0x0603), Some(Flaw::OtherHash(Hash::Sha384)));
    }
}
