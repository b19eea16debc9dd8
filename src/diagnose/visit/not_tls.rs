//! `not-tls`: what came is no TLS.

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::remedy::client;
use crate::model::finding::{Finding, Severity};
use crate::model::visit::End;

pub(super) static RULE: VisitRule = VisitRule {
    id: "not-tls",
    title: "what came to the port is no TLS",
    explanation: Some(
        "\
A port of `cardcheck serve` that asks for certificates speaks TLS only. What came began otherwise, mostly as HTTP: the address was \
typed with http:// instead of https://, or a proxy or a health check stands between.

How it is told: the first bytes are no TLS record.

What helps: https:// in the address.",
    ),
    find,
};

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let Some(End::NotTls { http }) = facts.visit.end else {
        return None;
    };
    let cause = match http {
        true => "The client spoke HTTP without TLS.",
        false => "The first bytes are no TLS record.",
    };
    let remedies = vec![client("Open the address with https://")];
    Some(finding(
        RULE.id,
        Severity::Error,
        "What came to this port is no TLS",
        cause.into(),
        remedies,
    ))
}
