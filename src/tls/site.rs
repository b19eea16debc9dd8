//! The certificate that visitors are shown, and the CAs that theirs are held against.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use time::{Duration, OffsetDateTime};

use super::provider;
use crate::model::certificate::{Certificate, to_pem};

/// Longer than anybody leaves it running, and short enough for what browsers demand of a CA of one's own (825 days).
const VALID: Duration = Duration::days(365);
/// Clocks differ.
const EARLIER: Duration = Duration::days(1);

/// A server's certificate and key.
#[derive(Clone)]
pub struct Site {
    pub(super) certificate: Arc<SingleCertAndKey>,
    /// The CA that issued it, PEM, if it was made here.
    pub ca_pem: Option<String>,
}

/// The CAs whose certificates a server takes.
#[derive(Clone)]
pub struct ClientCas {
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
    /// Their names, each the DER of a Name, in the file's order.
    pub names: Vec<Vec<u8>>,
}

/// What can't be used as a server's certificate or as CAs.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// Nothing a user gave can be the cause.
    #[error("the server's certificate could not be made: {0}")]
    Making(String),
    /// There is none in the file.
    #[error("there is no certificate in it (PEM, `-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    /// There is none in the file, or it is encrypted.
    #[error("there is no private key in it that can be read (PEM, not encrypted): {0}")]
    NoKey(String),
    /// They don't belong together, or are of a kind that TLS doesn't know.
    #[error("the certificate and the key can't be used together: {0}")]
    Unusable(String),
    /// One of the certificates is no CA's.
    #[error("certificate {number} in it can't be used as a CA: {why}")]
    NotACa {
        /// Counted from 1.
        number: usize,
        /// In the library's words.
        why: String,
    },
}

impl Site {
    /// A new certificate (P-256) for these names and addresses, by a CA made for it. The CA's key is not kept.
    ///
    /// # Errors
    /// A name that can't be in a certificate, or the cryptographic library refused.
    pub fn new(names: &[String]) -> Result<Site, SiteError> {
        let ca_key = generate()?;
        let ca = ca_parameters()?;
        let ca_certificate = ca.self_signed(&ca_key).map_err(making)?;
        let key = generate()?;
        let leaf = leaf_parameters(names)?
            .signed_by(&key, &Issuer::new(ca, ca_key))
            .map_err(making)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain = vec![leaf.der().clone(), ca_certificate.der().clone()];
        Ok(Site {
            certificate: certified(chain, &key)?,
            ca_pem: Some(to_pem(ca_certificate.der())),
        })
    }

    /// A certificate with its chain, and its key, from PEM.
    ///
    /// # Errors
    /// One of them is missing, or they don't belong together.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Site, SiteError> {
        let chain = certificates_of(certificates)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| SiteError::NoKey(error.to_string()))?;
        Ok(Site {
            certificate: certified(chain, &key)?,
            ca_pem: None,
        })
    }
}

impl ClientCas {
    /// The CAs of a PEM file.
    ///
    /// # Errors
    /// There is none, or one that can't be used.
    pub fn from_pem(pem: &[u8]) -> Result<ClientCas, SiteError> {
        let mut roots = RootCertStore::empty();
        let mut names = Vec::new();
        for (at, der) in certificates_of(pem)?.into_iter().enumerate() {
            let unusable = |why: String| SiteError::NotACa {
                number: at + 1,
                why,
            };
            let read = Certificate::from_der(&der).map_err(|error| unusable(error.to_string()))?;
            roots
                .add(der)
                .map_err(|error| unusable(error.to_string()))?;
            names.push(read.subject_der);
        }
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider::serving());
        Ok(ClientCas {
            verifier: verifier.build().map_err(making)?,
            names,
        })
    }
}

fn ca_parameters() -> Result<CertificateParams, SiteError> {
    let mut ca = dated(CertificateParams::new(Vec::new()).map_err(making)?);
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    ca.distinguished_name
        .push(DnType::CommonName, "cardcheck serve, CA of one run");
    Ok(ca)
}

fn leaf_parameters(names: &[String]) -> Result<CertificateParams, SiteError> {
    let mut leaf = dated(CertificateParams::new(names).map_err(making)?);
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    leaf.distinguished_name
        .push(DnType::CommonName, "cardcheck serve");
    Ok(leaf)
}

fn dated(mut parameters: CertificateParams) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    parameters.not_before = now - EARLIER;
    parameters.not_after = now + VALID;
    parameters
}

fn generate() -> Result<KeyPair, SiteError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(making)
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'_>,
) -> Result<Arc<SingleCertAndKey>, SiteError> {
    let unusable = |error: rustls::Error| SiteError::Unusable(error.to_string());
    let certified = CertifiedKey::new(chain, any_supported_type(key).map_err(unusable)?);
    certified.keys_match().map_err(unusable)?;
    Ok(Arc::new(certified.into()))
}

fn certificates_of(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SiteError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.unwrap_or_default();
    match found.is_empty() {
        true => Err(SiteError::NoCertificate),
        false => Ok(found),
    }
}

fn making(error: impl std::fmt::Display) -> SiteError {
    SiteError::Making(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hold_something_else_are_told_apart() {
        let site = Site::new(&["localhost".into()]).unwrap();
        let ca = site.ca_pem.unwrap();
        let told = |result: Result<Site, SiteError>| result.err().unwrap().to_string();
        assert!(told(Site::from_pem(b"rubbish", b"rubbish")).contains("no certificate"));
        assert!(told(Site::from_pem(ca.as_bytes(), b"rubbish")).contains("no private key"));
        let other = KeyPair::generate().unwrap().serialize_der();
        let other = pem_rfc7468::encode_string("PRIVATE KEY", pem_rfc7468::LineEnding::LF, &other);
        let other = other.unwrap();
        let together = told(Site::from_pem(ca.as_bytes(), other.as_bytes()));
        assert!(together.contains("can't be used together"), "{together}");
        assert_eq!(ClientCas::from_pem(ca.as_bytes()).unwrap().names.len(), 1);
        assert!(ClientCas::from_pem(b"").is_err());
    }
}
