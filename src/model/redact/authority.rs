//! Names in certificates: the holder's is the card's secret, a certification authority's is shared by all of its cards.

use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use super::super::certificate::Certificate;
use super::secret::Secret;

/// Stand-ins for subject and issuer.
pub(super) fn names(certificate: &Certificate, card: &Secret) -> (String, String) {
    let own = card.of_certificate(certificate);
    let identifiers = Identifiers::of(&certificate.der);
    let authority =
        |id: &Option<Vec<u8>>, name: &[u8]| card.of_authority(id.as_deref()).stand_in("ca", name);
    let subject = match certificate.is_ca {
        _ if certificate.subject.is_empty() => String::new(),
        true => authority(&identifiers.subject, &certificate.subject_der),
        false => own.stand_in("subject", &certificate.subject_der),
    };
    let issuer = match certificate.is_self_issued() {
        true => subject.clone(),
        false => authority(&identifiers.authority, &certificate.issuer_der),
    };
    (subject, issuer)
}

/// Hashes over a certificate's own public key and its issuer's (RFC 5280 §4.2.1.1, §4.2.1.2).
#[derive(Default)]
struct Identifiers {
    subject: Option<Vec<u8>>,
    authority: Option<Vec<u8>>,
}

impl Identifiers {
    fn of(der: &[u8]) -> Identifiers {
        let Ok((_, parsed)) = X509Certificate::from_der(der) else {
            return Identifiers::default();
        };
        let mut found = Identifiers::default();
        for extension in parsed.iter_extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => found.subject = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    found.authority = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                _ => {}
            }
        }
        found
    }
}
