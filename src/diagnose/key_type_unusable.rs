//! `key-type-unusable`: a key of a type with which nobody logs in over TLS.

use super::prose::{self, number};
use super::{Facts, Rule};
use crate::model::finding::{Finding, Severity};
use crate::model::key::Key;
use crate::model::key_type::KeyType;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "key-type-unusable",
    title: "a key is of a type that no TLS login uses",
    explanation: "\
The token holds a key of a type for which TLS has no signature in use: X25519 and X448 agree on keys and don't sign, DSA has \
gone from TLS, GOST and SM2 are asked for by servers of their own kind only. Such keys are no fault of the card; they are left out of the table.

How it is told: CKA_KEY_TYPE.

What helps: nothing is needed, if the key is meant for something else. To log in, use an RSA, EC or Ed25519 key.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let unusable = facts.tokens_with(|key| key.key_type == KeyType::Other);
    unusable
        .iter()
        .map(|(token, keys)| finding(token, keys))
        .collect()
}

fn finding(token: &Token, keys: &[&Key]) -> Finding {
    let token = prose::token(Some(token));
    let types: Vec<String> = keys.iter().map(|key| key.type_for_people()).collect();
    let (named, is) = (prose::keys(keys), number(keys.len(), "is", "are"));
    Finding {
        id: RULE.id,
        severity: Severity::Note,
        title: format!(
            "{} on {token} {is} of no use for TLS logins",
            prose::sentence(&named)
        ),
        cause: format!(
            "{} {is} of type {}, with which no TLS client logs in.",
            prose::sentence(&named),
            prose::and(&prose::distinct(types))
        ),
        cells: Vec::new(),
        remedies: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};

    #[test]
    fn an_x25519_key_is_noted() {
        let key = Key {
            key_type: KeyType::Other,
            type_name: "CKK_EC_MONTGOMERY".into(),
            ..rsa("k1", 255)
        };
        let found = find(&Fixture::new().key(key).facts());
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].cause,
            "Key `k1` is of type CKK_EC_MONTGOMERY, with which no TLS client logs in."
        );
    }

    #[test]
    fn an_rsa_key_is_not() {
        assert!(find(&Fixture::new().key(rsa("k1", 2048)).facts()).is_empty());
    }
}
