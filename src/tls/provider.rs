//! The cryptography that is used: in the matrix few suites and one group, since it is about the client's signature; where
//! anybody may come, all.

use std::sync::{Arc, LazyLock};

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use super::tap;
use crate::model::key_type::Curve;
use crate::model::version::TlsVersion;

/// Curves that our clients' supported_groups name.
pub const OFFERED_CURVES: &[Curve] = &[Curve::P256, Curve::P384];

/// One suite of each version.
fn few_suites() -> [SupportedCipherSuite; 2] {
    [
        cipher_suite::TLS13_AES_128_GCM_SHA256,
        cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ]
}

/// The provider whose suites carry the tap.
pub(super) fn tapped() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: tap::tapped_only(&few_suites().map(|suite| suite.suite())),
        // the first is what a key exchange uses; the others name the curves that a real server takes certificates on
        kx_groups: vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        ..aws_lc_rs::default_provider()
    })
}

/// The servers' provider.
pub(super) fn plain() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: few_suites().to_vec(),
        kx_groups: vec![kx_group::X25519],
        ..aws_lc_rs::default_provider()
    })
}

/// The provider of a server for everybody: all suites and groups, with the tap.
pub(super) fn serving() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        Arc::new(CryptoProvider {
            cipher_suites: tap::servers_suites(),
            ..aws_lc_rs::default_provider()
        })
    });
    Arc::clone(&PROVIDER)
}

/// `rustls`' name for a version.
pub(super) fn protocol_version(version: TlsVersion) -> &'static SupportedProtocolVersion {
    match version {
        TlsVersion::V1_2 => &rustls::version::TLS12,
        TlsVersion::V1_3 => &rustls::version::TLS13,
    }
}
