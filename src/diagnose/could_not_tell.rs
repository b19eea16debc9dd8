//! `could-not-tell`: the harness could not find out.

use super::case::{Case, cases};
use super::prose::{distinct, sentence};
use super::{Facts, Rule};
use crate::model::cell::Outcome;
use crate::model::finding::{Finding, Severity};

pub(super) static RULE: Rule = Rule {
    id: "could-not-tell",
    title: "cardcheck could not tell",
    explanation: "\
Some cells have no result: cardcheck's own server can't ask for everything that real servers ask for, or has no verifier for \
the algorithm, or something went wrong that says nothing of the card. They are neither a pass nor a failure of the key.

How it is told: the reason is given with the finding and in the report's cells.

What helps: try such a server itself, with `cardcheck connect`.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let untold = facts.open(Outcome::Error).chain(facts.open(Outcome::Fail));
    cases(facts, untold, |cell| &cell.reason)
        .iter()
        .map(finding)
        .collect()
}

fn finding(case: &Case<'_>) -> Finding {
    let keys = distinct(case.cells.iter().map(|(_, cell)| &cell.key)).len();
    let reason = match case.reasons().as_slice() {
        [] => "No reason is known.".to_owned(),
        reasons => format!("{}.", sentence(&reasons.join("; "))),
    };
    let cause = format!(
        "Could not tell about {} on {} at {}. {reason}",
        case.keys_named(),
        case.token_named(),
        case.servers_named()
    );
    let title = format!(
        "Could not tell about some logins of {}",
        if keys == 1 {
            case.keys_named()
        } else {
            case.token_named()
        }
    );
    case.finding(RULE.id, Severity::Warning, title, cause, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    #[test]
    fn the_reason_is_given_and_nothing_is_blamed() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture
            .cell("k1", "openssl-3.0", V1_2, "any", Outcome::Error)
            .reason = Some("no verifier".into());
        let found = find(&fixture.facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert_eq!(
            found[0].cause,
            "Could not tell about key `k1` on token `card` at server `openssl-3.0`. No verifier."
        );
    }

    #[test]
    fn a_skipped_cell_says_so_itself() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.cell("k1", "openssl-3.0", V1_2, "any", Outcome::Skipped);
        assert!(find(&fixture.facts()).is_empty());
    }
}
