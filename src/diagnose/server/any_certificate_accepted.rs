//! `any-certificate-accepted`: TLS takes a certificate that nobody issued.

use super::{Found, ServerRule, versions};
use crate::model::finding::Severity;
use crate::model::probe::{Asks, Probe, Reaction, VersionFacts};

pub(super) static RULE: ServerRule = ServerRule {
    id: "any-certificate-accepted",
    title: "the server takes a certificate that nobody issued",
    explanation: "\
The server asks for a certificate and goes on with one that cardcheck made for itself a moment before. So it does not check who issued it, at \
least not in TLS: the application behind it may look (nginx: ssl_verify_client optional_no_ca; Apache: SSLVerifyClient optional_no_ca; an identity \
provider that checks by itself), or nobody does.

How it is told: a handshake with a throw-away, self-signed certificate was completed, and no refusal came after it.

What helps: seeing to it that the application checks the issuer, validity and revocation of what it is handed.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let takes = |facts: &&VersionFacts| {
        let asks = matches!(facts.asks, Asks::Optional | Asks::Required);
        asks && facts.with_stranger == Some(Reaction::Accepted)
    };
    let taking = || probe.versions.iter().filter(takes);
    taking().next()?;
    Some(Found {
        severity: Severity::Note,
        title: "The server takes a certificate that nobody issued".into(),
        cause: format!(
            "Over {} the handshake goes on with a throw-away certificate. Whether the application behind it looks at who issued it \
             can't be told from here.",
            versions(taking())
        ),
        remedies: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, cause};
    use super::*;

    #[test]
    fn only_who_takes_a_stranger_is_told_of() {
        let refuses = asks(Asks::Required, &[]);
        assert_eq!(cause(&RULE, refuses.clone()), None);
        let takes = VersionFacts {
            with_stranger: Some(Reaction::Accepted),
            ..refuses
        };
        assert!(cause(&RULE, takes).is_some());
    }
}
