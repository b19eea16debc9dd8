//! `no-certificate-sent`: the client answered the request with no certificate.

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::remedy::client;
use crate::model::finding::{Finding, Severity};
use crate::model::version::TlsVersion;
use crate::model::visit::Visit;

pub(super) static RULE: VisitRule = VisitRule {
    id: "no-certificate-sent",
    title: "the client answered the request with no certificate",
    explanation: Some(
        "\
The client answered, and its answer is an empty Certificate message. Nobody says why. It may be the person's choice (Cancel, or a \
browser that remembers an earlier Cancel); no card, or the browser doesn't have the card's module; no certificate whose issuer is \
among the CA names that the server sent; or no scheme that the key can use: over TLS 1.3 an RSA key must sign with RSA-PSS, and a card \
that lists no PSS has nothing to sign with, so Firefox sends no certificate without a word.

How it is told: the Certificate message came and is empty. Which of the causes it was can't be told from the server's side.

What helps: try the port with TLS 1.2 and PKCS1. If a certificate comes there, the card has no RSA-PSS. If none comes anywhere, look \
whether the browser lists the certificate at all.",
    ),
    find,
};

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let visit = facts.visit;
    if !visit.chain.as_ref().is_some_and(|chain| chain.is_empty()) {
        return None;
    }
    Some(finding(
        RULE.id,
        Severity::Error,
        "The client answered, but sent no certificate",
        format!("{} Why can't be told from here.", causes(visit)),
        vec![
            client(
                "See that the browser has the card's module and lists the certificate; end it and start it again, for it remembers a Cancel",
            ),
            client(
                "Try the other ports: where only PKCS1 is asked for over TLS 1.2, a card without RSA-PSS can log in",
            ),
            client("`cardcheck matrix --module M` tells it for certain from the card's side"),
        ],
    ))
}

fn causes(visit: &Visit) -> String {
    let mut causes = vec![
        "nobody chose one",
        "the client has none, or doesn't see the card",
    ];
    if visit
        .request
        .as_ref()
        .is_some_and(|request| !request.ca_names.is_empty())
    {
        causes.push("none was issued by a CA whose name was sent");
    }
    causes.push(match visit.agreed.version {
        Some(TlsVersion::V1_3) => {
            "nothing in the list fits: over TLS 1.3 an RSA key needs RSA-PSS, which not every card has"
        }
        _ => "nothing in the list fits its key",
    });
    let causes: Vec<String> = causes.into_iter().map(str::to_owned).collect();
    format!("One of these: {}.", causes.join("; "))
}
