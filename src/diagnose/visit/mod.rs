//! What a visit to one of our own ports means: the same idea as a run's findings, seen from the server's side.
//!
//! A server sees less than a run: no token, no client's name. What it can't know is said to be inferred, or not at all.

mod certificate_refused;
mod client_gave_up;
mod client_silent;
mod no_certificate_sent;
mod not_tls;
mod nothing_in_common;
mod pss_refused_elsewhere;
mod scheme_not_asked_for;
mod server_not_trusted;
mod signature_wrong;

use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::profile::Profile;
use crate::model::visit::{End, Visit};

/// Every rule, in order of precedence: the first one that has something to say says it; what is wrong with a certificate is
/// said besides.
static RULES: &[&VisitRule] = &[
    &not_tls::RULE,
    &server_not_trusted::RULE,
    &nothing_in_common::RULE,
    &pss_refused_elsewhere::RULE,
    &no_certificate_sent::RULE,
    &client_silent::RULE,
    &client_gave_up::RULE,
    &scheme_not_asked_for::RULE,
    &signature_wrong::RULE,
];

/// A visit, and what may shed light on it.
#[derive(Clone, Copy, Debug)]
pub struct VisitFacts<'a> {
    /// The visit.
    pub visit: &'a Visit,
    /// What was asked for.
    pub profile: &'a Profile,
    /// Other visits from the same address.
    pub others: &'a [Visit],
}

impl VisitFacts<'_> {
    /// It closed the connection unanswered and came again: browsers do so while they ask which certificate to take.
    fn came_back(&self) -> bool {
        let visit = self.visit;
        let later = |other: &Visit| other.door == visit.door && other.number > visit.number;
        visit.end == Some(End::Closed) && visit.chain.is_none() && self.others.iter().any(later)
    }
}

/// A finding's rule.
#[derive(Debug)]
pub struct VisitRule {
    /// Stable, kebab case.
    pub id: &'static str,
    /// One line, for a list of all findings.
    pub title: &'static str,
    /// The long text; `None`: it is a finding of runs too, whose text it has.
    pub explanation: Option<&'static str>,
    /// Looks for it.
    find: fn(&VisitFacts<'_>) -> Option<Finding>,
}

/// The rules of findings that only visits have.
pub fn rules() -> impl Iterator<Item = &'static VisitRule> {
    let own = |rule: &&VisitRule| rule.explanation.is_some();
    RULES.iter().copied().filter(own)
}

/// What the visit means.
pub fn diagnose_visit(facts: &VisitFacts<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES
        .iter()
        .find_map(|rule| (rule.find)(facts))
        .into_iter()
        .collect();
    findings.extend(certificate_refused::find(facts.visit));
    findings
}

/// A finding without cells.
fn finding(
    id: &'static str,
    severity: Severity,
    title: impl Into<String>,
    cause: String,
    remedies: Vec<Remedy>,
) -> Finding {
    Finding {
        id,
        severity,
        title: title.into(),
        cause,
        cells: Vec::new(),
        remedies,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;
    use std::time::Duration;

    use crate::model::certificate::Certificate;
    use crate::model::public_key::PublicKey;
    use crate::model::request::Request;
    use crate::model::scheme::Scheme;
    use crate::model::version::TlsVersion;
    use crate::model::visit::Sent;

    /// Asked for these over TLS 1.2, and silent since.
    fn silent(number: u64, schemes: &[u16]) -> Visit {
        Visit {
            number,
            door: "door".into(),
            request: Some(Request {
                version: TlsVersion::V1_2,
                schemes: schemes.iter().copied().map(Scheme).collect(),
                ca_names: Vec::new(),
            }),
            silent_for: Duration::from_secs(12),
            ..Visit::default()
        }
    }

    fn logged_in_with_pkcs1() -> Visit {
        let certificate = Certificate {
            public_key: PublicKey::rsa(&[0xc1; 256], &[1, 0, 1], false),
            ..Certificate::default()
        };
        Visit {
            chain: Some(Arc::new(vec![Sent {
                der: Vec::new(),
                read: Ok(Box::new(certificate)),
            }])),
            signed_with: Some(Scheme(0x0401)),
            end: Some(End::Finished),
            ..silent(9, &[0x0401])
        }
    }

    fn found(visit: &Visit, others: &[Visit]) -> Vec<&'static str> {
        let profile = Profile {
            name: "door".into(),
            ..Profile::default()
        };
        let findings = diagnose_visit(&VisitFacts {
            visit,
            profile: &profile,
            others,
        });
        findings.iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn silence_alone_is_told_as_silence_and_with_pkcs1_elsewhere_as_a_token_that_lies() {
        let visit = silent(1, &[0x0804, 0x0401]);
        assert_eq!(found(&visit, &[]), ["client-silent"]);
        let elsewhere = [logged_in_with_pkcs1()];
        assert_eq!(found(&visit, &elsewhere), ["pss-listed-but-refused"]);
        // no PSS was asked for: that is not it
        assert_eq!(found(&silent(1, &[0x0401]), &elsewhere), ["client-silent"]);
    }

    #[test]
    fn who_closed_and_came_back_only_asked_somebody() {
        let closed = Visit {
            end: Some(End::Closed),
            ..silent(1, &[0x0804])
        };
        assert_eq!(found(&closed, &[]), ["client-gave-up"]);
        let none: [&str; 0] = [];
        assert_eq!(found(&closed, &[silent(2, &[0x0804])]), none);
    }

    #[test]
    fn every_rule_of_visits_has_its_text_in_one_place() {
        for rule in RULES {
            let of_runs = crate::diagnose::by_id(rule.id);
            assert_eq!(of_runs.is_some(), rule.explanation.is_none(), "{}", rule.id);
        }
    }
}
