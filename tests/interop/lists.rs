//! The servers' lists, and the schemes that come of them.

pub(crate) const PSS_FIRST: &str = "RSA-PSS+SHA256:RSA+SHA256";
pub(crate) const PKCS1_FIRST: &str = "RSA+SHA256:RSA-PSS+SHA256";
pub(crate) const LARGE_FIRST: &str = "RSA+SHA512:RSA-PSS+SHA384:RSA-PSS+SHA256:RSA+SHA256";
pub(crate) const PSS_ONLY: &str = "RSA-PSS+SHA384";
pub(crate) const PKCS1_ONLY: &str = "RSA+SHA256";
/// RSA+SHA256 alone is nothing that OpenSSL's server can ask for in TLS 1.3: it ends with internal_error.
pub(crate) const NO_PSS: &str = "RSA+SHA256:ECDSA+SHA256";
pub(crate) const P384_FIRST: &str = "ECDSA+SHA384:ECDSA+SHA256";
pub(crate) const P384_ONLY: &str = "ECDSA+SHA384";
pub(crate) const ED25519: &str = "ed25519";
pub(crate) const SHA1: &str = "RSA+SHA1:ECDSA+SHA1";
pub(crate) const SHA1_FIRST: &str = "RSA+SHA1:RSA+SHA256";

pub(crate) const PSS_256: &str = "rsa_pss_rsae_sha256";
pub(crate) const PSS_384: &str = "rsa_pss_rsae_sha384";
pub(crate) const PKCS1_1: &str = "rsa_pkcs1_sha1";
pub(crate) const PKCS1_256: &str = "rsa_pkcs1_sha256";
pub(crate) const PKCS1_512: &str = "rsa_pkcs1_sha512";
pub(crate) const ECDSA_1: &str = "ecdsa_sha1";
pub(crate) const ECDSA_256: &str = "ecdsa_secp256r1_sha256";
pub(crate) const ECDSA_384: &str = "ecdsa_secp384r1_sha384";
