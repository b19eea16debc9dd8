//! `id-mismatch`: key and certificate belong together by public key, but not by CKA_ID.

use super::prose::{self, number, quoted};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::finding::{Finding, Severity};
use crate::model::key::{Key, Pairing};
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "id-mismatch",
    title: "key and certificate have different CKA_IDs",
    explanation: "\
Programs find the private key of a certificate by CKA_ID. Here key and certificate belong together, for they hold the same \
public key, but their CKA_IDs differ. Programs that look at CKA_ID only find no key and don't offer the certificate, or say \
that there is none. cardcheck pairs by public key, so its own handshakes are made with the right certificate.

How it is told: the token gives the key's public key, it equals a certificate's, and the CKA_IDs are not the same.

What helps: the same CKA_ID on both.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let mismatched = facts.tokens_with(|key| key.pairing == Pairing::KeyOnly);
    mismatched
        .iter()
        .map(|(token, keys)| finding(token, keys))
        .collect()
}

fn finding(token: &Token, keys: &[&Key]) -> Finding {
    let each: Vec<String> = keys.iter().map(|key| ids(key)).collect();
    let token = prose::token(Some(token));
    Finding {
        id: RULE.id,
        severity: Severity::Warning,
        title: format!(
            "{} and certificate have different CKA_IDs on {token}",
            number(keys.len(), "Key", "Keys")
        ),
        cause: format!(
            "On {token} the same public key has different CKA_IDs: {}. Programs that pair by CKA_ID find no key for the \
             certificate, and don't offer it.",
            each.join("; ")
        ),
        cells: Vec::new(),
        remedies: vec![card("Give key and certificate the same CKA_ID")],
    }
}

fn ids(key: &Key) -> String {
    let certificate = key.certificate.as_ref();
    format!(
        "key {} has {}, its certificate {}",
        quoted(&key.name_for_people()),
        id(&key.cka_id),
        certificate.map_or("none".into(), |certificate| id(&certificate.cka_id))
    )
}

fn id(cka_id: &[u8]) -> String {
    match cka_id.is_empty() {
        true => "none".into(),
        false => hex::encode(cka_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};

    #[test]
    fn ids_that_differ_are_shown() {
        let mut key = Key {
            pairing: Pairing::KeyOnly,
            ..rsa("k1", 2048)
        };
        key.certificate.as_mut().unwrap().cka_id = vec![2];
        let found = find(&Fixture::new().key(key).facts());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(
            found[0]
                .cause
                .contains("key `k1` has 01, its certificate 02."),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn ids_that_agree_are_not() {
        assert!(find(&Fixture::new().key(rsa("k1", 2048)).facts()).is_empty());
    }
}
