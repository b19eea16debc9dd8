//! `ca-names-missing`: the server asks for a certificate, and not of whom.

use super::super::remedy::server;
use super::{Found, ServerRule, requests, versions};
use crate::model::finding::Severity;
use crate::model::probe::Probe;

pub(super) static RULE: ServerRule = ServerRule {
    id: "ca-names-missing",
    title: "the server asks for a certificate and names no CA",
    explanation: "\
A server may send the names of the CAs whose certificates it wants, and clients choose by them. Without names a browser offers every \
certificate that its user has, and the user has to know which one is meant; programs that choose by themselves take the first.

How it is told: a CertificateRequest came, with an empty list of certificate_authorities, or none.

What helps: sending the names of the issuing CAs.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let nameless = |request: &crate::model::certificate_request::CertificateRequest| {
        request.ca_names.is_empty() && request.defect.is_none()
    };
    let without = || requests(probe).filter(|(_, request)| nameless(request));
    without().next()?;
    Some(Found {
        severity: Severity::Note,
        title: "The server names no CA".into(),
        cause: format!(
            "Over {} the server asks for a certificate and sends no CA names: browsers offer their users every certificate \
             there is.",
            versions(without().map(|(facts, _)| facts))
        ),
        remedies: vec![server(
            "Send the names of the CAs that issue your users' certificates (Apache: SSLCADNRequestFile; nginx: \
             ssl_client_certificate)",
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, cause};
    use super::*;
    use crate::model::probe::Asks;

    #[test]
    fn no_names_are_worth_a_word_and_names_are_not() {
        assert!(cause(&RULE, asks(Asks::Optional, &[])).is_some());
        assert_eq!(cause(&RULE, asks(Asks::Optional, &["CN=Issuing CA"])), None);
    }
}
