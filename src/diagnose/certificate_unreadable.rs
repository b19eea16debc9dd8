//! `certificate-unreadable`: a certificate object whose CKA_VALUE is no DER certificate.

use super::prose::{self, number, quoted};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::cell::Outcome;
use crate::model::finding::{Finding, Severity};
use crate::model::key::{Key, Pairing};
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "certificate-unreadable",
    title: "a certificate on the token can't be read",
    explanation: "\
A certificate object on the token holds something that is no certificate in DER: text (PEM), a cut-off certificate, or \
nothing. Programs skip it, mostly without a word, so its key has no certificate to log in with.

How it is told: CKA_VALUE of a CKO_CERTIFICATE object does not parse as X.509 DER.

What helps: write the certificate to the card again, in DER.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let broken = |token: &&Token| {
        let keys = facts.keys.iter().filter(|key| key.token == token.id);
        !token.unreadable_certificates.is_empty() || keys.into_iter().any(without_a_readable_one)
    };
    facts
        .tokens
        .iter()
        .filter(broken)
        .map(|token| finding(facts, token))
        .collect()
}

fn without_a_readable_one(key: &Key) -> bool {
    key.pairing == Pairing::Unreadable
}

fn finding(facts: &Facts<'_>, token: &Token) -> Finding {
    let keys: Vec<&Key> = facts
        .keys
        .iter()
        .filter(|key| key.token == token.id && without_a_readable_one(key))
        .collect();
    let objects: Vec<String> = token
        .unreadable_certificates
        .iter()
        .map(|name| quoted(name))
        .collect();
    let which = match objects.len() {
        0 => "A certificate object".to_owned(),
        1 => format!("The certificate object {}", prose::and(&objects)),
        _ => format!("The certificate objects {}", prose::and(&objects)),
    };
    let mut cause = format!(
        "{which} on {} {} no certificate in DER.",
        prose::token(Some(token)),
        number(objects.len().max(1), "holds", "hold")
    );
    if !keys.is_empty() {
        let has = number(keys.len(), "has", "have");
        cause.push_str(&format!(
            " So {} {has} no certificate to log in with.",
            prose::keys(&keys)
        ));
    }
    Finding {
        id: RULE.id,
        severity: Severity::Warning,
        title: format!(
            "A certificate on {} can't be read",
            prose::token(Some(token))
        ),
        cause,
        cells: facts.open_of(&keys, Outcome::Skipped),
        remedies: vec![card("Write the certificate to the card again, in DER")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa, token};
    use crate::model::version::TlsVersion::V1_2;

    #[test]
    fn a_key_whose_certificate_is_text_is_explained() {
        let text = Token {
            unreadable_certificates: vec!["auth".into()],
            ..token("t1")
        };
        let key = Key {
            pairing: Pairing::Unreadable,
            certificate: None,
            ..rsa("k1", 2048)
        };
        let mut fixture = Fixture::of(text).key(key);
        fixture.cell("k1", "openssl-3.0", V1_2, "any", Outcome::Skipped);
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].cells, [0]);
        assert_eq!(
            found[0].cause,
            "The certificate object `auth` on token `card` holds no certificate in DER. So key `k1` has no certificate to log in with."
        );
    }

    #[test]
    fn a_key_without_any_certificate_is_another_matter() {
        let key = Key {
            pairing: Pairing::None,
            certificate: None,
            ..rsa("k1", 2048)
        };
        assert!(find(&Fixture::new().key(key).facts()).is_empty());
    }
}
