//! TLS signature schemes: their code points, their names, and which key fits which in which version.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::hash::Hash;
use super::key_type::{Curve, KeyType};
use super::version::TlsVersion;

/// A TLS SignatureScheme code point (RFC 8446 §4.2.3), known or not. In TLS 1.2 the same two bytes are a
/// hash/signature pair (RFC 5246 §7.4.1.4.1), which is why `0x0302` and the like have names here too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scheme(pub u16);

/// What a scheme asks of a key and of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RSASSA-PKCS1-v1_5; legal in TLS 1.2 only.
    RsaPkcs1(Hash),
    /// RSASSA-PSS with a public key of OID rsaEncryption; salt as long as the hash.
    RsaPssRsae(Hash),
    /// RSASSA-PSS with a public key of OID id-RSASSA-PSS; salt as long as the hash.
    RsaPssPss(Hash),
    /// ECDSA; TLS 1.3 binds the curve, TLS 1.2 takes any.
    Ecdsa {
        /// The hash.
        hash: Hash,
        /// The only curve in TLS 1.3; `None`: not a TLS 1.3 scheme.
        curve: Option<Curve>,
    },
    /// Ed25519 (RFC 8422, RFC 8446).
    Ed25519,
    /// Ed448 (RFC 8422, RFC 8446).
    Ed448,
    /// ML-DSA, TLS 1.3 only.
    MlDsa,
    /// DSA, TLS 1.2 only; recognised, never signed.
    Dsa,
    /// Anything else: kept by its number.
    Unknown,
}

/// Why a key can't sign with a scheme, whatever the token does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The scheme is for another type of key.
    KeyType,
    /// The version doesn't allow the scheme (RFC 8446 §4.2.3: no PKCS1, SHA-1 or SHA-224 in a TLS 1.3 CertificateVerify).
    Version,
    /// TLS 1.3 binds the scheme to another curve.
    Curve,
}

struct Row {
    code: u16,
    iana: &'static str,
    openssl: Option<&'static str>,
    kind: Kind,
}

const fn row(code: u16, iana: &'static str, openssl: Option<&'static str>, kind: Kind) -> Row {
    Row {
        code,
        iana,
        openssl,
        kind,
    }
}

const fn ecdsa(hash: Hash, curve: Option<Curve>) -> Kind {
    Kind::Ecdsa { hash, curve }
}

/// IANA "TLS SignatureScheme", and the TLS 1.2 pairs that it leaves unnamed.
#[rustfmt::skip] // one row, one scheme
const TABLE: &[Row] = &[
    row(0x0201, "rsa_pkcs1_sha1", Some("RSA+SHA1"), Kind::RsaPkcs1(Hash::Sha1)),
    row(0x0202, "dsa_sha1", Some("DSA+SHA1"), Kind::Dsa),
    row(0x0203, "ecdsa_sha1", Some("ECDSA+SHA1"), ecdsa(Hash::Sha1, None)),
    row(0x0301, "rsa_pkcs1_sha224", Some("RSA+SHA224"), Kind::RsaPkcs1(Hash::Sha224)),
    row(0x0302, "dsa_sha224", Some("DSA+SHA224"), Kind::Dsa),
    row(0x0303, "ecdsa_sha224", Some("ECDSA+SHA224"), ecdsa(Hash::Sha224, None)),
    row(0x0401, "rsa_pkcs1_sha256", Some("RSA+SHA256"), Kind::RsaPkcs1(Hash::Sha256)),
    row(0x0402, "dsa_sha256", Some("DSA+SHA256"), Kind::Dsa),
    row(0x0403, "ecdsa_secp256r1_sha256", Some("ECDSA+SHA256"), ecdsa(Hash::Sha256, Some(Curve::P256))),
    row(0x0501, "rsa_pkcs1_sha384", Some("RSA+SHA384"), Kind::RsaPkcs1(Hash::Sha384)),
    row(0x0502, "dsa_sha384", Some("DSA+SHA384"), Kind::Dsa),
    row(0x0503, "ecdsa_secp384r1_sha384", Some("ECDSA+SHA384"), ecdsa(Hash::Sha384, Some(Curve::P384))),
    row(0x0601, "rsa_pkcs1_sha512", Some("RSA+SHA512"), Kind::RsaPkcs1(Hash::Sha512)),
    row(0x0602, "dsa_sha512", Some("DSA+SHA512"), Kind::Dsa),
    row(0x0603, "ecdsa_secp521r1_sha512", Some("ECDSA+SHA512"), ecdsa(Hash::Sha512, Some(Curve::P521))),
    row(0x0708, "sm2sig_sm3", None, Kind::Unknown),
    row(0x0804, "rsa_pss_rsae_sha256", Some("RSA-PSS+SHA256"), Kind::RsaPssRsae(Hash::Sha256)),
    row(0x0805, "rsa_pss_rsae_sha384", Some("RSA-PSS+SHA384"), Kind::RsaPssRsae(Hash::Sha384)),
    row(0x0806, "rsa_pss_rsae_sha512", Some("RSA-PSS+SHA512"), Kind::RsaPssRsae(Hash::Sha512)),
    row(0x0807, "ed25519", Some("ed25519"), Kind::Ed25519),
    row(0x0808, "ed448", Some("ed448"), Kind::Ed448),
    row(0x0809, "rsa_pss_pss_sha256", Some("rsa_pss_pss_sha256"), Kind::RsaPssPss(Hash::Sha256)),
    row(0x080a, "rsa_pss_pss_sha384", Some("rsa_pss_pss_sha384"), Kind::RsaPssPss(Hash::Sha384)),
    row(0x080b, "rsa_pss_pss_sha512", Some("rsa_pss_pss_sha512"), Kind::RsaPssPss(Hash::Sha512)),
    row(0x081a, "ecdsa_brainpoolP256r1tls13_sha256", Some("ecdsa_brainpoolP256r1tls13_sha256"), ecdsa(Hash::Sha256, Some(Curve::BrainpoolP256r1))),
    row(0x081b, "ecdsa_brainpoolP384r1tls13_sha384", Some("ecdsa_brainpoolP384r1tls13_sha384"), ecdsa(Hash::Sha384, Some(Curve::BrainpoolP384r1))),
    row(0x081c, "ecdsa_brainpoolP512r1tls13_sha512", Some("ecdsa_brainpoolP512r1tls13_sha512"), ecdsa(Hash::Sha512, Some(Curve::BrainpoolP512r1))),
    row(0x0904, "mldsa44", Some("mldsa44"), Kind::MlDsa),
    row(0x0905, "mldsa65", Some("mldsa65"), Kind::MlDsa),
    row(0x0906, "mldsa87", Some("mldsa87"), Kind::MlDsa),
];

impl Scheme {
    /// Every scheme that has a name here, by code point.
    pub fn all() -> impl Iterator<Item = Scheme> {
        TABLE.iter().map(|row| Scheme(row.code))
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.code == self.0)
    }

    /// What the scheme asks of a key.
    pub fn kind(self) -> Kind {
        self.row().map_or(Kind::Unknown, |row| row.kind)
    }

    /// The name in OpenSSL's lists (`RSA-PSS+SHA256`); `None` where OpenSSL has none.
    pub fn openssl_name(self) -> Option<&'static str> {
        self.row().and_then(|row| row.openssl)
    }

    /// The hash over the message; `None` for EdDSA, ML-DSA (they hash inside) and unknown schemes.
    pub fn hash(self) -> Option<Hash> {
        match self.kind() {
            Kind::RsaPkcs1(hash) | Kind::RsaPssRsae(hash) | Kind::RsaPssPss(hash) => Some(hash),
            Kind::Ecdsa { hash, .. } => Some(hash),
            _ => None,
        }
    }

    /// The type of key that signs with this scheme; `None`: none that cardcheck signs with.
    pub fn key_type(self) -> Option<KeyType> {
        match self.kind() {
            Kind::RsaPkcs1(_) | Kind::RsaPssRsae(_) | Kind::RsaPssPss(_) => Some(KeyType::Rsa),
            Kind::Ecdsa { .. } => Some(KeyType::Ec),
            Kind::Ed25519 => Some(KeyType::Ed25519),
            Kind::Ed448 => Some(KeyType::Ed448),
            Kind::MlDsa => Some(KeyType::MlDsa),
            Kind::Dsa | Kind::Unknown => None,
        }
    }

    /// Is it RSASSA-PSS, with either kind of public key?
    pub fn is_pss(self) -> bool {
        matches!(self.kind(), Kind::RsaPssRsae(_) | Kind::RsaPssPss(_))
    }

    /// May a CertificateVerify of this version carry the scheme (RFC 8446 §4.4.3, RFC 5246 §7.4.8)?
    pub fn legal_in(self, version: TlsVersion) -> bool {
        let modern_curve = |curve: Curve| !curve.is_brainpool();
        match (self.kind(), version) {
            (Kind::RsaPkcs1(_) | Kind::Dsa, version) => version == TlsVersion::V1_2,
            (Kind::Ecdsa { curve, .. }, TlsVersion::V1_3) => curve.is_some(),
            (Kind::Ecdsa { curve, .. }, TlsVersion::V1_2) => curve.is_none_or(modern_curve),
            (Kind::MlDsa, version) => version == TlsVersion::V1_3,
            _ => true,
        }
    }

    /// Could a key of this type, curve and public key OID sign with the scheme in this version? Says nothing of the token.
    ///
    /// # Errors
    /// The first rule that excludes it.
    pub fn fits(self, shape: &KeyShape, version: TlsVersion) -> Result<(), Misfit> {
        let kind_fits = match self.kind() {
            Kind::RsaPssPss(_) => shape.pss_only,
            Kind::RsaPkcs1(_) | Kind::RsaPssRsae(_) => !shape.pss_only,
            Kind::MlDsa => shape.bits == self.ml_dsa_set(),
            _ => true,
        };
        if self.key_type() != Some(shape.key_type) || !kind_fits {
            return Err(Misfit::KeyType);
        }
        if !self.legal_in(version) {
            return Err(Misfit::Version);
        }
        match self.kind() {
            Kind::Ecdsa { curve, .. } if version == TlsVersion::V1_3 && curve != shape.curve => {
                Err(Misfit::Curve)
            }
            _ => Ok(()),
        }
    }

    /// The smallest RSA modulus in bits that holds this scheme's padding (RFC 8017 §9.1.1, §9.2); `None` if it isn't RSA.
    pub fn min_rsa_bits(self) -> Option<u32> {
        let bits = |bytes: usize| u32::try_from(bytes * 8).unwrap_or(u32::MAX);
        match self.kind() {
            Kind::RsaPssRsae(hash) | Kind::RsaPssPss(hash) => Some(bits(2 * hash.digest_len() + 2)),
            // 11 bytes of padding, and at most 19 bytes of DigestInfo before the digest
            Kind::RsaPkcs1(hash) => Some(bits(hash.digest_len() + 19 + 11)),
            _ => None,
        }
    }

    fn ml_dsa_set(self) -> Option<u32> {
        match self.0 {
            0x0904 => Some(44),
            0x0905 => Some(65),
            0x0906 => Some(87),
            _ => None,
        }
    }
}

/// What of a key decides whether a scheme fits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShape {
    /// The key's type.
    pub key_type: KeyType,
    /// Modulus bits of an RSA key, parameter set of an ML-DSA key, field bits of others.
    pub bits: Option<u32>,
    /// The curve of an EC key.
    pub curve: Option<Curve>,
    /// The certificate's public key has the OID id-RSASSA-PSS.
    pub pss_only: bool,
}

impl fmt::Display for Scheme {
    /// The IANA name, or the code point as `0x0708`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row() {
            Some(row) => f.pad(row.iana),
            None => f.pad(&format!("0x{:04x}", self.0)),
        }
    }
}

impl fmt::Debug for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A name that is no scheme, and the nearest one that is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown signature scheme `{name}`{}", super::did_you_mean(*nearest))]
pub struct UnknownScheme {
    /// What was given.
    pub name: String,
    /// The nearest known name, if one is near.
    pub nearest: Option<&'static str>,
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    /// Reads an IANA name, an OpenSSL name (`RSA-PSS+SHA256`, `PSS+SHA256`) or a code point (`0x0804`).
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if let Some(code) = code_point(name) {
            return Ok(Scheme(code));
        }
        let canonical = name
            .strip_prefix("PSS+")
            .map_or_else(|| name.to_owned(), |hash| format!("RSA-PSS+{hash}"));
        let same = |known: &str| known.eq_ignore_ascii_case(&canonical);
        TABLE
            .iter()
            .find(|row| same(row.iana) || row.openssl.is_some_and(same))
            .map(|row| Scheme(row.code))
            .ok_or_else(|| UnknownScheme {
                name: name.to_owned(),
                nearest: nearest(&canonical),
            })
    }
}

/// Four hex digits after `0x`.
fn code_point(name: &str) -> Option<u16> {
    let digits = name
        .strip_prefix("0x")
        .or_else(|| name.strip_prefix("0X"))?;
    (digits.len() == 4).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// Reads a list in OpenSSL's syntax: `RSA+SHA256:RSA-PSS+SHA256`.
///
/// # Errors
/// The first name that is no scheme.
pub fn parse_openssl_list(list: &str) -> Result<Vec<Scheme>, UnknownScheme> {
    list.split(':')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::parse)
        .collect()
}

fn nearest(name: &str) -> Option<&'static str> {
    let names = TABLE
        .iter()
        .flat_map(|row| [Some(row.iana), row.openssl])
        .flatten();
    super::nearest_name(name, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rsa() -> KeyShape {
        KeyShape {
            key_type: KeyType::Rsa,
            bits: Some(2048),
            curve: None,
            pss_only: false,
        }
    }

    fn ec(curve: Curve) -> KeyShape {
        KeyShape {
            key_type: KeyType::Ec,
            bits: Some(curve.bits()),
            curve: Some(curve),
            pss_only: false,
        }
    }

    #[test]
    fn every_name_reads_back_as_its_own_code_point() {
        for scheme in Scheme::all() {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
            if let Some(name) = scheme.openssl_name() {
                assert_eq!(name.parse(), Ok(scheme), "{name}");
            }
        }
        assert_eq!("0x0708".parse(), Ok(Scheme(0x0708)));
        assert_eq!("0xfe00".parse::<Scheme>().unwrap().to_string(), "0xfe00");
        assert_eq!("PSS+SHA256".parse(), Ok(Scheme(0x0804)));
    }

    #[test]
    fn a_misspelt_scheme_is_answered_with_the_nearest() {
        let error = "rsa_pss_rsa_sha256".parse::<Scheme>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown signature scheme `rsa_pss_rsa_sha256`, did you mean `rsa_pss_rsae_sha256`?"
        );
        assert!("0x12".parse::<Scheme>().is_err());
        assert_eq!("zzz".parse::<Scheme>().unwrap_err().nearest, None);
    }

    #[test]
    fn an_openssl_list_keeps_its_order() {
        assert_eq!(
            parse_openssl_list("RSA+SHA256:RSA-PSS+SHA256:ed25519"),
            Ok(vec![Scheme(0x0401), Scheme(0x0804), Scheme(0x0807)])
        );
    }

    #[test]
    fn tls13_forbids_pkcs1_and_binds_the_curve() {
        let pkcs1 = Scheme(0x0401);
        assert_eq!(pkcs1.fits(&rsa(), TlsVersion::V1_2), Ok(()));
        assert_eq!(pkcs1.fits(&rsa(), TlsVersion::V1_3), Err(Misfit::Version));
        let p256 = Scheme(0x0403);
        assert_eq!(p256.fits(&ec(Curve::P384), TlsVersion::V1_2), Ok(()));
        assert_eq!(
            p256.fits(&ec(Curve::P384), TlsVersion::V1_3),
            Err(Misfit::Curve)
        );
        assert_eq!(p256.fits(&rsa(), TlsVersion::V1_2), Err(Misfit::KeyType));
    }

    #[test]
    fn a_pss_public_key_takes_pss_pss_only() {
        let pss_key = KeyShape {
            pss_only: true,
            ..rsa()
        };
        assert_eq!(Scheme(0x0809).fits(&pss_key, TlsVersion::V1_3), Ok(()));
        assert_eq!(
            Scheme(0x0804).fits(&pss_key, TlsVersion::V1_3),
            Err(Misfit::KeyType)
        );
        assert_eq!(
            Scheme(0x0809).fits(&rsa(), TlsVersion::V1_3),
            Err(Misfit::KeyType)
        );
    }

    #[test]
    fn pss_with_sha512_needs_1040_bits() {
        assert_eq!(Scheme(0x0806).min_rsa_bits(), Some(1040));
        assert_eq!(Scheme(0x0804).min_rsa_bits(), Some(528));
    }
}
