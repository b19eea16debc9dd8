//! The hash functions that TLS signature schemes name.

use serde::{Deserialize, Serialize};
use sha2::Digest;

/// A hash function of a TLS SignatureScheme or of a TLS 1.2 hash/signature pair (RFC 5246 §7.4.1.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Hash {
    /// SHA-1, TLS 1.2 only.
    Sha1,
    /// SHA-224, TLS 1.2 only.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Every hash, weakest first.
    pub const ALL: [Hash; 5] = [
        Hash::Sha1,
        Hash::Sha224,
        Hash::Sha256,
        Hash::Sha384,
        Hash::Sha512,
    ];

    /// The name as OpenSSL's signature algorithm lists write it: `SHA256`.
    pub fn name(self) -> &'static str {
        match self {
            Hash::Sha1 => "SHA1",
            Hash::Sha224 => "SHA224",
            Hash::Sha256 => "SHA256",
            Hash::Sha384 => "SHA384",
            Hash::Sha512 => "SHA512",
        }
    }

    /// Length of the digest in bytes.
    pub fn digest_len(self) -> usize {
        match self {
            Hash::Sha1 => 20,
            Hash::Sha224 => 28,
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }

    /// The digest of `message`.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => sha1::Sha1::digest(message).to_vec(),
            Hash::Sha224 => sha2::Sha224::digest(message).to_vec(),
            Hash::Sha256 => sha2::Sha256::digest(message).to_vec(),
            Hash::Sha384 => sha2::Sha384::digest(message).to_vec(),
            Hash::Sha512 => sha2::Sha512::digest(message).to_vec(),
        }
    }

    /// The hash's object identifier, for a DigestInfo (RFC 8017 appendix B.1).
    pub fn oid(self) -> der::asn1::ObjectIdentifier {
        use der::asn1::ObjectIdentifier as Oid;
        match self {
            Hash::Sha1 => Oid::new_unwrap("1.3.14.3.2.26"),
            Hash::Sha224 => Oid::new_unwrap("2.16.840.1.101.3.4.2.4"),
            Hash::Sha256 => Oid::new_unwrap("2.16.840.1.101.3.4.2.1"),
            Hash::Sha384 => Oid::new_unwrap("2.16.840.1.101.3.4.2.2"),
            Hash::Sha512 => Oid::new_unwrap("2.16.840.1.101.3.4.2.3"),
        }
    }
}
