//! `pss-listed-but-refused`, as far as it can be inferred from several visits: PKCS1 works, and where RSA-PSS would be
//! signed nothing comes.

use super::{VisitFacts, VisitRule, finding};
use crate::diagnose::pss_listed_but_refused;
use crate::diagnose::remedy::{card, server};
use crate::model::finding::{Finding, Severity};
use crate::model::key_type::KeyType;
use crate::model::scheme::Kind;
use crate::model::visit::{End, Visit};

pub(super) static RULE: VisitRule = VisitRule {
    id: "pss-listed-but-refused",
    title: "signs PKCS1 at one port, and nothing where RSA-PSS is asked for",
    explanation: None,
    find,
};

fn find(facts: &VisitFacts<'_>) -> Option<Finding> {
    let visit = facts.visit;
    let asked_for_pss = visit
        .request
        .as_ref()
        .is_some_and(|request| request.schemes.iter().any(|scheme| scheme.is_pss()));
    if !asked_for_pss || !went_silent(visit) || facts.came_back() {
        return None;
    }
    let other = facts.others.iter().find(|other| signed_pkcs1(other))?;
    let subject = other
        .certificate()
        .map(|certificate| certificate.subject.as_str());
    Some(finding(
        pss_listed_but_refused::RULE.id,
        Severity::Error,
        "The token most likely lists RSA-PSS and refuses it (inferred)",
        format!(
            "From the same address, visit {} logged in with `{}` and {}, where only PKCS1 could be chosen; here, where RSA-PSS is asked \
             for too, no signature came. That is what a client does whose token says that it can do RSA-PSS, and then refuses. It is \
             inferred from two visits: `cardcheck matrix --module M` tells it for certain.",
            other.number,
            subject.unwrap_or_default(),
            other
                .signed_with
                .map_or(String::new(), |scheme| scheme.to_string()),
        ),
        vec![
            server(
                "Ask clients for no RSA-PSS, and switch TLS 1.3 off on that host; `cardcheck matrix` gives the line, for each server software",
            ),
            card(
                "Use a newer module for this card, or a key of another type, such as EC P-256, which needs no PSS",
            ),
        ],
    ))
}

/// It was asked and didn't sign, without a word or with the alert that says that signing failed.
fn went_silent(visit: &Visit) -> bool {
    let gone = match &visit.end {
        None => visit.silent_for.as_secs() >= 10,
        Some(End::Silent | End::Closed) => true,
        Some(End::Alert(alert)) => alert.0 == 80,
        _ => false,
    };
    gone && visit.signed_with.is_none()
        && !visit.chain.as_ref().is_some_and(|chain| chain.is_empty())
}

fn signed_pkcs1(visit: &Visit) -> bool {
    let pkcs1 = |visit: &Visit| {
        visit
            .signed_with
            .is_some_and(|scheme| matches!(scheme.kind(), Kind::RsaPkcs1(_)))
    };
    let only = visit
        .request
        .as_ref()
        .is_some_and(|request| !request.schemes.iter().any(|scheme| scheme.is_pss()));
    let rsa = visit
        .certificate()
        .is_some_and(|certificate| certificate.public_key.key_type() == KeyType::Rsa);
    pkcs1(visit) && only && rsa
}
