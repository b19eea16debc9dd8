//! `asked-after-handshake`: the server asks only once it knows the path, which many clients can't answer.

use super::super::remedy::server;
use super::{Found, ServerRule, versions};
use crate::model::finding::Severity;
use crate::model::probe::{Moment, Probe, VersionFacts};

pub(super) static RULE: ServerRule = ServerRule {
    id: "asked-after-handshake",
    title: "the server asks for a certificate after the handshake",
    explanation: "\
A server whose setting belongs to a path (Apache: SSLVerifyClient in a Location or Directory; IIS: a site that negotiates) knows only after \
the HTTP request that it wants a certificate. In TLS 1.2 it asks for a second handshake (HelloRequest, renegotiation), which HTTP/2 forbids and \
many clients refuse. In TLS 1.3 that is post-handshake authentication, which no browser offers: the page is a 403, and Apache logs AH10158.

How it is told: a HelloRequest after the request in TLS 1.2; the words of the page in TLS 1.3.

What helps: asking in the handshake, for the whole host; a host of its own for the pages that need a certificate.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let late = |moment| {
        let asked = move |facts: &&VersionFacts| facts.asked_during == Some(moment);
        probe.versions.iter().filter(asked)
    };
    let renegotiates = late(Moment::Renegotiation).next().is_some();
    let post_handshake = late(Moment::PostHandshake).next().is_some();
    let cause = match (renegotiates, post_handshake) {
        (false, false) => return None,
        (true, false) => format!(
            "Over {} the server asks for a certificate by renegotiation, once it has seen the path. HTTP/2 forbids that, and many \
             clients refuse it.",
            versions(late(Moment::Renegotiation))
        ),
        (false, true) => "Over TLS 1.3 the server would ask after the handshake, which no browser offers: they get its 403.".into(),
        (true, true) => "The server asks for a certificate once it has seen the path: over TLS 1.2 by renegotiation, which HTTP/2 \
             forbids and many clients refuse; over TLS 1.3 after the handshake, which no browser offers: they get its 403."
            .into(),
    };
    Some(Found {
        severity: Severity::Warning,
        title: "The server asks for a certificate after the handshake".into(),
        cause,
        remedies: vec![server(
            "Ask in the handshake: a virtual host of its own for what needs a certificate, with SSLVerifyClient (Apache) outside of \
             any Location or Directory; IIS: `netsh http` with clientcertnegotiation=enable for the binding",
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{found, probe};
    use super::*;
    use crate::model::protocol::Protocol;

    fn asked(moment: Moment) -> VersionFacts {
        VersionFacts {
            asked_during: Some(moment),
            ..VersionFacts::unknown(Protocol::V1_2)
        }
    }

    #[test]
    fn both_ways_of_asking_late_are_told_and_asking_in_time_is_not() {
        let renegotiates = (Protocol::V1_2, asked(Moment::Renegotiation));
        let page = (Protocol::V1_3, asked(Moment::PostHandshake));
        let cause = found(&RULE, &probe(std::slice::from_ref(&renegotiates))).unwrap();
        assert!(cause.starts_with("Over TLS 1.2 the server asks"), "{cause}");
        let cause = found(&RULE, &probe(&[page, renegotiates])).unwrap();
        assert!(cause.contains("no browser offers"), "{cause}");
        let in_time = (Protocol::V1_2, asked(Moment::Handshake));
        assert_eq!(found(&RULE, &probe(&[in_time])), None);
    }
}
