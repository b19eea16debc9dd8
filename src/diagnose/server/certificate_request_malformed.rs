//! `certificate-request-malformed`: the CertificateRequest itself is broken.

use super::super::remedy::server;
use super::{Found, ServerRule, requests};
use crate::model::finding::Severity;
use crate::model::probe::Probe;

pub(super) static RULE: ServerRule = ServerRule {
    id: "certificate-request-malformed",
    title: "the CertificateRequest is malformed",
    explanation: "\
The message with which the server asks for a certificate can't be read to its end, or holds a CA name that is no name. Clients end the \
handshake over it, or leave out what they can't read.

How it is told: the bytes of the message against RFC 5246 §7.4.4 and RFC 8446 §4.3.2, each name against RFC 5280.

What helps: a look at the file of CA certificates or names that the server was given; a newer version of the server.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let (facts, what) = requests(probe).find_map(|(facts, request)| {
        let nameless = request
            .ca_names
            .iter()
            .filter(|name| name.text.is_none())
            .count();
        match (request.defect, nameless) {
            (Some(defect), _) => Some((facts, defect.to_string())),
            (None, 0) => None,
            (None, count) => Some((
                facts,
                format!("{count} of the CA names can't be read as one"),
            )),
        }
    })?;
    Some(Found {
        severity: Severity::Error,
        title: "The server's CertificateRequest is malformed".into(),
        cause: format!("Over TLS {} {what}.", facts.version),
        remedies: vec![server(
            "Look at the file of CA certificates that the server was given, and at the server's version",
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, cause};
    use super::*;
    use crate::model::certificate_request::{CaName, Defect};
    use crate::model::probe::Asks;

    #[test]
    fn a_cut_list_and_a_name_that_is_none_are_both_malformed() {
        let mut facts = asks(Asks::Required, &["CN=Issuing CA"]);
        assert_eq!(cause(&RULE, facts.clone()), None);
        let request = facts.request.as_mut().unwrap();
        request.ca_names.push(CaName::new(vec![1, 2]));
        assert!(
            cause(&RULE, facts.clone())
                .unwrap()
                .contains("1 of the CA names")
        );
        facts.request.as_mut().unwrap().defect = Some(Defect::NamesCut);
        assert!(
            cause(&RULE, facts)
                .unwrap()
                .contains("in the middle of a name")
        );
    }
}
