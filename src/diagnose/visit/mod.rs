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

    #[test]
    fn every_rule_of_visits_has_its_text_in_one_place() {
        for rule in RULES {
            let of_runs = crate::diagnose::by_id(rule.id);
            assert_eq!(of_runs.is_some(), rule.explanation.is_none(), "{}", rule.id);
        }
    }
}
