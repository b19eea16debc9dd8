//! What a strict server has against a certificate and against a signature.

use rustls::{CertificateError, Error, PeerMisbehaved};

use crate::model::autopsy::autopsy;
use crate::model::certificate::Certificate;
use crate::model::public_key::PublicKey;
use crate::model::scheme::{KeyShape, Misfit, Scheme};
use crate::model::verify::{VerifyError, verify};
use crate::model::version::TlsVersion;
use crate::model::visit::Objection;

/// What the server asked for.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) version: TlsVersion,
    pub(super) schemes: &'a [Scheme],
}

/// What the certificate itself is refused for at this moment, seconds since 1970-01-01 UTC.
pub(super) fn to_certificate(certificate: &Certificate, now: i64) -> Vec<Objection> {
    let broken = certificate.signature_algorithm.broken_hash;
    let weak = broken.map(|hash| Objection::WeakSignature(hash.into()));
    let rows = [
        (certificate.client_auth == Some(false)).then_some(Objection::NotForClients),
        (certificate.digital_signature == Some(false)).then_some(Objection::NotForSignatures),
        // what it says of itself nobody looks at
        weak.filter(|_| !certificate.is_self_issued()),
        (now < certificate.not_before).then_some(Objection::NotYetValid),
        (now > certificate.not_after).then_some(Objection::Expired),
    ];
    rows.into_iter().flatten().collect()
}

/// Is an RSA key smaller than the server's policy allows?
pub(super) fn to_key_size(certificate: &Certificate, least: u32) -> Option<Objection> {
    let bits = match &certificate.public_key {
        rsa @ PublicKey::Rsa { .. } => rsa.bits(),
        _ => None,
    }?;
    (bits < least).then_some(Objection::KeyTooSmall { bits, least })
}

/// Was the scheme asked for, may this key use it in this version, and does the signature over `message` verify?
pub(super) fn to_signature(
    asked: Asked<'_>,
    key: &PublicKey,
    scheme: Scheme,
    message: &[u8],
    signature: &[u8],
) -> Option<Objection> {
    if !asked.schemes.contains(&scheme) {
        return Some(Objection::NotAskedFor(scheme));
    }
    if let Err(misfit) = scheme.fits(&shape(key), asked.version) {
        return Some(Objection::NotLegal(match misfit {
            Misfit::KeyType => format!("{scheme} is not for the certificate's type of key"),
            Misfit::Version => format!("TLS {} forbids {scheme}", asked.version),
            Misfit::Curve => format!("TLS 1.3 binds {scheme} to another curve"),
        }));
    }
    match verify(key, scheme, message, signature) {
        Ok(()) => None,
        Err(VerifyError::Unsupported) => Some(Objection::CouldNotTell(scheme)),
        Err(VerifyError::Bad | VerifyError::WrongKeyType) => Some(Objection::BadSignature {
            scheme,
            flaw: autopsy(key, scheme, message, signature),
        }),
    }
}

/// The error with which `rustls` sends the objection's alert, or one close to it.
pub(super) fn as_error(objection: &Objection) -> Error {
    Error::InvalidCertificate(match objection {
        // illegal_parameter
        Objection::NotAskedFor(_) | Objection::NotLegal(_) => {
            return PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into();
        }
        Objection::CouldNotTell(_) => return Error::General("no verifier".into()),
        Objection::NoCertificate(_) => return Error::NoCertificatesPresented,
        Objection::Expired => CertificateError::Expired,
        // certificate_expired (RFC 8446 §6.2: "expired or not currently valid"), where OpenSSL sends bad_certificate
        Objection::NotYetValid => CertificateError::NotValidYet,
        Objection::UnknownIssuer(_) => CertificateError::UnknownIssuer,
        Objection::NotForClients | Objection::NotForSignatures => CertificateError::InvalidPurpose,
        Objection::BadSignature { .. } => CertificateError::BadSignature,
        // what OpenSSL sends at its security level's "ee key too small" and "ca md too weak"
        Objection::Unreadable(_) | Objection::KeyTooSmall { .. } | Objection::WeakSignature(_) => {
            CertificateError::BadEncoding
        }
    })
}

fn shape(key: &PublicKey) -> KeyShape {
    KeyShape {
        key_type: key.key_type(),
        bits: key.bits(),
        curve: match key {
            PublicKey::Ec { curve, .. } => Some(*curve),
            _ => None,
        },
        pss_only: key.is_pss_only(),
    }
}
