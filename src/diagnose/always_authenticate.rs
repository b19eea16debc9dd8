//! `always-authenticate`: the key wants the PIN before each signature.

use super::prose::{self, number, sentence};
use super::remedy::{card, client};
use super::{Facts, Rule};
use crate::model::finding::{Finding, Severity};
use crate::model::key::Key;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "always-authenticate",
    title: "a key wants the PIN before each signature",
    explanation: "\
CKA_ALWAYS_AUTHENTICATE of the key is true: besides the login, the PIN has to be given for every single signature, between \
C_SignInit and C_Sign (C_Login with CKU_CONTEXT_SPECIFIC). It is meant for keys that sign documents. A browser opens several \
connections to a server and signs in each, so its user is asked again and again; programs that don't know the attribute fail with \
CKR_USER_NOT_LOGGED_IN. Each wrong PIN counts.

How it is told: the attribute.

What helps: the card's key for authentication, which mostly wants the PIN once; a program that asks again, where this key has to be \
used.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let asking = facts.tokens_with(|key| key.always_authenticate);
    asking
        .iter()
        .map(|(token, keys)| finding(token, keys))
        .collect()
}

fn finding(token: &Token, keys: &[&Key]) -> Finding {
    let (named, wants) = (prose::keys(keys), number(keys.len(), "wants", "want"));
    let how = match token.pad {
        true => "typed at the reader",
        false => "given to the program",
    };
    Finding {
        id: RULE.id,
        severity: Severity::Note,
        title: format!(
            "{} on {} {wants} the PIN before each signature",
            sentence(&named),
            prose::token(Some(token))
        ),
        cause: format!(
            "CKA_ALWAYS_AUTHENTICATE of {named} is true: besides the login, the PIN has to be {how} for every signature, so at least \
             once for each connection. Programs that don't know that fail with CKR_USER_NOT_LOGGED_IN."
        ),
        cells: Vec::new(),
        remedies: vec![
            card("Use the card's key for authentication, if it has one that wants the PIN once"),
            client("Use a program that asks for the PIN again"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};

    #[test]
    fn a_key_that_asks_each_time_is_worth_a_note() {
        let key = Key {
            always_authenticate: true,
            ..rsa("k1", 2048)
        };
        let found = find(&Fixture::new().key(key).key(rsa("k2", 2048)).facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        assert_eq!(
            found[0].title,
            "Key `k1` on token `card` wants the PIN before each signature"
        );
    }

    #[test]
    fn a_key_that_asks_once_is_not() {
        assert!(find(&Fixture::new().key(rsa("k1", 2048)).facts()).is_empty());
    }
}
