//! Certificates: what of them bears on client authentication.

use serde::{Deserialize, Serialize};

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate, X509Error};

use super::public_key::PublicKey;
use super::signature_algorithm::SignatureAlgorithm;

/// An X.509 certificate, read once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Object", try_from = "Object")]
pub struct Certificate {
    /// The whole certificate.
    pub der: Vec<u8>,
    /// CKA_LABEL of the object it was read from; empty if it had none.
    pub label: String,
    /// CKA_ID of the object it was read from.
    pub cka_id: Vec<u8>,
    /// Subject, RFC 4514-like text.
    pub subject: String,
    /// Issuer, RFC 4514-like text.
    pub issuer: String,
    /// Subject as DER, for comparing.
    pub subject_der: Vec<u8>,
    /// Issuer as DER, for comparing and for a server's CA names.
    pub issuer_der: Vec<u8>,
    /// Serial number, hex.
    pub serial: String,
    /// Start of validity, seconds since 1970-01-01 UTC.
    pub not_before: i64,
    /// End of validity, seconds since 1970-01-01 UTC.
    pub not_after: i64,
    /// SHA-256 over the DER, hex.
    pub sha256: String,
    /// The subject's public key.
    pub public_key: PublicKey,
    /// basicConstraints says CA.
    pub is_ca: bool,
    /// keyUsage has digitalSignature, which a login needs (RFC 5280 §4.2.1.3); `None`: no keyUsage, no restriction.
    pub digital_signature: Option<bool>,
    /// extendedKeyUsage has clientAuth or anyExtendedKeyUsage (RFC 5280 §4.2.1.12); `None`: no extendedKeyUsage.
    pub client_auth: Option<bool>,
    /// With which the issuer signed it.
    pub signature_algorithm: SignatureAlgorithm,
}

/// What crosses a pipe of a certificate: the object it was read from. It is read anew on the other side.
#[derive(Serialize, Deserialize)]
struct Object {
    der: Vec<u8>,
    label: String,
    cka_id: Vec<u8>,
}

impl From<Certificate> for Object {
    fn from(certificate: Certificate) -> Object {
        Object {
            der: certificate.der,
            label: certificate.label,
            cka_id: certificate.cka_id,
        }
    }
}

impl TryFrom<Object> for Certificate {
    type Error = NotACertificate;

    fn try_from(object: Object) -> Result<Certificate, NotACertificate> {
        Ok(Certificate {
            label: object.label,
            cka_id: object.cka_id,
            ..Certificate::from_der(&object.der)?
        })
    }
}

/// The bytes are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a DER certificate: {0}")]
pub struct NotACertificate(String);

impl From<x509_parser::nom::Err<X509Error>> for NotACertificate {
    fn from(error: x509_parser::nom::Err<X509Error>) -> Self {
        NotACertificate(error.to_string())
    }
}

impl Certificate {
    /// Reads a DER certificate.
    ///
    /// # Errors
    /// The bytes are not one certificate, or something follows it.
    pub fn from_der(der: &[u8]) -> Result<Certificate, NotACertificate> {
        let (rest, parsed) = X509Certificate::from_der(der)?;
        if !rest.is_empty() {
            return Err(NotACertificate("bytes follow the certificate".into()));
        }
        let is_ca = matches!(parsed.basic_constraints(), Ok(Some(ext)) if ext.value.ca);
        Ok(Certificate {
            der: der.to_vec(),
            label: String::new(),
            cka_id: Vec::new(),
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            subject_der: parsed.subject().as_raw().to_vec(),
            issuer_der: parsed.issuer().as_raw().to_vec(),
            serial: hex::encode(parsed.raw_serial()),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            sha256: hex::encode(Sha256::digest(der)),
            public_key: PublicKey::from_parsed(parsed.public_key()),
            is_ca,
            digital_signature: digital_signature(&parsed),
            client_auth: client_auth(&parsed),
            signature_algorithm: SignatureAlgorithm::from_parsed(&parsed.signature_algorithm),
        })
    }

    /// Subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }
}

/// An extension that can't be read counts as absent: what a server makes of it is not known.
fn digital_signature(certificate: &X509Certificate<'_>) -> Option<bool> {
    let usage = certificate.key_usage().ok()??;
    Some(usage.value.digital_signature())
}

fn client_auth(certificate: &X509Certificate<'_>) -> Option<bool> {
    let usage = certificate.extended_key_usage().ok()??;
    Some(usage.value.client_auth || usage.value.any)
}

/// The certificates of `pool` that lead from `leaf` upwards, its issuer first, by name; a loop or a root ends it.
pub fn chain_of(leaf: &Certificate, pool: &[Certificate]) -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    let mut child = leaf;
    while !child.is_self_issued() {
        let Some(issuer) = pool.iter().find(|candidate| {
            candidate.subject_der == child.issuer_der
                && candidate.is_ca
                && !chain.contains(candidate)
        }) else {
            break;
        };
        chain.push(issuer.clone());
        child = issuer;
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(subject: u8, issuer: u8, is_ca: bool) -> Certificate {
        Certificate {
            der: vec![subject, issuer],
            subject: subject.to_string(),
            issuer: issuer.to_string(),
            subject_der: vec![subject],
            issuer_der: vec![issuer],
            is_ca,
            ..Certificate::default()
        }
    }

    #[test]
    fn a_chain_goes_up_by_issuer_name_and_ends_at_the_root() {
        let pool = [named(3, 3, true), named(2, 3, true), named(9, 3, true)];
        let chain = chain_of(&named(1, 2, false), &pool);
        let subjects: Vec<_> = chain.iter().map(|c| c.subject.as_str()).collect();
        assert_eq!(subjects, ["2", "3"]);
    }

    #[test]
    fn certificates_that_issue_each_other_don_t_loop_for_ever() {
        let pool = [named(2, 3, true), named(3, 2, true)];
        assert_eq!(chain_of(&named(1, 2, false), &pool).len(), 2);
    }

    #[test]
    fn a_leaf_issues_nothing() {
        assert!(chain_of(&named(1, 2, false), &[named(2, 3, false)]).is_empty());
    }

    #[test]
    fn rubbish_is_no_certificate() {
        assert!(Certificate::from_der(b"rubbish").is_err());
        assert!(Certificate::from_der(&[]).is_err());
    }
}
