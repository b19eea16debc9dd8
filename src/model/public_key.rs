//! Public keys, read from a certificate or from a token's attributes.

use serde::{Deserialize, Serialize};

use x509_parser::oid_registry::{
    OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_RSASSAPSS, OID_SIG_ED448,
    OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::key_type::{Curve, KeyType};

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PublicKey {
    /// RSA.
    Rsa {
        /// Modulus, big-endian, no leading zero.
        modulus: Vec<u8>,
        /// Public exponent, big-endian, no leading zero.
        exponent: Vec<u8>,
        /// Its OID is id-RSASSA-PSS, which rules out PKCS1 (RFC 4055 §1.2).
        pss_only: bool,
    },
    /// A point on a Weierstrass curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// SEC 1 point.
        point: Vec<u8>,
    },
    /// 32 bytes (RFC 8032 §5.1.5).
    Ed25519(Vec<u8>),
    /// 57 bytes (RFC 8032 §5.2.5).
    Ed448(Vec<u8>),
    /// Something that cardcheck can't verify with; the whole SubjectPublicKeyInfo.
    Other(Vec<u8>),
}

impl Default for PublicKey {
    fn default() -> Self {
        PublicKey::Other(Vec::new())
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); `None` if it is not one.
    pub fn from_spki(der: &[u8]) -> Option<PublicKey> {
        let (_, spki) = SubjectPublicKeyInfo::from_der(der).ok()?;
        Some(Self::from_parsed(&spki))
    }

    /// The same from what `x509-parser` holds already.
    pub(crate) fn from_parsed(spki: &SubjectPublicKeyInfo<'_>) -> PublicKey {
        Self::known(spki).unwrap_or_else(|| PublicKey::Other(spki.raw.to_vec()))
    }

    fn known(spki: &SubjectPublicKeyInfo<'_>) -> Option<PublicKey> {
        let oid = &spki.algorithm.algorithm;
        let bits = spki.subject_public_key.data.to_vec();
        if *oid == OID_PKCS1_RSAENCRYPTION || *oid == OID_PKCS1_RSASSAPSS {
            let (_, rsa) = x509_parser::public_key::RSAPublicKey::from_der(&bits).ok()?;
            return Some(Self::rsa(
                rsa.modulus,
                rsa.exponent,
                *oid == OID_PKCS1_RSASSAPSS,
            ));
        }
        if *oid == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = spki.algorithm.parameters.as_ref()?.as_oid().ok()?;
            let curve = Curve::from_oid(&curve.to_id_string())?;
            return Some(PublicKey::Ec { curve, point: bits });
        }
        if *oid == OID_SIG_ED25519 {
            return Some(PublicKey::Ed25519(bits));
        }
        (*oid == OID_SIG_ED448).then_some(PublicKey::Ed448(bits))
    }

    /// An RSA key of big-endian numbers, which may have leading zeros.
    pub fn rsa(modulus: &[u8], exponent: &[u8], pss_only: bool) -> PublicKey {
        PublicKey::Rsa {
            modulus: without_leading_zeros(modulus),
            exponent: without_leading_zeros(exponent),
            pss_only,
        }
    }

    /// Is the public key's OID id-RSASSA-PSS?
    pub fn is_pss_only(&self) -> bool {
        matches!(self, PublicKey::Rsa { pss_only: true, .. })
    }

    /// The same key? An OID that differs (rsaEncryption, id-RSASSA-PSS) doesn't make it another.
    pub fn same_key(&self, other: &PublicKey) -> bool {
        match (self, other) {
            (
                PublicKey::Rsa {
                    modulus, exponent, ..
                },
                PublicKey::Rsa {
                    modulus: n,
                    exponent: e,
                    ..
                },
            ) => modulus == n && exponent == e,
            _ => self == other,
        }
    }

    /// The type of the key.
    pub fn key_type(&self) -> KeyType {
        match self {
            PublicKey::Rsa { .. } => KeyType::Rsa,
            PublicKey::Ec { .. } => KeyType::Ec,
            PublicKey::Ed25519(_) => KeyType::Ed25519,
            PublicKey::Ed448(_) => KeyType::Ed448,
            PublicKey::Other(_) => KeyType::Other,
        }
    }

    /// Modulus bits of an RSA key, field bits of an EC key.
    pub fn bits(&self) -> Option<u32> {
        match self {
            PublicKey::Rsa { modulus, .. } => {
                let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
                u32::try_from(modulus.len() * 8).ok()?.checked_sub(leading)
            }
            PublicKey::Ec { curve, .. } => Some(curve.bits()),
            _ => None,
        }
    }
}

fn without_leading_zeros(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.iter().skip(zeros).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_numbers_compare_without_their_leading_zeros_and_whatever_the_oid() {
        let ours = PublicKey::rsa(&[0, 0xc1, 2], &[1, 0, 1], false);
        assert!(ours.same_key(&PublicKey::rsa(&[0xc1, 2], &[0, 1, 0, 1], true)));
        assert!(!ours.same_key(&PublicKey::rsa(&[0xc1, 3], &[1, 0, 1], false)));
        assert_eq!(ours.bits(), Some(16));
    }

    #[test]
    fn rubbish_is_no_public_key() {
        assert_eq!(PublicKey::from_spki(b"not DER"), None);
    }
}
