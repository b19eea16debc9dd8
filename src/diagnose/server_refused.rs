//! `server-refused`: the server refused, or the connection ended, for a reason that no other finding names.

use super::case::{Case, cases};
use super::prose::{self, sentence};
use super::remedy::server;
use super::{Facts, Rule};
use crate::model::cell::{Outcome, Stage};
use crate::model::finding::{Finding, Severity};

pub(super) static RULE: Rule = Rule {
    id: "server-refused",
    title: "the server refused the login, or the connection ended",
    explanation: "\
A certificate went out, and the server ended the connection with an alert; or the connection ended without one. An alert says \
little, and servers differ in which they send: unknown_ca is about the issuer or a missing intermediate certificate, \
unsupported_certificate often about the extended key usage, certificate_expired about the date or a clock, decrypt_error about \
the signature, illegal_parameter about a scheme that was not asked for or is not legal.

How it is told: the alert's name, and the reason where the server gave one.

What helps: the server's own log says more than its alert.",
    find,
};

const MEANINGS: &[(&str, &str)] = &[
    (
        "handshake_failure",
        "It can mean anything, also that no certificate came.",
    ),
    (
        "bad_certificate",
        "Something about the certificate is not to the server's liking, often the size of its key.",
    ),
    (
        "unsupported_certificate",
        "The certificate is of a kind that the server doesn't take, often for its extended key usage.",
    ),
    ("certificate_revoked", "The certificate is revoked."),
    (
        "certificate_expired",
        "The certificate is not valid now, or a clock is wrong.",
    ),
    (
        "certificate_unknown",
        "The server has an objection to the certificate that the alert doesn't tell.",
    ),
    (
        "illegal_parameter",
        "The scheme was not asked for, or is not legal in this version or with this key.",
    ),
    (
        "unknown_ca",
        "The server doesn't know the issuer, or an intermediate certificate was not sent.",
    ),
    (
        "access_denied",
        "The certificate is good, but this person may not log in.",
    ),
    ("decode_error", "The server could not read what was sent."),
    ("decrypt_error", "The signature does not check."),
    ("protocol_version", "The server doesn't speak this version."),
    (
        "insufficient_security",
        "The server wants stronger algorithms.",
    ),
    ("internal_error", "Something went wrong inside the server."),
    ("certificate_required", "The server got no certificate."),
];

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let refused = facts
        .open(Outcome::Fail)
        .filter(|(_, cell)| matches!(cell.stage, Some(Stage::ServerVerify | Stage::Transport)));
    cases(facts, refused, |cell| (cell.stage, &cell.alert))
        .iter()
        .map(finding)
        .collect()
}

fn finding(case: &Case<'_>) -> Finding {
    let first = case.cells.first().map(|(_, cell)| *cell);
    let alert = first.and_then(|cell| cell.alert.as_deref());
    let what = match (alert, first.and_then(|cell| cell.stage)) {
        (Some(alert), _) => format!("refused with {alert}"),
        (None, Some(Stage::Transport)) => "and client came to no end: the connection broke".into(),
        (None, _) => "refused without an alert".into(),
    };
    let meaning = alert.and_then(|alert| MEANINGS.iter().find(|(name, _)| *name == alert));
    let meaning = meaning.map_or("Could not tell more from this.", |(_, meaning)| *meaning);
    let reasons = match case.reasons().as_slice() {
        [] => String::new(),
        reasons => format!(" {}.", sentence(&prose::and(reasons))),
    };
    let cause = format!(
        "{} {what}, with {} on {}. {meaning}{reasons}",
        sentence(&case.servers_named()),
        case.keys_named(),
        case.token_named()
    );
    let remedies = vec![server(
        "Look into the server's log: it says more than the alert",
    )];
    case.finding(
        RULE.id,
        Severity::Error,
        format!("The server {what}"),
        cause,
        remedies,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    #[test]
    fn the_alert_is_named_with_what_it_may_mean() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture
            .fails("k1", "openssl-3.0", V1_2, "firefox", Stage::ServerVerify)
            .alert = Some("unknown_ca".into());
        fixture.fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Transport);
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].title, "The server refused with unknown_ca");
        assert!(found[0].cause.contains("doesn't know the issuer"));
        assert!(found[1].cause.contains("Could not tell more"));
    }

    #[test]
    fn a_login_that_passed_is_no_refusal() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.cell("k1", "openssl-3.0", V1_2, "firefox", Outcome::Pass);
        assert!(find(&fixture.facts()).is_empty());
    }
}
