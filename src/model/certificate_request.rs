//! A CertificateRequest with everything that was in it (RFC 5246 §7.4.4, RFC 8446 §4.3.2).

use std::fmt;

use super::distinguished_name;
use super::request::Request;
use super::scheme::Scheme;
use super::version::TlsVersion;

/// What a server asked for, as it was on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateRequest {
    /// signature_algorithms, in the server's order, unknown ones included; `None`: the version has no such list.
    pub schemes: Option<Vec<Scheme>>,
    /// signature_algorithms_cert (RFC 8446 §4.2.3), which TLS 1.3 may send; `None`: not sent.
    pub schemes_cert: Option<Vec<Scheme>>,
    /// certificate_types, TLS 1.2 and below; empty in TLS 1.3, which has none.
    pub certificate_types: Vec<CertificateType>,
    /// certificate_authorities; empty: none sent.
    pub ca_names: Vec<CaName>,
    /// Bytes of certificate_authorities on the wire, the length in front left out.
    pub ca_names_bytes: usize,
    /// What is malformed in it.
    pub defect: Option<Defect>,
}

impl CertificateRequest {
    /// What of it the imitated clients decide by.
    pub fn as_seen_by_clients(&self, version: TlsVersion) -> Request {
        Request {
            version,
            schemes: self.schemes.clone().unwrap_or_default(),
            ca_names: self.ca_names.iter().map(|name| name.der.clone()).collect(),
        }
    }
}

/// The name of a CA whose certificates the server wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaName {
    /// The Name as it was sent.
    pub der: Vec<u8>,
    /// RFC 4514 text; `None`: the bytes are no Name.
    pub text: Option<String>,
}

impl CaName {
    /// Reads what it can of a name.
    pub fn new(der: Vec<u8>) -> CaName {
        CaName {
            text: distinguished_name::text(&der),
            der,
        }
    }
}

impl fmt::Display for CaName {
    /// The text, or the bytes in hex where they are no Name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => write!(f, "#{}", hex::encode(&self.der)),
        }
    }
}

/// What is wrong with a CertificateRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// A list ends in the middle of an item.
    #[error("the list of CA names ends in the middle of a name")]
    NamesCut,
    /// A list of schemes has an odd number of bytes.
    #[error("the list of signature schemes ends in the middle of one")]
    SchemesCut,
    /// The same of an extension, or of the message itself.
    #[error("the message ends in the middle of a field")]
    MessageCut,
}

/// ClientCertificateType (IANA "TLS ClientCertificateType Identifiers").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateType(pub u8);

const TYPES: &[(u8, &str)] = &[
    (1, "rsa_sign"),
    (2, "dss_sign"),
    (3, "rsa_fixed_dh"),
    (4, "dss_fixed_dh"),
    (5, "rsa_ephemeral_dh"),
    (6, "dss_ephemeral_dh"),
    (20, "fortezza_dms"),
    (64, "ecdsa_sign"),
    (65, "rsa_fixed_ecdh"),
    (66, "ecdsa_fixed_ecdh"),
    (67, "gost_sign256"),
    (68, "gost_sign512"),
];

impl fmt::Display for CertificateType {
    /// The IANA name, or the number as `0x17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match TYPES.iter().find(|(code, _)| *code == self.0) {
            Some((_, name)) => f.pad(name),
            None => f.pad(&format!("0x{:02x}", self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_type_without_a_name_keeps_its_number() {
        assert_eq!(CertificateType(64).to_string(), "ecdsa_sign");
        assert_eq!(CertificateType(23).to_string(), "0x17");
    }

    #[test]
    fn a_name_that_is_none_is_shown_by_its_bytes() {
        assert_eq!(CaName::new(vec![0x30, 0x05]).to_string(), "#3005");
    }
}
