//! Findings about a server that was probed: one file for each, pure functions over what it asks for.

mod any_certificate_accepted;
mod asked_after_handshake;
mod ca_names_long;
mod ca_names_missing;
mod ca_names_root_only;
mod certificate_request_malformed;
mod certificate_required_by_http;
mod old_tls_only;
mod one_way_tls;
mod server_certificate_untrusted;
mod versions_ask_differently;

use crate::model::certificate_request::CertificateRequest;
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::probe::{Probe, VersionFacts};

/// Every rule, in the order in which their findings are told.
pub static RULES: &[&ServerRule] = &[
    &certificate_request_malformed::RULE,
    &old_tls_only::RULE,
    &asked_after_handshake::RULE,
    &versions_ask_differently::RULE,
    &ca_names_long::RULE,
    &ca_names_root_only::RULE,
    &ca_names_missing::RULE,
    &any_certificate_accepted::RULE,
    &certificate_required_by_http::RULE,
    &server_certificate_untrusted::RULE,
    &one_way_tls::RULE,
];

/// A finding's rule.
#[derive(Debug)]
pub struct ServerRule {
    /// Stable, kebab case.
    pub id: &'static str,
    /// One line, for a list of all findings.
    pub title: &'static str,
    /// The long text: what it is, how it was told, what helps.
    pub explanation: &'static str,
    /// Looks for it.
    find: fn(&Probe) -> Option<Found>,
}

/// What a rule found.
struct Found {
    severity: Severity,
    title: String,
    cause: String,
    remedies: Vec<Remedy>,
}

/// What the facts about a server mean, the worst first.
pub fn diagnose(probe: &Probe) -> Vec<Finding> {
    let found = RULES.iter().filter_map(|rule| {
        let found = (rule.find)(probe)?;
        Some(Finding {
            id: rule.id,
            severity: found.severity,
            title: found.title,
            cause: found.cause,
            cells: Vec::new(),
            remedies: found.remedies,
        })
    });
    let mut findings: Vec<Finding> = found.collect();
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// The rule of this id.
pub fn by_id(id: &str) -> Option<&'static ServerRule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// What it asks with, each with its version; newest first.
fn requests(probe: &Probe) -> impl Iterator<Item = (&VersionFacts, &CertificateRequest)> {
    let spoken = probe.versions.iter();
    spoken.filter_map(|facts| Some((facts, facts.request.as_ref()?)))
}

/// `TLS 1.3 and TLS 1.2`.
fn versions<'a>(facts: impl Iterator<Item = &'a VersionFacts>) -> String {
    let names: Vec<String> = facts
        .map(|facts| format!("TLS {}", facts.version))
        .collect();
    super::prose::joined(&names, "and")
}

#[cfg(test)]
mod fixtures;

#[cfg(test)]
mod tests {
    use super::fixtures::{asks, probe};
    use super::*;
    use crate::model::probe::Asks;
    use crate::model::protocol::Protocol;

    #[test]
    fn an_id_is_nobody_else_s() {
        let of_cells = super::super::RULES.iter().map(|rule| rule.id);
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).chain(of_cells).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn a_server_that_asks_for_what_it_should_has_no_findings() {
        let sound = asks(Asks::Required, &["CN=Issuing CA,O=Acme"]);
        let probe = probe(&[(Protocol::V1_3, sound.clone()), (Protocol::V1_2, sound)]);
        let ids: Vec<_> = diagnose(&probe).iter().map(|found| found.id).collect();
        assert_eq!(ids, [""; 0]);
    }
}
