//! `key-not-for-signing`: CKA_SIGN is false.

use super::prose::{self, number, sentence};
use super::remedy::card;
use super::tried::{self, Works};
use super::{Facts, Rule};
use crate::model::cell::{Outcome, Stage};
use crate::model::finding::{Finding, Severity};
use crate::model::key::Key;
use crate::model::key_type::KeyType;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "key-not-for-signing",
    title: "a key is not permitted to sign",
    explanation: "\
CKA_SIGN of the key is false: it is meant for decryption or key agreement only. A TLS login is a signature, so the token \
refuses it, mostly with CKR_KEY_FUNCTION_NOT_PERMITTED. Cards that hold a key for signing and one for encryption are made like \
that, and the login has to use the other key.

How it is told: CKA_SIGN, and that no signature of the key was seen to work. Where one works all the same, the attribute is wrong, \
and programs that look at it leave the key out. It is a mere note, and the key's failed logins are as expected, where another key \
of the same token logs in.

What helps: choose the card's key for authentication, by its certificate.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let unfit = facts.tokens_with(|key| !key.can_sign && key.key_type != KeyType::Other);
    unfit
        .iter()
        .flat_map(|(token, keys)| findings(facts, token, keys))
        .collect()
}

/// One for the keys that do what CKA_SIGN says, one for those that sign all the same.
fn findings(facts: &Facts<'_>, token: &Token, keys: &[&Key]) -> Vec<Finding> {
    let (signing, silent): (Vec<&Key>, Vec<&Key>) = keys.iter().partition(|key| signs(facts, key));
    let refusing = (!silent.is_empty()).then(|| refusing(facts, token, &silent));
    let lying = (!signing.is_empty()).then(|| lying(token, &signing));
    refusing.into_iter().chain(lying).collect()
}

fn signs(facts: &Facts<'_>, key: &Key) -> bool {
    let mut cells = facts.cells.iter().filter(|cell| cell.key == key.id);
    tried::anything(key) == Works::Yes || cells.any(|cell| cell.outcome == Outcome::Pass)
}

fn refusing(facts: &Facts<'_>, token: &Token, keys: &[&Key]) -> Finding {
    let theirs = |key: &str| keys.iter().any(|known| known.id == key);
    let failed = facts.open(Outcome::Fail);
    let cells = failed.filter(|(_, cell)| {
        theirs(&cell.key) && matches!(cell.stage, Some(Stage::Select | Stage::Sign))
    });
    let cells: Vec<usize> = cells.map(|(at, _)| at).collect();
    let beside = facts.logging_in(token);
    let (named, token) = (prose::keys(keys), prose::token(Some(token)));
    Finding {
        id: RULE.id,
        severity: match (beside.is_empty(), cells.is_empty()) {
            (false, _) => Severity::Note,
            (true, true) => Severity::Warning,
            (true, false) => Severity::Error,
        },
        title: format!(
            "{} on {token} {} not permitted to sign",
            sentence(&named),
            number(keys.len(), "is", "are")
        ),
        cause: format!(
            "CKA_SIGN of {named} is false, and no signature worked. A TLS login is a signature.{}",
            prose::logging_in(&beside)
        ),
        cells,
        remedies: vec![card(
            "Use the card's key for authentication instead; keys for encryption don't sign",
        )],
    }
}

fn lying(token: &Token, keys: &[&Key]) -> Finding {
    let (named, token) = (prose::keys(keys), prose::token(Some(token)));
    Finding {
        id: RULE.id,
        severity: Severity::Warning,
        title: format!(
            "{} on {token} {}, though CKA_SIGN is false",
            sentence(&named),
            number(keys.len(), "signs", "sign")
        ),
        cause: format!(
            "CKA_SIGN of {named} is false, but signatures work. Programs that look at CKA_SIGN leave the key out."
        ),
        cells: Vec::new(),
        remedies: vec![card(
            "Have CKA_SIGN set to true if the key is meant for logins",
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa, working};
    use crate::model::ckr::Ckr;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::V1_2;

    fn unfit(key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(Key {
            can_sign: false,
            ..key
        });
        fixture
            .fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign)
            .ckr = Some(Ckr(0x68));
        fixture
    }

    #[test]
    fn a_key_for_encryption_explains_why_it_does_not_sign() {
        let found = find(&unfit(rsa("k1", 2048)).facts());
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].severity, found[0].cells.as_slice()),
            (Severity::Error, [0].as_slice())
        );
    }

    #[test]
    fn beside_a_key_that_logs_in_it_is_a_note() {
        let mut fixture = unfit(rsa("k1", 2048)).key(rsa("k2", 2048));
        fixture.cell("k2", "openssl-3.0", V1_2, "firefox", Outcome::Pass);
        let found = find(&fixture.facts());
        assert_eq!(
            (found[0].severity, found[0].cells.as_slice()),
            (Severity::Note, [0].as_slice())
        );
        assert!(
            found[0]
                .cause
                .ends_with("Key `k2` of the same token logs in."),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn a_key_that_signs_all_the_same_is_a_warning_and_explains_no_failure() {
        let found = find(&unfit(working(rsa("k1", 2048), 0x0401, Route::RsaPkcs)).facts());
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].severity, found[0].cells.len()),
            (Severity::Warning, 0)
        );
    }

    #[test]
    fn a_key_that_may_sign_is_not_blamed() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture
            .fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign)
            .ckr = Some(Ckr(0x68));
        assert!(find(&fixture.facts()).is_empty());
    }
}
