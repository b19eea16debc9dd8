//! CA names as servers want them: as certificates that bear them.

use std::path::Path;

use der::asn1::{AnyRef, BitStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256};

/// Certificate (RFC 5280 §4.1), as far as a server that only wants its subject looks.
#[derive(Sequence)]
struct Certificate<'a> {
    tbs: Tbs<'a>,
    algorithm: AnyRef<'a>,
    signature: BitStringRef<'a>,
}

/// TBSCertificate, version 3.
#[derive(Sequence)]
struct Tbs<'a> {
    version: AnyRef<'a>,
    serial: UintRef<'a>,
    algorithm: AnyRef<'a>,
    issuer: AnyRef<'a>,
    validity: AnyRef<'a>,
    subject: AnyRef<'a>,
    key: AnyRef<'a>,
    extensions: AnyRef<'a>,
}

/// Writes a certificate for each of these names (DER) to `path`, PEM. Nothing is written for none.
///
/// # Errors
/// A name that is no DER, or the file can't be written; a sentence.
pub(super) fn write(path: &Path, names: &[Vec<u8>]) -> Result<(), String> {
    if names.is_empty() {
        return Ok(());
    }
    let pattern = pattern().map_err(|error| error.to_string())?;
    let bearers = names.iter().map(|name| bearer(&pattern, name));
    let bearers: Result<Vec<String>, der::Error> = bearers.collect();
    let bearers = bearers.map_err(|error| format!("a name that is not DER: {error}"))?;
    std::fs::write(path, bearers.concat()).map_err(|error| error.to_string())
}

/// A CA's certificate. Its key identifier is nobody else's, so that no server takes it for the issuer of a card's certificate.
fn pattern() -> Result<Vec<u8>, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(params.self_signed(&key)?.der().to_vec())
}

/// The pattern with another subject. Its signature no longer checks; nobody looks at it.
fn bearer(pattern: &[u8], name: &[u8]) -> Result<String, der::Error> {
    let mut certificate = Certificate::from_der(pattern)?;
    certificate.tbs.subject = AnyRef::from_der(name)?;
    let der = certificate.to_der()?;
    der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, &der).map_err(der::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::certificate::Certificate as Read;

    #[test]
    fn a_name_comes_out_as_it_went_in() {
        let names = ["CN=Root,O=Acme", "CN=Zürich"].map(name);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("names.pem");
        write(&file, &names).unwrap();
        let pem = std::fs::read(&file).unwrap();
        let read = x509_parser::pem::Pem::iter_from_buffer(&pem).map(|pem| {
            let certificate = Read::from_der(&pem.unwrap().contents).unwrap();
            certificate.subject_der
        });
        assert_eq!(read.collect::<Vec<_>>(), names);
    }

    #[test]
    fn what_is_no_name_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let refused = write(&dir.path().join("names.pem"), &[vec![0x30, 0x05, 1]]);
        assert!(refused.unwrap_err().contains("not DER"));
    }

    fn name(rfc4514: &str) -> Vec<u8> {
        use std::str::FromStr;
        x509_cert::name::Name::from_str(rfc4514)
            .unwrap()
            .to_der()
            .unwrap()
    }
}
