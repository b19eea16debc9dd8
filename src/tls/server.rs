//! The server's side: it asks for exactly the schemes it is told to, and accepts a signature only if it was asked for,
//! is legal in the version, and checks.
//!
//! `rustls` itself never looks whether a client's scheme was offered, nor whether TLS 1.3 allows it: that is done here.
//! Trust in the certificate is not this server's question: it was issued by somebody else's CA.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::authority::Authority;
use super::objections::{self, Asked};
use super::provider::{plain, protocol_version};
use super::setup::Server;
use crate::model::certificate::Certificate;
use crate::model::scheme::{Kind, Scheme};
use crate::model::version::TlsVersion;
use crate::model::visit::Objection;

/// The part of `schemes` that `rustls` can put into a CertificateRequest: in TLS 1.2 it drops DSA, SHA-224, rsa_pss_pss and
/// every scheme that it doesn't know (server/tls12.rs, emit_certificate_req); in TLS 1.3 it drops nothing.
pub fn sendable(schemes: &[Scheme], version: TlsVersion) -> Vec<Scheme> {
    let goes_out = |scheme: &&Scheme| match (version, scheme.kind()) {
        (TlsVersion::V1_3, _) => true,
        (_, Kind::RsaPkcs1(_) | Kind::Ecdsa { .. }) => {
            !matches!(scheme.0, 0x0301 | 0x0303 | 0x081a..=0x081c)
        }
        (_, Kind::RsaPssRsae(_) | Kind::Ed25519 | Kind::Ed448) => true,
        _ => false,
    };
    schemes.iter().filter(goes_out).copied().collect()
}

/// Why the server refused, in words; the alert follows from it.
#[derive(Clone, Default)]
pub(super) struct Verdict(Arc<Mutex<Option<Refusal>>>);

/// A refusal by our server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// For a stated reason.
    Because(String),
    /// There is no verifier for the algorithm: this says nothing of the card.
    CouldNotTell(String),
}

impl Verdict {
    pub(super) fn take(&self) -> Option<Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, refusal: Refusal) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }
}

/// A configuration for one handshake.
///
/// # Errors
/// `rustls` refused the versions.
pub(super) fn config(
    authority: &Authority,
    server: &Server,
    verdict: Verdict,
) -> Result<ServerConfig, Error> {
    let verifier = Verifier {
        version: server.version,
        schemes: server.schemes.clone(),
        ca_names: server
            .ca_names
            .iter()
            .cloned()
            .map(DistinguishedName::from)
            .collect(),
        min_rsa_bits: server.min_rsa_bits,
        verdict,
    };
    let mut config = ServerConfig::builder_with_provider(plain())
        .with_protocol_versions(&[protocol_version(server.version)])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(authority.server_certificate.clone());
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

struct Verifier {
    version: TlsVersion,
    schemes: Vec<Scheme>,
    ca_names: Vec<DistinguishedName>,
    min_rsa_bits: u32,
    verdict: Verdict,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.ca_names
    }

    /// Anybody's certificate will do, if its key is large enough for the server's policy.
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let certificate = self.read(end_entity)?;
        match objections::to_key_size(&certificate, self.min_rsa_bits) {
            Some(objection) => Err(self.refuse(&objection)),
            None => Ok(ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let schemes = self.schemes.iter();
        schemes
            .map(|scheme| SignatureScheme::from(scheme.0))
            .collect()
    }
}

impl Verifier {
    fn verify_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let scheme = Scheme(u16::from(signed.scheme));
        let key = self.read(certificate)?.public_key;
        let asked = Asked {
            version: self.version,
            schemes: &self.schemes,
        };
        match objections::to_signature(asked, &key, scheme, message, signed.signature()) {
            None => Ok(HandshakeSignatureValid::assertion()),
            Some(objection) => Err(self.refuse(&objection)),
        }
    }

    fn read(&self, certificate: &CertificateDer<'_>) -> Result<Certificate, Error> {
        Certificate::from_der(certificate)
            .map_err(|error| self.refuse(&Objection::Unreadable(error.to_string())))
    }

    fn refuse(&self, objection: &Objection) -> Error {
        self.verdict.set(match objection {
            Objection::CouldNotTell(_) => Refusal::CouldNotTell(objection.to_string()),
            _ => Refusal::Because(objection.to_string()),
        });
        objections::as_error(objection)
    }
}
