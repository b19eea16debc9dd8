//! SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of public keys that came in pieces: what two keys are compared by across reports.

use der::asn1::{AnyRef, BitStringRef, Null, ObjectIdentifier, UintRef};
use der::{Encode, Sequence};
use sha2::{Digest, Sha256};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::public_key::PublicKey;

const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";
const ED448: &str = "1.3.101.113";

/// RSAPublicKey (RFC 8017 §A.1.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

/// The DER. An RSA key's is the one of rsaEncryption, also where its certificate says id-RSASSA-PSS: it is the same key.
/// `None`: nothing is known of the key, or its numbers are none.
pub fn of(key: &PublicKey) -> Option<Vec<u8>> {
    let encoded = match key {
        PublicKey::Rsa {
            modulus, exponent, ..
        } => of_rsa(modulus, exponent),
        PublicKey::Ec { curve, point } => {
            let curve = ObjectIdentifier::new(curve.oid()).ok()?;
            info(EC_PUBLIC_KEY, Some(AnyRef::from(&curve)), point)
        }
        PublicKey::Ed25519(key) => info(ED25519, None, key),
        PublicKey::Ed448(key) => info(ED448, None, key),
        PublicKey::Other(whole) => Ok(whole.clone()),
    };
    encoded.ok().filter(|der| !der.is_empty())
}

/// SHA-256 over that, in hex: what `openssl pkey -pubin -outform DER | sha256sum` says.
pub fn sha256(key: &PublicKey) -> Option<String> {
    of(key).map(|der| hex::encode(Sha256::digest(der)))
}

fn of_rsa(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    let key = RsaPublicKey {
        modulus: UintRef::new(modulus)?,
        exponent: UintRef::new(exponent)?,
    };
    info(RSA_ENCRYPTION, Some(AnyRef::from(Null)), &key.to_der()?)
}

fn info(oid: &str, parameters: Option<AnyRef<'_>>, key: &[u8]) -> der::Result<Vec<u8>> {
    let info = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef {
            oid: ObjectIdentifier::new_unwrap(oid),
            parameters,
        },
        subject_public_key: BitStringRef::from_bytes(key)?,
    };
    info.to_der()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_pieces_gives_the_der_that_it_was_read_from() {
        for algorithm in [
            &rcgen::PKCS_RSA_SHA256,
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ED25519,
        ] {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let der = rcgen::PublicKeyData::subject_public_key_info(&key);
            let read = PublicKey::from_spki(&der).unwrap();
            assert_eq!(of(&read), Some(der));
        }
    }

    #[test]
    fn an_rsa_key_is_the_same_whatever_its_oid() {
        let key = |pss_only| PublicKey::rsa(&[0xc1, 2], &[1, 0, 1], pss_only);
        assert_eq!(sha256(&key(true)), sha256(&key(false)));
    }

    #[test]
    fn of_a_key_that_is_not_known_nothing_is_said() {
        assert_eq!(of(&PublicKey::default()), None);
    }
}
