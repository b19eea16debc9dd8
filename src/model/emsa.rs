//! RSA paddings made and checked on the host, and ECDSA signatures between their two forms.
//!
//! Real clients do this too: OpenSSL with libp11's engine pads PSS itself and calls CKM_RSA_X_509.

use der::asn1::{AnyRef, OctetStringRef, UintRef};
use der::{Encode, Sequence};

use super::hash::Hash;

/// AlgorithmIdentifier with NULL parameters, as RFC 8017 appendix B.1 asks for.
#[derive(Sequence)]
struct HashAlgorithm<'a> {
    oid: der::asn1::ObjectIdentifier,
    parameters: AnyRef<'a>,
}

/// DigestInfo (RFC 8017 §9.2).
#[derive(Sequence)]
struct DigestInfo<'a> {
    algorithm: HashAlgorithm<'a>,
    digest: &'a OctetStringRef,
}

/// Ecdsa-Sig-Value (RFC 3279 §2.2.3).
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// A padding or a signature that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The modulus is too small for this hash (RFC 8017 §9.1.1 step 3, §9.2 step 3).
    #[error("the key is too small for this hash")]
    KeyTooSmall,
    /// An ECDSA signature that is not r||s of the curve's length.
    #[error("signature of {got} bytes where r||s of {expected} is due")]
    NotRawEcdsa {
        /// Bytes given.
        got: usize,
        /// Bytes due: twice the length of the order.
        expected: usize,
    },
    /// The DER writer refused.
    #[error("the value can't be written as DER")]
    Der,
}

/// DER of a DigestInfo over `digest`, which is what CKM_RSA_PKCS signs.
///
/// # Errors
/// [`EncodeError::Der`], never for a digest of the hash's length.
pub fn digest_info(hash: Hash, digest: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let info = DigestInfo {
        algorithm: HashAlgorithm {
            oid: hash.oid(),
            parameters: AnyRef::NULL,
        },
        digest: OctetStringRef::new(digest).map_err(|_| EncodeError::Der)?,
    };
    info.to_der().map_err(|_| EncodeError::Der)
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2) over `digest`, `em_len` bytes long: the modulus' length.
///
/// # Errors
/// [`EncodeError::KeyTooSmall`].
pub fn pkcs1_encode(hash: Hash, digest: &[u8], em_len: usize) -> Result<Vec<u8>, EncodeError> {
    let info = digest_info(hash, digest)?;
    let padding = em_len
        .checked_sub(info.len() + 3)
        .filter(|padding| *padding >= 8)
        .ok_or(EncodeError::KeyTooSmall)?;
    let mut em = vec![0x00, 0x01];
    em.resize(2 + padding, 0xff);
    em.push(0x00);
    em.extend(info);
    Ok(em)
}

/// EMSA-PSS (RFC 8017 §9.1.1) over `digest` with MGF1 of the same hash. `em_bits` is the modulus' bits less one; the
/// result is `modulus_len` bytes, a leading zero included where EMSA-PSS comes out one shorter. TLS wants a salt as
/// long as the hash (RFC 8446 §4.2.3); its randomness is the caller's.
///
/// # Errors
/// [`EncodeError::KeyTooSmall`].
pub fn pss_encode(
    hash: Hash,
    digest: &[u8],
    salt: &[u8],
    modulus_bits: usize,
) -> Result<Vec<u8>, EncodeError> {
    let em_bits = modulus_bits.saturating_sub(1);
    let em_len = em_bits.div_ceil(8);
    let h = pss_hash(hash, digest, salt);
    let padding = em_len
        .checked_sub(salt.len() + h.len() + 2)
        .ok_or(EncodeError::KeyTooSmall)?;
    let mut db = vec![0; padding];
    db.push(0x01);
    db.extend_from_slice(salt);
    xor(&mut db, &mgf1(hash, &h, em_len - h.len() - 1));
    clear_leading_bits(&mut db, 8 * em_len - em_bits);
    let mut em = vec![0; modulus_bits.div_ceil(8) - em_len];
    em.extend(db);
    em.extend(h);
    em.push(0xbc);
    Ok(em)
}

/// EMSA-PSS-VERIFY (RFC 8017 §9.1.2) of `em`, as long as the modulus, for a salt as long as the hash.
pub fn pss_check(hash: Hash, digest: &[u8], em: &[u8], modulus_bits: usize) -> bool {
    pss_salt_len(hash, digest, em, modulus_bits) == Some(hash.digest_len())
}

/// The length of the salt in a valid EMSA-PSS encoding of `digest`; `None`: it is not valid with any salt.
pub fn pss_salt_len(hash: Hash, digest: &[u8], em: &[u8], modulus_bits: usize) -> Option<usize> {
    let em_bits = modulus_bits.checked_sub(1)?;
    let em_len = em_bits.div_ceil(8);
    let em = em.get(em.len().checked_sub(em_len)?..)?;
    let db_len = em_len.checked_sub(hash.digest_len() + 1)?;
    let (masked, rest) = em.split_at_checked(db_len)?;
    let (h, trailer) = rest.split_at_checked(hash.digest_len())?;
    if trailer != [0xbc] {
        return None;
    }
    let mut db = masked.to_vec();
    xor(&mut db, &mgf1(hash, h, db_len));
    clear_leading_bits(&mut db, 8 * em_len - em_bits);
    let padding = db.iter().take_while(|byte| **byte == 0).count();
    let salt = db.get(padding..)?.strip_prefix(&[0x01])?;
    (pss_hash(hash, digest, salt) == h).then_some(salt.len())
}

/// H of EMSA-PSS: the hash over eight zeros, the digest and the salt.
fn pss_hash(hash: Hash, digest: &[u8], salt: &[u8]) -> Vec<u8> {
    hash.digest(&[&[0; 8], digest, salt].concat())
}

/// MGF1 (RFC 8017 appendix B.2.1).
fn mgf1(hash: Hash, seed: &[u8], len: usize) -> Vec<u8> {
    let block = |counter: u32| hash.digest(&[seed, &counter.to_be_bytes()].concat());
    (0u32..).flat_map(block).take(len).collect()
}

fn xor(bytes: &mut [u8], mask: &[u8]) {
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

fn clear_leading_bits(bytes: &mut [u8], count: usize) {
    if let Some(first) = bytes.first_mut() {
        *first &= 0xff_u8
            .checked_shr(u32::try_from(count).unwrap_or(8))
            .unwrap_or(0);
    }
}

/// PKCS#11's r||s as the DER that TLS carries.
///
/// # Errors
/// [`EncodeError::NotRawEcdsa`] when it isn't twice `order_len` long.
pub fn ecdsa_to_der(raw: &[u8], order_len: usize) -> Result<Vec<u8>, EncodeError> {
    if raw.len() != 2 * order_len {
        return Err(EncodeError::NotRawEcdsa {
            got: raw.len(),
            expected: 2 * order_len,
        });
    }
    let (r, s) = raw.split_at(order_len);
    let uint = |bytes| UintRef::new(bytes).map_err(|_| EncodeError::Der);
    let value = EcdsaSigValue {
        r: uint(r)?,
        s: uint(s)?,
    };
    value.to_der().map_err(|_| EncodeError::Der)
}

/// The DER that TLS carries as r||s, each `order_len` long; `None` if it isn't one.
pub fn ecdsa_from_der(der: &[u8], order_len: usize) -> Option<Vec<u8>> {
    let value = <EcdsaSigValue<'_> as der::Decode>::from_der(der).ok()?;
    let mut raw = Vec::with_capacity(2 * order_len);
    for number in [value.r, value.s] {
        let bytes = number.as_bytes();
        raw.resize(raw.len() + order_len.checked_sub(bytes.len())?, 0);
        raw.extend_from_slice(bytes);
    }
    Some(raw)
}

/// The digest as ECDSA uses it: its leftmost bytes, no longer than the order (FIPS 186-5 §6.4.1).
pub fn ecdsa_truncate(digest: &[u8], order_len: usize) -> &[u8] {
    digest.get(..order_len).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_digest_info_of_sha256_starts_as_rfc_8017_prints_it() {
        let info = digest_info(Hash::Sha256, &[7; 32]).unwrap();
        let printed = "3031300d060960864801650304020105000420";
        assert_eq!(hex::encode(&info[..19]), printed);
        assert_eq!(info.len(), 51);
    }

    #[test]
    fn pkcs1_fills_the_modulus_and_refuses_a_small_one() {
        let em = pkcs1_encode(Hash::Sha256, &[7; 32], 256).unwrap();
        assert_eq!(em.len(), 256);
        assert_eq!(&em[..3], [0, 1, 0xff]);
        assert_eq!(
            pkcs1_encode(Hash::Sha512, &[7; 64], 64),
            Err(EncodeError::KeyTooSmall)
        );
    }

    #[test]
    fn rsa_1024_is_too_small_for_pss_with_sha512() {
        let encoded = pss_encode(Hash::Sha512, &[7; 64], &[1; 64], 1024);
        assert_eq!(encoded, Err(EncodeError::KeyTooSmall));
        assert!(pss_encode(Hash::Sha512, &[7; 64], &[1; 64], 1040).is_ok());
    }

    #[test]
    fn another_salt_length_is_measured_and_refused() {
        let em = pss_encode(Hash::Sha256, &[7; 32], &[1; 20], 2048).unwrap();
        assert_eq!(pss_salt_len(Hash::Sha256, &[7; 32], &em, 2048), Some(20));
        assert!(!pss_check(Hash::Sha256, &[7; 32], &em, 2048));
    }

    #[test]
    fn a_der_signature_where_raw_is_due_is_named_by_its_length() {
        assert_eq!(
            ecdsa_to_der(&[1; 70], 32).unwrap_err().to_string(),
            "signature of 70 bytes where r||s of 64 is due"
        );
    }

    proptest! {
        #[test]
        fn pss_checks_what_it_encoded(digest in any::<[u8; 32]>(), salt in any::<[u8; 32]>(), bits in 1024usize..1060) {
            let em = pss_encode(Hash::Sha256, &digest, &salt, bits).unwrap();
            prop_assert_eq!(em.len(), bits.div_ceil(8));
            prop_assert!(pss_check(Hash::Sha256, &digest, &em, bits));
        }

        #[test]
        fn no_bytes_make_the_pss_check_panic(em in proptest::collection::vec(any::<u8>(), 0..300), bits in 0usize..2100) {
            prop_assert!(!pss_check(Hash::Sha256, &[0; 32], &em, bits));
        }

        #[test]
        fn ecdsa_signatures_survive_both_ways(raw in any::<[u8; 32]>(), raw2 in any::<[u8; 32]>()) {
            let raw = [raw, raw2].concat();
            let der = ecdsa_to_der(&raw, 32).unwrap();
            prop_assert_eq!(ecdsa_from_der(&der, 32), Some(raw));
        }

        #[test]
        fn no_bytes_make_the_ecdsa_reader_panic(der in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = ecdsa_from_der(&der, 32);
        }
    }
}
