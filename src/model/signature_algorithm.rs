//! The algorithm of a certificate's own signature, as far as it decides whether servers take the certificate.

use x509_parser::signature_algorithm::SignatureAlgorithm as Parsed;
use x509_parser::x509::AlgorithmIdentifier;

use super::scheme::Scheme;

/// What an issuer signed a certificate with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// The name in the RFCs, `sha256WithRSAEncryption`; else the OID.
    pub name: String,
    /// The hash, where it is one that is broken: `SHA-1`.
    pub broken_hash: Option<&'static str>,
}

struct Row {
    oid: &'static str,
    name: &'static str,
    broken_hash: Option<&'static str>,
}

const fn row(oid: &'static str, name: &'static str, broken_hash: Option<&'static str>) -> Row {
    Row {
        oid,
        name,
        broken_hash,
    }
}

const SHA1: Option<&str> = Some("SHA-1");

/// RFC 3279, RFC 4055, RFC 5758, RFC 8410, RFC 9881.
#[rustfmt::skip] // one row, one algorithm
const TABLE: &[Row] = &[
    row("1.2.840.113549.1.1.2", "md2WithRSAEncryption", Some("MD2")),
    row("1.2.840.113549.1.1.4", "md5WithRSAEncryption", Some("MD5")),
    row("1.2.840.113549.1.1.5", "sha1WithRSAEncryption", SHA1),
    row("1.3.14.3.2.29", "sha1WithRSA", SHA1),
    row("1.2.840.10040.4.3", "dsa-with-sha1", SHA1),
    row("1.2.840.10045.4.1", "ecdsa-with-SHA1", SHA1),
    row("1.2.840.113549.1.1.14", "sha224WithRSAEncryption", None),
    row("1.2.840.113549.1.1.11", "sha256WithRSAEncryption", None),
    row("1.2.840.113549.1.1.12", "sha384WithRSAEncryption", None),
    row("1.2.840.113549.1.1.13", "sha512WithRSAEncryption", None),
    row("1.2.840.10045.4.3.1", "ecdsa-with-SHA224", None),
    row("1.2.840.10045.4.3.2", "ecdsa-with-SHA256", None),
    row("1.2.840.10045.4.3.3", "ecdsa-with-SHA384", None),
    row("1.2.840.10045.4.3.4", "ecdsa-with-SHA512", None),
    row("1.3.101.112", "Ed25519", None),
    row("1.3.101.113", "Ed448", None),
    row("2.16.840.1.101.3.4.3.17", "ML-DSA-44", None),
    row("2.16.840.1.101.3.4.3.18", "ML-DSA-65", None),
    row("2.16.840.1.101.3.4.3.19", "ML-DSA-87", None),
];

/// id-sha1, the hash of id-RSASSA-PSS where its parameters name none (RFC 4055 §3.1).
const ID_SHA1: &str = "1.3.14.3.2.26";

/// The schemes of signature_algorithms_cert that stand for an algorithm (RFC 8446 §4.2.3). A curve is not told by a
/// certificate's signature, nor, here, the hash of PSS: any will do.
const SCHEMES: &[(&str, &[Scheme])] = &[
    ("sha1WithRSAEncryption", &[Scheme(0x0201)]),
    ("ecdsa-with-SHA1", &[Scheme(0x0203)]),
    ("sha224WithRSAEncryption", &[Scheme(0x0301)]),
    ("ecdsa-with-SHA224", &[Scheme(0x0303)]),
    ("sha256WithRSAEncryption", &[Scheme(0x0401)]),
    ("sha384WithRSAEncryption", &[Scheme(0x0501)]),
    ("sha512WithRSAEncryption", &[Scheme(0x0601)]),
    ("ecdsa-with-SHA256", &[Scheme(0x0403), Scheme(0x081a)]),
    ("ecdsa-with-SHA384", &[Scheme(0x0503), Scheme(0x081b)]),
    ("ecdsa-with-SHA512", &[Scheme(0x0603), Scheme(0x081c)]),
    (
        "id-RSASSA-PSS",
        &[
            Scheme(0x0804),
            Scheme(0x0805),
            Scheme(0x0806),
            Scheme(0x0809),
            Scheme(0x080a),
            Scheme(0x080b),
        ],
    ),
    ("Ed25519", &[Scheme(0x0807)]),
    ("Ed448", &[Scheme(0x0808)]),
    ("ML-DSA-44", &[Scheme(0x0904)]),
    ("ML-DSA-65", &[Scheme(0x0905)]),
    ("ML-DSA-87", &[Scheme(0x0906)]),
];

impl SignatureAlgorithm {
    /// Is it in a signature_algorithms_cert? `None`: which schemes stand for it is not known.
    pub fn is_in(&self, schemes_cert: &[Scheme]) -> Option<bool> {
        let (_, schemes) = SCHEMES.iter().find(|(name, _)| *name == self.name)?;
        Some(schemes.iter().any(|scheme| schemes_cert.contains(scheme)))
    }

    /// From what `x509-parser` holds.
    pub(crate) fn from_parsed(algorithm: &AlgorithmIdentifier<'_>) -> Self {
        if let Ok(Parsed::RSASSA_PSS(parameters)) = Parsed::try_from(algorithm) {
            let hash = parameters.hash_algorithm_oid().to_id_string();
            return SignatureAlgorithm {
                name: "id-RSASSA-PSS".into(),
                broken_hash: SHA1.filter(|_| hash == ID_SHA1),
            };
        }
        let oid = algorithm.algorithm.to_id_string();
        let row = TABLE.iter().find(|row| row.oid == oid);
        SignatureAlgorithm {
            broken_hash: row.and_then(|row| row.broken_hash),
            name: row.map_or(oid, |row| row.name.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::FromDer;

    fn read(der: &str) -> SignatureAlgorithm {
        let der = hex::decode(der).unwrap();
        let (_, parsed) = AlgorithmIdentifier::from_der(&der).unwrap();
        SignatureAlgorithm::from_parsed(&parsed)
    }

    #[test]
    fn a_broken_hash_is_named_and_a_sound_one_is_not() {
        let sha1 = read("300d06092a864886f70d0101050500");
        assert_eq!(sha1.name, "sha1WithRSAEncryption");
        assert_eq!(sha1.broken_hash, SHA1);
        let sha256 = read("300a06082a8648ce3d040302");
        assert_eq!(sha256.name, "ecdsa-with-SHA256");
        assert_eq!(sha256.broken_hash, None);
    }

    #[test]
    fn the_hash_of_pss_is_in_its_parameters_and_sha1_if_it_isn_t() {
        let default = read("300d06092a864886f70d01010a3000");
        assert_eq!(default.broken_hash, SHA1);
        let sha256 = read("301e06092a864886f70d01010a3011a00f300d06096086480165030402010500");
        assert_eq!(sha256.broken_hash, None);
        assert_eq!(sha256.name, "id-RSASSA-PSS");
    }

    #[test]
    fn what_nobody_knows_keeps_its_number() {
        let unknown = read("300506032a0304");
        assert_eq!(
            (unknown.name.as_str(), unknown.broken_hash),
            ("1.2.3.4", None)
        );
    }
}
