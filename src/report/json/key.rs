//! Keys, their certificates and what they can do.

use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::rounded;
use crate::model::autopsy::Flaw;
use crate::model::capability::Capability;
use crate::model::certificate::Certificate;
use crate::model::key::{Key, Pairing};

/// A private key.
#[derive(Serialize, JsonSchema)]
pub(super) struct KeyReport {
    /// `k1`, `k2`, ...
    id: String,
    token: String,
    label: String,
    /// CKA_ID in hex.
    cka_id: String,
    /// RFC 7512.
    uri: String,
    #[schemars(extend("enum" = ["rsa", "ec", "ed25519", "ed448", "ml_dsa", "other"]))]
    #[serde(rename = "type")]
    key_type: &'static str,
    /// Modulus of RSA, field of EC; null if the token doesn't tell.
    bits: Option<u32>,
    curve: Option<String>,
    /// CKA_SIGN.
    sign: bool,
    always_authenticate: bool,
    /// CKA_ALLOWED_MECHANISMS by name; null: no restriction.
    allowed_mechanisms: Option<Vec<String>>,
    /// How the certificate was found: by CKA_ID, by public key or by both; or why there is none.
    #[schemars(extend("enum" = ["id_and_key", "key_only", "id_only", "wrong_key", "unreadable", "none"]))]
    pairing: &'static str,
    /// Over the SubjectPublicKeyInfo of the key that a server verifies with, hex; null: no public key is known.
    public_key_sha256: Option<String>,
    certificate: Option<CertificateReport>,
    capabilities: Vec<CapabilityReport>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct CertificateReport {
    subject: String,
    issuer: String,
    serial: String,
    /// RFC 3339; null if it is out of that format's range.
    not_before: Option<String>,
    not_after: Option<String>,
    /// Over the DER, hex.
    sha256: String,
    /// Its public key's OID is id-RSASSA-PSS, which rules PKCS1 out.
    pss_only: bool,
    /// keyUsage has digitalSignature; null: no keyUsage.
    digital_signature: Option<bool>,
    /// extendedKeyUsage has clientAuth or anyExtendedKeyUsage; null: no extendedKeyUsage.
    client_auth: Option<bool>,
    /// With which the issuer signed it: `sha256WithRSAEncryption`, or an OID.
    signature_algorithm: String,
    /// SHA-256 of the issuers that lie on the token, the leaf's own first.
    chain_on_token: Vec<String>,
}

/// One scheme over one route.
#[derive(Serialize, JsonSchema)]
struct CapabilityReport {
    scheme: String,
    /// The mechanism that C_SignInit is called with.
    route: String,
    /// C_GetMechanismList holds it.
    listed: bool,
    /// C_GetMechanismInfo: `ok`, a CKR, or `not_tried`.
    info: String,
    /// CKA_SIGN and CKA_ALLOWED_MECHANISMS permit it.
    allowed: bool,
    /// C_SignInit: `ok`, a CKR, `no_answer`, `crashed`, or `not_tried`.
    sign_init: String,
    /// C_Sign: `ok`, a CKR, `no_answer`, `crashed`, or `not_tried`.
    sign: String,
    /// The signature checks against the public key; null: it could not be told.
    verified: Option<bool>,
    /// What is wrong with a signature that does not check; null: it checks, or it could not be told.
    #[schemars(extend("enum" = ["bare_hash", "salt_length", "other_padding", "other_hash", "der_not_raw", "hash_misfit", null]))]
    flaw: Option<&'static str>,
    /// The salt's bytes where that is the flaw.
    salt_length: Option<u16>,
    sign_ms: Option<f64>,
}

impl From<&Key> for KeyReport {
    fn from(key: &Key) -> Self {
        let certificate = key.certificate.as_ref();
        let restricted = key
            .allowed_mechanisms
            .as_ref()
            .filter(|allowed| !allowed.is_empty());
        KeyReport {
            id: key.id.clone(),
            token: key.token.clone(),
            label: key.label.clone(),
            cka_id: hex::encode(&key.cka_id),
            uri: key.uri.clone(),
            key_type: key.key_type.name(),
            bits: key.bits,
            curve: key.curve.map(|curve| curve.to_string()),
            sign: key.can_sign,
            always_authenticate: key.always_authenticate,
            allowed_mechanisms: restricted
                .map(|allowed| allowed.iter().map(ToString::to_string).collect()),
            pairing: pairing(key.pairing),
            public_key_sha256: key.public_key_sha256.clone(),
            certificate: certificate.map(|leaf| CertificateReport::new(leaf, &key.chain_on_token)),
            capabilities: key
                .capabilities
                .iter()
                .map(CapabilityReport::from)
                .collect(),
        }
    }
}

fn pairing(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::IdAndKey => "id_and_key",
        Pairing::KeyOnly => "key_only",
        Pairing::IdOnly => "id_only",
        Pairing::WrongKey => "wrong_key",
        Pairing::Unreadable => "unreadable",
        Pairing::None => "none",
    }
}

impl CertificateReport {
    pub(super) fn new(certificate: &Certificate, chain: &[Certificate]) -> Self {
        CertificateReport {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            serial: certificate.serial.clone(),
            not_before: instant(certificate.not_before),
            not_after: instant(certificate.not_after),
            sha256: certificate.sha256.clone(),
            pss_only: certificate.public_key.is_pss_only(),
            digital_signature: certificate.digital_signature,
            client_auth: certificate.client_auth,
            signature_algorithm: certificate.signature_algorithm.name.clone(),
            chain_on_token: chain.iter().map(|issuer| issuer.sha256.clone()).collect(),
        }
    }
}

fn instant(seconds: i64) -> Option<String> {
    let instant = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    instant.format(&Rfc3339).ok()
}

impl From<&Capability> for CapabilityReport {
    fn from(capability: &Capability) -> Self {
        CapabilityReport {
            scheme: capability.scheme.to_string(),
            route: capability.route.mechanism(capability.scheme).to_string(),
            listed: capability.listed,
            info: capability.info.name(),
            allowed: capability.allowed,
            sign_init: capability.sign_init.name(),
            sign: capability.sign.name(),
            verified: capability.verified,
            flaw: capability.flaw.map(Flaw::name),
            salt_length: capability.flaw.and_then(Flaw::salt_length),
            sign_ms: capability.sign_ms.map(rounded),
        }
    }
}
