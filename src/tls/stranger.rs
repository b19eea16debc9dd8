//! A throw-away certificate: what a server does with one that nobody issued tells whether it looks at them.

use std::sync::{Arc, LazyLock};

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

type Made = LazyLock<Option<Arc<CertifiedKey>>>;

/// One for each type of key that a server may want, made when it does; the cheapest first.
static STRANGERS: [Made; 3] = [
    LazyLock::new(|| make(&PKCS_ECDSA_P256_SHA256)),
    LazyLock::new(|| make(&PKCS_ED25519)),
    LazyLock::new(|| make(&PKCS_RSA_SHA256)),
];

/// The first of them that can sign with one of these schemes.
pub(super) fn that_signs_with(schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
    let fits = |made: &Arc<CertifiedKey>| made.key.choose_scheme(schemes).is_some();
    STRANGERS
        .iter()
        .filter_map(|made| (*made).clone())
        .find(fits)
}

/// Sound in every way, but that it issued itself.
fn make(algorithm: &'static SignatureAlgorithm) -> Option<Arc<CertifiedKey>> {
    let key = KeyPair::generate_for(algorithm).ok()?;
    let mut wanted = CertificateParams::new(Vec::new()).ok()?;
    wanted
        .distinguished_name
        .push(DnType::CommonName, "cardcheck probe");
    wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = wanted.self_signed(&key).ok()?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = any_supported_type(&key).ok()?;
    let chain = vec![certificate.der().clone()];
    Some(Arc::new(CertifiedKey::new(chain, key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_for_whatever_a_server_asks_for() {
        use SignatureScheme as S;
        for scheme in [
            S::ECDSA_NISTP256_SHA256,
            S::RSA_PKCS1_SHA256,
            S::RSA_PSS_SHA512,
            S::ED25519,
        ] {
            assert!(that_signs_with(&[scheme]).is_some(), "{scheme:?}");
        }
        assert!(that_signs_with(&[S::Unknown(0x0402)]).is_none());
    }
}
