//! Types of keys, and the curves of EC keys.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a key, as TLS sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyType {
    /// CKK_RSA.
    Rsa,
    /// CKK_EC on a Weierstrass curve.
    Ec,
    /// CKK_EC_EDWARDS on edwards25519.
    Ed25519,
    /// CKK_EC_EDWARDS on edwards448.
    Ed448,
    /// CKK_ML_DSA.
    MlDsa,
    /// A type that no TLS signature scheme here uses (CKK_DSA, CKK_DH, CKK_EC_MONTGOMERY, ...).
    #[default]
    Other,
}

impl KeyType {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            KeyType::Rsa => "rsa",
            KeyType::Ec => "ec",
            KeyType::Ed25519 => "ed25519",
            KeyType::Ed448 => "ed448",
            KeyType::MlDsa => "ml_dsa",
            KeyType::Other => "other",
        }
    }
}

/// An elliptic curve for ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Curve {
    /// secp256r1, prime256v1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
    /// brainpoolP256r1 (RFC 5639).
    BrainpoolP256r1,
    /// brainpoolP384r1 (RFC 5639).
    BrainpoolP384r1,
    /// brainpoolP512r1 (RFC 5639).
    BrainpoolP512r1,
}

const CURVES: &[(Curve, &str, &str, u32)] = &[
    (Curve::P256, "P-256", "1.2.840.10045.3.1.7", 256),
    (Curve::P384, "P-384", "1.3.132.0.34", 384),
    (Curve::P521, "P-521", "1.3.132.0.35", 521),
    (
        Curve::BrainpoolP256r1,
        "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.7",
        256,
    ),
    (
        Curve::BrainpoolP384r1,
        "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.11",
        384,
    ),
    (
        Curve::BrainpoolP512r1,
        "brainpoolP512r1",
        "1.3.36.3.3.2.8.1.1.13",
        512,
    ),
];

impl Curve {
    /// The curve with this object identifier, in dots.
    pub fn from_oid(oid: &str) -> Option<Curve> {
        CURVES
            .iter()
            .find(|(_, _, known, _)| *known == oid)
            .map(|(curve, ..)| *curve)
    }

    /// Its object identifier, in dots.
    pub fn oid(self) -> &'static str {
        self.entry().map_or("", |(_, _, oid, _)| oid)
    }

    /// Size of the field in bits.
    pub fn bits(self) -> u32 {
        self.entry().map_or(0, |(.., bits)| *bits)
    }

    /// Length of the order in bytes: half of a raw r||s signature (PKCS#11 3.1 §6.3.1).
    pub fn order_len(self) -> usize {
        self.bits().div_ceil(8) as usize
    }

    /// One of RFC 5639's curves?
    pub fn is_brainpool(self) -> bool {
        matches!(
            self,
            Curve::BrainpoolP256r1 | Curve::BrainpoolP384r1 | Curve::BrainpoolP512r1
        )
    }

    fn entry(self) -> Option<&'static (Curve, &'static str, &'static str, u32)> {
        CURVES.iter().find(|(curve, ..)| *curve == self)
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.entry().map_or("", |(_, name, ..)| name))
    }
}
