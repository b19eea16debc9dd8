//! `orphan-key`: a private key without a certificate.

use super::prose::{self, number, sentence};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::cell::Outcome;
use crate::model::finding::{Finding, Severity};
use crate::model::key::{Key, Pairing};
use crate::model::key_type::KeyType;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "orphan-key",
    title: "a key has no certificate on the token",
    explanation: "\
A private key lies on the token, and no certificate that belongs to it. Without one it can't log in with TLS. Either the \
certificate was never written, or it was deleted, or the card keeps it where this module doesn't show it. The key was still \
tried for what it can sign.

How it is told: no certificate on the token has the key's CKA_ID or its public key.

What helps: write the certificate to the card, under the key's CKA_ID.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let orphans =
        facts.tokens_with(|key| key.pairing == Pairing::None && key.key_type != KeyType::Other);
    orphans
        .iter()
        .map(|(token, keys)| finding(facts, token, keys))
        .collect()
}

fn finding(facts: &Facts<'_>, token: &Token, keys: &[&Key]) -> Finding {
    let (named, has) = (prose::keys(keys), number(keys.len(), "has", "have"));
    let token = prose::token(Some(token));
    Finding {
        id: RULE.id,
        severity: Severity::Warning,
        title: format!("{} on {token} {has} no certificate", sentence(&named)),
        cause: format!(
            "No certificate on {token} has the CKA_ID or the public key of {named}. A key without a certificate can't log in."
        ),
        cells: facts.open_of(keys, Outcome::Skipped),
        remedies: vec![card(format!(
            "Write the {} of {named} to the card, under the key's CKA_ID",
            number(keys.len(), "certificate", "certificates")
        ))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    #[test]
    fn a_key_without_a_certificate_explains_its_skipped_cells() {
        let orphan = |id: &str| Key {
            pairing: Pairing::None,
            certificate: None,
            ..rsa(id, 2048)
        };
        let mut fixture = Fixture::new()
            .key(orphan("k1"))
            .key(rsa("k2", 2048))
            .key(orphan("k3"));
        for key in ["k1", "k2", "k3"] {
            fixture.cell(key, "openssl-3.0", V1_2, "any", Outcome::Skipped);
        }
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].title,
            "Keys `k1` and `k3` on token `card` have no certificate"
        );
        assert_eq!(
            found[0].cells,
            [0, 2],
            "what was interrupted is not explained"
        );
    }

    #[test]
    fn a_key_with_a_certificate_is_no_orphan() {
        let unreadable = Key {
            pairing: Pairing::Unreadable,
            certificate: None,
            ..rsa("k2", 2048)
        };
        assert!(find(&Fixture::new().key(rsa("k1", 2048)).key(unreadable).facts()).is_empty());
    }
}
