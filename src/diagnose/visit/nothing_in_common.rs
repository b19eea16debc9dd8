//! `nothing-in-common`: the handshake ended before anything was asked for.

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::prose;
use crate::diagnose::remedy::client;
use crate::model::finding::{Finding, Severity};
use crate::model::version::TlsVersion;
use crate::model::visit::{End, Hello};

pub(super) static RULE: VisitRule = VisitRule {
    id: "nothing-in-common",
    title: "client and server found no common version, suite or group",
    explanation: Some(
        "\
The handshake ended before the server could ask for a certificate: the client offered no version, no cipher suite, no group or no \
signature scheme that the server has. cardcheck's server speaks TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only, \
and only the versions of the profile.

How it is told: the server ended it after the ClientHello.

What helps: a port with another version, or a newer client.",
    ),
    find,
};

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let visit = facts.visit;
    let hello = visit.hello.as_ref()?;
    if visit.request.is_some() || !matches!(visit.end, Some(End::Refused(_))) {
        return None;
    }
    let speaks = TlsVersion::ALL
        .into_iter()
        .filter(|version| facts.profile.schemes(*version).is_some());
    let ours: Vec<TlsVersion> = speaks.collect();
    let cause = match ours.iter().any(|version| offers(hello, *version)) {
        true => "The client offered a version that is spoken here, but no cipher suite, group or signature scheme that is.".into(),
        false => format!(
            "This port speaks TLS {}, and the client doesn't.",
            prose::and(&ours.iter().map(|version| version.name()).collect::<Vec<_>>())
        ),
    };
    let remedies = vec![client(
        "Try a port that speaks another version, or a newer client",
    )];
    Some(finding(
        RULE.id,
        Severity::Error,
        "Client and server have nothing in common",
        cause,
        remedies,
    ))
}

fn offers(hello: &Hello, version: TlsVersion) -> bool {
    hello.versions.contains(&version.code_point())
}
