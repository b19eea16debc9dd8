//! The verifier of a server that lets everybody in and notes what a strict one would have said; or is the strict one.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::objections::{self, Asked};
use super::witness::Witness;
use crate::model::certificate::Certificate;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;
use crate::model::visit::Objection;

pub(super) struct Examiner {
    pub(super) version: TlsVersion,
    pub(super) schemes: Vec<Scheme>,
    pub(super) ca_names: Vec<DistinguishedName>,
    pub(super) min_rsa_bits: u32,
    pub(super) cas: Option<Arc<dyn ClientCertVerifier>>,
    pub(super) strict: bool,
    pub(super) witness: Witness,
}

impl std::fmt::Debug for Examiner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Examiner")
    }
}

impl ClientCertVerifier for Examiner {
    fn client_auth_mandatory(&self) -> bool {
        self.strict
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.ca_names
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let mut found = Vec::new();
        found.extend(self.chain(end_entity, intermediates, now));
        match Certificate::from_der(end_entity) {
            Ok(certificate) => {
                let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
                found.extend(objections::to_key_size(&certificate, self.min_rsa_bits));
                found.extend(objections::to_certificate(&certificate, seconds));
            }
            Err(error) => found.push(Objection::Unreadable(error.to_string())),
        }
        self.note(found)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let schemes = self.schemes.iter();
        schemes
            .map(|scheme| SignatureScheme::from(scheme.0))
            .collect()
    }
}

impl Examiner {
    /// Does it lead to one of the CAs? What else the library has against it is looked at elsewhere.
    fn chain(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Option<Objection> {
        let cas = self.cas.as_ref()?;
        let error = cas
            .verify_client_cert(end_entity, intermediates, now)
            .err()?;
        match error {
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
                | CertificateError::InvalidPurpose
                | CertificateError::InvalidPurposeContext { .. }
                | CertificateError::BadEncoding,
            ) => None,
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                Some(Objection::UnknownIssuer(
                    "none of them, nor an intermediate that came, issued it".into(),
                ))
            }
            error => Some(Objection::UnknownIssuer(error.to_string())),
        }
    }

    /// Who can't be read was objected to already.
    fn signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Ok(certificate) = Certificate::from_der(certificate) {
            let asked = Asked {
                version: self.version,
                schemes: &self.schemes,
            };
            let scheme = Scheme(u16::from(signed.scheme));
            let key = &certificate.public_key;
            let found = objections::to_signature(asked, key, scheme, message, signed.signature());
            self.note(found)?;
        }
        Ok(HandshakeSignatureValid::assertion())
    }

    fn note(&self, found: impl IntoIterator<Item = Objection>) -> Result<(), Error> {
        let mut refusal = None;
        for objection in found {
            if objection.alert().is_some() {
                refusal = refusal.or(Some(objections::as_error(&objection)));
            }
            self.witness.object(objection);
        }
        refusal.filter(|_| self.strict).map_or(Ok(()), Err)
    }
}
