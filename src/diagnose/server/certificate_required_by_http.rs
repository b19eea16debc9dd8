//! `certificate-required-by-http`: the handshake is completed without a certificate, and the page is a refusal.

use super::{Found, ServerRule, versions};
use crate::model::finding::Severity;
use crate::model::probe::{HttpMeaning, Probe, VersionFacts};

pub(super) static RULE: ServerRule = ServerRule {
    id: "certificate-required-by-http",
    title: "the server requires a certificate on HTTP's level only",
    explanation: "\
The handshake is completed without a certificate, and the refusal is a page: nginx' `400 No required SSL certificate was sent`, IIS' 403.7, \
Tomcat's 401. No alert is sent, so TLS tools see no failure, and a browser has stored the connection as one without a certificate: it does not \
ask its user again until it is restarted.

How it is told: by status and words of the page.

What helps: knowing it. nginx can give the page another text by `error_page 495 496`.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let refused = |facts: &&VersionFacts| {
        let meaning = facts.http.as_ref().and_then(|http| http.meaning);
        meaning == Some(HttpMeaning::Required)
    };
    let by_page = || probe.versions.iter().filter(refused);
    let status = by_page().next()?.http.as_ref()?.status;
    Some(Found {
        severity: Severity::Note,
        title: "A certificate is required by HTTP only".into(),
        cause: format!(
            "Over {} the handshake is completed without a certificate, and then HTTP {status} says that one is required. TLS tools see \
             no failure there.",
            versions(by_page())
        ),
        remedies: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, cause};
    use super::*;
    use crate::model::probe::{Asks, HttpAnswer};

    #[test]
    fn a_page_that_says_so_is_told_of() {
        let page = |meaning| VersionFacts {
            http: Some(HttpAnswer {
                path: "/".into(),
                status: 400,
                location: None,
                meaning,
            }),
            ..asks(Asks::Required, &["CN=Issuing CA"])
        };
        assert!(
            cause(&RULE, page(Some(HttpMeaning::Required)))
                .unwrap()
                .contains("HTTP 400")
        );
        assert_eq!(cause(&RULE, page(None)), None);
    }
}
