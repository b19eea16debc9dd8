//! `orphan-certificate`: a certificate, not of a CA, that no key on the token belongs to.

use super::prose::{self, number};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::finding::{Finding, Severity};
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "orphan-certificate",
    title: "a certificate has no key on the token",
    explanation: "\
A certificate lies on the token, and no private key that belongs to it. It can't be used to log in. That is harmless if it is \
somebody else's certificate kept for encryption, or an old one whose key is gone. Some programs offer it in their list all the \
same, and fail when it is chosen.

How it is told: no private key on the token has the certificate's public key or its CKA_ID, and it is not a CA's. A key that \
shows only after login, or on a part of the card that this module doesn't show, is not seen.

What helps: nothing, if it is meant to be there; else delete it.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let with_orphans = facts
        .tokens
        .iter()
        .filter(|token| !token.orphan_certificates.is_empty());
    with_orphans.map(finding).collect()
}

fn finding(token: &Token) -> Finding {
    let subjects: Vec<String> = token
        .orphan_certificates
        .iter()
        .map(prose::certificate)
        .collect();
    let token = prose::token(Some(token));
    let count = subjects.len();
    Finding {
        id: RULE.id,
        severity: Severity::Note,
        title: format!(
            "{} on {token} {} no key",
            number(count, "A certificate", "Certificates"),
            number(count, "has", "have")
        ),
        cause: format!(
            "No private key on {token} belongs to the {} {}. It can't be used to log in.",
            number(count, "certificate", "certificates"),
            prose::and(&subjects)
        ),
        cells: Vec::new(),
        remedies: vec![card("Delete it if it is not meant to be there")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, certificate, token};

    #[test]
    fn a_certificate_without_a_key_is_noted() {
        let orphaned = Token {
            orphan_certificates: vec![certificate("CN=Jo", "CN=CA")],
            ..token("t1")
        };
        let found = find(&Fixture::of(orphaned).facts());
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].severity, found[0].cells.len()),
            (Severity::Note, 0)
        );
        assert!(found[0].cause.contains("certificate `CN=Jo`"));
    }

    #[test]
    fn without_one_there_is_nothing_to_note() {
        assert!(find(&Fixture::new().facts()).is_empty());
    }
}
