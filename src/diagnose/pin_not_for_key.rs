//! `pin-not-for-key`: the token took the PIN for the login, and refused it for a key's signature.

use super::case::{Case, by_token};
use super::prose::{self, distinct, number, sentence};
use super::remedy::{self, card};
use super::{Facts, Rule};
use crate::model::capability::Answer;
use crate::model::cell::{Cell, Stage};
use crate::model::ckr::Ckr;
use crate::model::finding::{Finding, Severity};
use crate::model::key::Key;

pub(super) static RULE: Rule = Rule {
    id: "pin-not-for-key",
    title: "the token took the PIN for the login, and refused it for a key",
    explanation: "\
The key wants the PIN before each signature (CKA_ALWAYS_AUTHENTICATE). The token took the PIN for the login, and called the same PIN wrong \
when it was given for one signature, between C_SignInit and C_Sign (C_Login with CKU_CONTEXT_SPECIFIC). So the key has a PIN of its own, \
as many cards have one for legal signatures, or the card was changed meanwhile. That PIN counts its wrong tries by itself: it can be locked \
while the login's still works.

How it is told: CKR_PIN_INCORRECT or CKR_PIN_LOCKED to the PIN of one signature, after a login that worked; no signature of the key came \
about. cardcheck sent it once, and not again in the run.

What helps: modules that know of a second PIN show the card in two slots, one for each PIN: take the other one (--slot). Else the card's key \
for authentication, named by --key, so that the next run spends no try of the other PIN.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let failed = facts.failed_at(Stage::Sign);
    by_token(facts, failed.filter(|(_, cell)| is_refused(facts, cell)))
        .iter()
        .map(finding)
        .collect()
}

fn finding(case: &Case<'_>) -> Finding {
    let (token, keys) = (case.token_named(), case.keys_named());
    let beside = case
        .token
        .map_or_else(Vec::new, |token| case.facts.logging_in(token));
    let severity = match beside.is_empty() {
        true => Severity::Error,
        // the card is good for logins, and a try may be spent all the same
        false => Severity::Warning,
    };
    let answers = case.keys();
    let answers = answers.iter().flat_map(|key| answers_to_pin(key));
    let answers = distinct(answers.map(|ckr| ckr.to_string()));
    let cause = format!(
        "The login at {token} worked, and the same PIN was answered with {} when it was given for one signature with {keys}. So {} a PIN \
         of {} own, or somebody changed it meanwhile. It was sent once, and not again in this run; a try of it may be spent.{}",
        prose::and(&answers),
        number(case.keys().len(), "the key has", "the keys have"),
        number(case.keys().len(), "its", "their"),
        prose::logging_in(&beside),
    );
    let title = format!(
        "{} took the PIN for the login, and not for {keys}",
        sentence(&token)
    );
    let mut remedies = remedy::another_pin();
    remedies.push(card(
        "Name another key with --key next time: each run may spend a try of this PIN",
    ));
    case.finding(RULE.id, severity, title, cause, remedies)
}

/// What is asked for the PIN each time, and never got past it.
fn is_refused(facts: &Facts<'_>, cell: &Cell) -> bool {
    let worked = |key: &Key| {
        let mut trials = key.capabilities.iter();
        trials.any(|trial| trial.sign == Answer::Ok)
    };
    facts.key(&cell.key).is_some_and(|key| {
        key.always_authenticate && !worked(key) && answers_to_pin(key).next().is_some()
    })
}

fn answers_to_pin(key: &Key) -> impl Iterator<Item = Ckr> {
    key.capabilities
        .iter()
        .filter_map(|trial| match trial.sign {
            Answer::Ckr(ckr) if ckr.refuses_pin() => Some(ckr),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::cell::Outcome;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::V1_2;

    /// Its first trial was answered so, and the others were not made.
    fn with_answer(ckr: Ckr) -> Key {
        let mut key = refusing(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        key.always_authenticate = true;
        let trial = key.capabilities.last_mut().unwrap();
        trial.sign_init = Answer::Ok;
        trial.sign = Answer::Ckr(ckr);
        key
    }

    fn found_for(key: Key) -> Vec<Finding> {
        let mut fixture = Fixture::new().key(key);
        fixture.signs("firefox", 0x0804, Route::RsaPkcsPss, Stage::Sign);
        find(&fixture.facts())
    }

    #[test]
    fn a_key_with_a_pin_of_its_own_is_told() {
        let found = found_for(with_answer(Ckr::PIN_INCORRECT));
        assert_eq!(
            found[0].title,
            "Token `card` took the PIN for the login, and not for key `k1`"
        );
        assert!(
            found[0].cause.contains("answered with CKR_PIN_INCORRECT"),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn beside_a_key_that_logs_in_it_is_a_warning() {
        let mut fixture = Fixture::new()
            .key(with_answer(Ckr::PIN_LOCKED))
            .key(rsa("k2", 2048));
        fixture.signs("firefox", 0x0804, Route::RsaPkcsPss, Stage::Sign);
        fixture.cell("k2", "openssl-3.0", V1_2, "firefox", Outcome::Pass);
        let found = find(&fixture.facts());
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(
            found[0]
                .cause
                .ends_with("Key `k2` of the same token logs in."),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn a_pin_that_was_right_for_one_signature_is_the_key_s() {
        let key = working(with_answer(Ckr::PIN_INCORRECT), 0x0401, Route::RsaPkcs);
        assert!(found_for(key).is_empty());
    }

    #[test]
    fn another_answer_is_not_about_the_pin() {
        assert!(found_for(with_answer(Ckr::MECHANISM_INVALID)).is_empty());
    }
}
