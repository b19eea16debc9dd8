//! The cryptography that both sides use: few suites and one group, since the matrix is about the client's signature.

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};

use super::tap;
use crate::model::key_type::Curve;
use crate::model::version::TlsVersion;

/// Curves that our clients' supported_groups name.
pub const OFFERED_CURVES: &[Curve] = &[Curve::P256, Curve::P384];

/// The provider whose TLS 1.3 suite carries the tap.
pub(super) fn tapped() -> Arc<CryptoProvider> {
    let mut suites = vec![cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
    suites.extend(tap::tapped_suite());
    Arc::new(CryptoProvider {
        cipher_suites: suites,
        // the first is what a key exchange uses; the others name the curves that a real server takes certificates on
        kx_groups: vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        ..aws_lc_rs::default_provider()
    })
}

/// The servers' provider.
pub(super) fn plain() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        ],
        kx_groups: vec![kx_group::X25519],
        ..aws_lc_rs::default_provider()
    })
}

/// `rustls`' name for a version.
pub(super) fn protocol_version(version: TlsVersion) -> &'static SupportedProtocolVersion {
    match version {
        TlsVersion::V1_2 => &rustls::version::TLS12,
        TlsVersion::V1_3 => &rustls::version::TLS13,
    }
}
