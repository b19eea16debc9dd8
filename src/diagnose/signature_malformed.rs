//! `signature-malformed`: what was to be signed, or what came back, has no form that TLS takes.

use super::case::{Case, cases};
use super::prose::{self, sentence};
use super::remedy::{NEWER_MODULE, card};
use super::{Facts, Rule};
use crate::model::cell::Stage;
use crate::model::finding::{Finding, Severity};

pub(super) static RULE: Rule = Rule {
    id: "signature-malformed",
    title: "a signature can't be put into the form that TLS takes",
    explanation: "\
Between C_Sign and TLS lies a change of form: an RSA signature has the length of the modulus, an ECDSA signature comes as two \
numbers, r and s, and goes out in DER. What this token gave, or what it would have been given, does not fit: too short, too \
long, or for a key whose size is not known.

How it is told: the host could not prepare the data, or could not read what C_Sign gave.

What helps: a newer module, or another one for this card.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    cases(facts, facts.failed_at(Stage::Encode), |cell| &cell.reason)
        .iter()
        .map(finding)
        .collect()
}

fn finding(case: &Case<'_>) -> Finding {
    let reasons = match case.reasons() {
        reasons if reasons.is_empty() => vec!["could not tell why"],
        reasons => reasons,
    };
    let (token, keys) = (case.token_named(), case.keys_named());
    let title =
        format!("A signature of {keys} on {token} can't be put into the form that TLS takes");
    let cause = format!(
        "{} on {token} was asked for a signature, and it could not be used: {}.",
        sentence(&keys),
        prose::and(&reasons)
    );
    let remedies = vec![card(NEWER_MODULE)];
    case.finding(RULE.id, Severity::Error, title, cause, remedies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    #[test]
    fn the_reason_is_given_as_it_was_found() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        let cell = fixture.fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Encode);
        cell.reason = Some("encoding: signature of 20 bytes where 256 are due".into());
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .cause
                .ends_with("encoding: signature of 20 bytes where 256 are due.")
        );
    }

    #[test]
    fn a_refusal_is_not_a_malformed_signature() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign);
        assert!(find(&fixture.facts()).is_empty());
    }
}
