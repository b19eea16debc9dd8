//! `server-certificate-untrusted`: what is wrong with the server's own certificate.

use super::{Found, ServerRule};
use crate::model::finding::Severity;
use crate::model::probe::Probe;

pub(super) static RULE: ServerRule = ServerRule {
    id: "server-certificate-untrusted",
    title: "the server's own certificate is not trusted, or not for this name",
    explanation: "\
Before a browser comes to the user's certificate it judges the server's. One that leads to no trusted root, has expired or is for another name \
stops it there, and the failure has nothing to do with the card.

How it is told: the chain that the server sent against this system's roots, or those of `--ca`, and the name against the certificate's \
subjectAltName (RFC 9525).

What helps: if the server is one of your own, its CA by `--ca`; else the right name by `--server-name`, or the missing intermediate at the server.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let certificate = probe.server_certificate.as_ref()?;
    let problem = certificate.problem.as_ref()?;
    Some(Found {
        severity: Severity::Warning,
        title: "The server's own certificate is not accepted here".into(),
        cause: format!(
            "The server's certificate, `{}`: {problem}. The probe went on all the same; a browser warns, and a program stops.",
            certificate.subject
        ),
        remedies: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{found, probe};
    use super::*;
    use crate::model::probe::ServerCertificate;

    #[test]
    fn the_problem_is_told_in_its_own_words() {
        let mut probe = probe(&[]);
        let mut certificate = ServerCertificate {
            subject: "CN=portal".into(),
            issuer: "CN=CA".into(),
            not_after: 0,
            sha256: String::new(),
            trusted: true,
            matches_name: true,
            problem: None,
            intermediates: 0,
        };
        probe.server_certificate = Some(certificate.clone());
        assert_eq!(found(&RULE, &probe), None);
        certificate.problem = Some("it has expired".into());
        probe.server_certificate = Some(certificate);
        assert!(
            found(&RULE, &probe)
                .unwrap()
                .contains("`CN=portal`: it has expired")
        );
    }
}
