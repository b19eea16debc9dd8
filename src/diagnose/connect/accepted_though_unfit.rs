//! `accepted-though-unfit`: the server lets in what, by its own request or by RFC 5280, it would not have to.

use super::super::Facts;
use super::super::case::cases;
use super::super::remedy::server;
use super::{ConnectRule, Visit};
use crate::model::cell::{Cell, Outcome};
use crate::model::finding::{Finding, Severity};
use crate::model::fit::{Exclusion, FitRule};

pub(super) static RULE: ConnectRule = ConnectRule {
    id: "accepted-though-unfit",
    title: "the server lets in a certificate that does not fit",
    explanation: "\
The certificate does not fit what the server asks for, or is not for logins, and the server accepted it all the same. Some servers do not \
look at usages or dates (gnutls-serv takes any extendedKeyUsage; Apache with optional_no_ca takes anything), some take more issuers than they name. \
That is no trouble for who logs in, as long as the client sends the certificate: browsers go by the CA names and by the usages, and \
leave out what does not fit.

How it is told: a login with this key was accepted, and a rule of TLS or of RFC 5280 excludes its certificate.

What helps: nothing, if such logins are wanted; else the server's own check of what is missing.",
    find,
};

fn find(facts: &Facts<'_>, visit: &Visit<'_>) -> Vec<Finding> {
    let accepted = facts.cells.iter().enumerate().filter(|(_, cell)| {
        cell.outcome == Outcome::Pass && first_exclusion(visit, cell).is_some()
    });
    let cases = cases(facts, accepted, |cell| {
        (&cell.key, first_exclusion(visit, cell).cloned())
    });
    let found = cases.iter().filter_map(|case| {
        let (_, cell) = case.cells.first()?;
        let exclusion = first_exclusion(visit, cell)?;
        let keys = case.keys_named();
        let title = format!(
            "{} lets {keys} in, though its certificate does not fit",
            visit.server
        );
        let cause = format!(
            "{} {} accepted the login with it all the same.{}",
            exclusion.reason,
            visit.server,
            consequence(exclusion.rule)
        );
        let remedies = vec![server(
            "Have the server check what is missing, if such logins are not wanted",
        )];
        Some(case.finding(RULE.id, Severity::Note, title, cause, remedies))
    });
    found.collect()
}

fn first_exclusion<'a>(visit: &Visit<'a>, cell: &Cell) -> Option<&'a Exclusion> {
    visit.fit(cell)?.exclusions.first()
}

fn consequence(rule: FitRule) -> &'static str {
    match rule {
        FitRule::IssuerNotInCaNames | FitRule::IssuerOfOtherStringType => {
            " It takes more issuers than it names; clients that go by the names, such as browsers, send no certificate."
        }
        FitRule::EkuLacksClientAuth | FitRule::KuLacksDigitalSignature => {
            " Browsers do not offer such a certificate."
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::fit::Fit;
    use crate::model::version::TlsVersion::V1_3;

    fn found(rules: &[FitRule], outcome: Outcome) -> Vec<Finding> {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.cell("k1", "openssl-3.0", V1_3, "any", outcome);
        let exclusions = rules.iter().map(|rule| Exclusion {
            rule: *rule,
            reason: "It is not so.".into(),
        });
        let fit = Fit {
            key: Some("k1".into()),
            token: "t1".into(),
            subject: None,
            sha256: None,
            version: V1_3,
            exclusions: exclusions.collect(),
            bridge: None,
        };
        let visit = Visit {
            server: "portal.example:443",
            fits: &[fit],
            retries: &[],
            names_cas: true,
        };
        find(&fixture.facts(), &visit)
    }

    #[test]
    fn a_server_that_takes_more_than_it_names_is_told() {
        let found = found(&[FitRule::IssuerNotInCaNames], Outcome::Pass);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        insta::assert_snapshot!(found[0].cause, @"It is not so. portal.example:443 accepted the login with it all the same. It takes more issuers than it names; clients that go by the names, such as browsers, send no certificate.");
    }

    #[test]
    fn what_fits_and_what_is_refused_is_no_news() {
        assert!(found(&[], Outcome::Pass).is_empty());
        assert!(found(&[FitRule::Expired], Outcome::Fail).is_empty());
    }
}
