//! The matrix servers' own certificate: made for each run, never on disk.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::provider;

/// The name that the matrix servers answer to.
pub(super) const SERVER_NAME: &str = "matrix.cardcheck.test";

/// A test CA, the server certificate it issued (P-256: cheap for the server to sign with), and the trust in both.
pub struct Authority {
    pub(super) server_certificate: Arc<SingleCertAndKey>,
    pub(super) server_verifier: Arc<WebPkiServerVerifier>,
    certificate_pem: String,
    key: KeyPair,
}

/// The CA could not be made; nothing a user gave can be the cause.
#[derive(Debug, thiserror::Error)]
#[error("the test CA could not be made: {0}")]
pub struct AuthorityError(String);

impl Authority {
    /// A new CA and server certificate.
    ///
    /// # Errors
    /// The cryptographic library refused.
    pub fn new() -> Result<Authority, AuthorityError> {
        let ca_key = generate()?;
        let mut ca = CertificateParams::new(Vec::new()).map_err(failed)?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name
            .push(DnType::CommonName, "cardcheck test CA");
        let ca_certificate = ca.self_signed(&ca_key).map_err(failed)?;
        let issuer = Issuer::new(ca, ca_key);

        let key = generate()?;
        let leaf = CertificateParams::new(vec![SERVER_NAME.into()]).map_err(failed)?;
        let leaf = leaf.signed_by(&key, &issuer).map_err(failed)?;

        let mut roots = RootCertStore::empty();
        roots.add(ca_certificate.der().clone()).map_err(failed)?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider::tapped());
        let signing = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = any_ecdsa_type(&signing).map_err(failed)?;
        let certified = CertifiedKey::new(vec![leaf.der().clone()], signing);
        Ok(Authority {
            server_certificate: Arc::new(certified.into()),
            server_verifier: verifier.build().map_err(failed)?,
            certificate_pem: leaf.pem(),
            key,
        })
    }

    /// The server's certificate, PEM, for a server of another make.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Its private key, PKCS#8 in PEM. Nobody trusts it but this run.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

fn generate() -> Result<KeyPair, AuthorityError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> AuthorityError {
    AuthorityError(error.to_string())
}
