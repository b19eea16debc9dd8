//! `client-gave-up`: the client was asked, and ended the connection.

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::remedy::client;
use crate::model::finding::{Finding, Severity};
use crate::model::visit::{End, Visit};

pub(super) static RULE: VisitRule = VisitRule {
    id: "client-gave-up",
    title: "the client was asked for a certificate and ended the connection",
    explanation: Some(
        "\
The request went out, and instead of a signature the end came. With an alert, mostly internal_error, it is nearly always the token \
that refused to sign: OpenSSL, GnuTLS, Java and Go send it then, and Firefox over TLS 1.3. handshake_failure means that the client \
found no scheme in the list for its key (Chrome). Without an alert there are two cases: browsers close the connection while they ask \
which certificate to take, and come back with it; and Chrome closes it so when the token refused to sign.

How it is told: no CertificateVerify came before the alert or the end.

What helps: what the client itself says, on its screen or in its log; the port with PKCS1 only, which a card without RSA-PSS can use; \
`cardcheck matrix --module M`, which sees what the token answers.",
    ),
    find,
};

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let visit = facts.visit;
    if visit.request.is_none() || visit.signed_with.is_some() || facts.came_back() {
        return None;
    }
    let (title, cause) = match visit.end {
        Some(End::Alert(alert)) => (
            format!("The client ended it with {alert} before it signed"),
            with_alert(visit, alert.0),
        ),
        Some(End::Closed) => (
            "The client closed the connection before it signed".into(),
            closed(visit).into(),
        ),
        _ => return None,
    };
    let severity = match visit.end {
        Some(End::Closed) if visit.chain.is_none() => Severity::Warning,
        _ => Severity::Error,
    };
    let remedies = vec![
        client("Look at what the client says, on its screen or in its log"),
        client(
            "Try the port with PKCS1 only: if the same card logs in there, its token has trouble with RSA-PSS",
        ),
        client("`cardcheck matrix --module M` tells what the token answers, and what to change"),
    ];
    Some(finding(RULE.id, severity, title, cause, remedies))
}

fn with_alert(visit: &Visit, alert: u8) -> String {
    let meaning = match alert {
        40 => "It found no scheme in the list that its key can use, or no certificate.",
        80 => {
            "Something failed inside the client: most likely the token refused to sign (inferred)."
        }
        90 => "Somebody cancelled it.",
        _ => "Why can't be told from here.",
    };
    let came = match visit.chain.as_ref().map(|chain| chain.len()) {
        None => "No certificate had come.",
        Some(_) => "Its certificate had come already, the signature had not.",
    };
    format!("{came} {meaning}")
}

fn closed(visit: &Visit) -> &'static str {
    match visit.chain {
        Some(_) => {
            "Its certificate came, but no signature: most likely the token refused to sign (inferred)."
        }
        None => {
            "Browsers do so while they ask which certificate to take, and come back: then look at the next line of the list. If it was \
             the last, the client gave up, and doesn't say why; Chrome does so when the token refuses to sign."
        }
    }
}
