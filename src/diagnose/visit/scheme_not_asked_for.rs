//! `scheme-not-asked-for`: the client signed with what it must not sign with.

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::prose::sentence;
use crate::diagnose::remedy::client;
use crate::model::finding::{Finding, Severity};
use crate::model::visit::Objection;

pub(super) static RULE: VisitRule = VisitRule {
    id: "scheme-not-asked-for",
    title: "the client signed with a scheme that was not asked for, or is not legal",
    explanation: Some(
        "\
The scheme of a CertificateVerify must be one of the request's signature_algorithms (RFC 8446 4.4.3, RFC 5246 7.4.8). TLS 1.3 has no \
PKCS1 and no SHA-1 in it, and binds each ECDSA scheme to its curve. Servers end the handshake with illegal_parameter or \
handshake_failure.

How it is told: the scheme of the CertificateVerify is not in the list, or not for this key in this version.

What helps: it is a mistake of the client: a newer version of it.",
    ),
    find,
};

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let wrong = |objection: &&Objection| {
        matches!(
            objection,
            Objection::NotAskedFor(_) | Objection::NotLegal(_)
        )
    };
    let objection = facts.visit.objections.iter().find(wrong)?;
    Some(finding(
        RULE.id,
        Severity::Error,
        "The client signed with a scheme that it must not use here",
        format!(
            "{}. Servers refuse that with illegal_parameter. It is a mistake of the client, not of the card.",
            sentence(&objection.to_string())
        ),
        vec![client("Try a newer version of the client")],
    ))
}
