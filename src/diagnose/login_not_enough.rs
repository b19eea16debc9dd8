//! `login-not-enough`: the token took the PIN, and a key wants a login all the same.

use super::case::by_token;
use super::prose::{number, sentence};
use super::remedy;
use super::{Facts, Rule};
use crate::model::capability::{Answer, Capability};
use crate::model::cell::{Cell, Stage};
use crate::model::ckr::Ckr;
use crate::model::finding::{Finding, Severity};

pub(super) static RULE: Rule = Rule {
    id: "login-not-enough",
    title: "the token took the PIN, and a key still wants a login",
    explanation: "\
The login with the user's PIN worked, and still every signature of the key was answered with CKR_USER_NOT_LOGGED_IN, also right \
after another login. The card wants more for this key than that PIN: a PIN of the key's own, the PIN before each signature without \
CKA_ALWAYS_AUTHENTICATE saying so, or that somebody touches it. On a PIV card it is the status word 6982, which OpenSC \
turns into this code.

How it is told: no signature of the key worked, and all that were tried ended with CKR_USER_NOT_LOGGED_IN, each of them a second time \
too, after the login had been made anew.

What helps: modules that know of a second PIN show the card in two slots, one for each PIN: take the other one (--slot). Else the \
card's key for authentication, or a module that knows the card better.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let failed = facts.failed_at(Stage::Sign);
    by_token(facts, failed.filter(|(_, cell)| is_shut(facts, cell)))
        .iter()
        .map(|case| {
            let (token, keys) = (case.token_named(), case.keys_named());
            let cause = format!(
                "The login at {token} worked, and every signature of {keys} was answered with {}, also right after another login. \
                 So the card wants more for {} than this PIN.",
                Ckr::USER_NOT_LOGGED_IN,
                number(case.keys().len(), "this key", "these keys"),
            );
            let title = format!(
                "{} took the PIN, and {keys} still {} a login",
                sentence(&token),
                number(case.keys().len(), "wants", "want"),
            );
            case.finding(RULE.id, Severity::Error, title, cause, remedy::another_pin())
        })
        .collect()
}

/// Nothing that the key was tried with got past the login.
fn is_shut(facts: &Facts<'_>, cell: &Cell) -> bool {
    let Some(key) = facts.key(&cell.key) else {
        return false;
    };
    let mut tried = key.capabilities.iter().filter(|trial| was_tried(trial));
    cell.ckr == Some(Ckr::USER_NOT_LOGGED_IN)
        && !key.always_authenticate
        && tried.clone().next().is_some()
        && tried.all(wants_login)
}

fn was_tried(trial: &Capability) -> bool {
    trial.sign_init != Answer::NotTried || trial.sign != Answer::NotTried
}

fn wants_login(trial: &Capability) -> bool {
    let wanted = Answer::Ckr(Ckr::USER_NOT_LOGGED_IN);
    trial.sign_init == wanted || trial.sign == wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::key::Key;
    use crate::model::route::Route;

    fn shut(key: Key) -> Key {
        let mut key = refusing(key, 0x0804, Route::RsaPkcsPss);
        let trial = key.capabilities.last_mut().unwrap();
        trial.sign_init = Answer::Ok;
        trial.sign = Answer::Ckr(Ckr::USER_NOT_LOGGED_IN);
        key
    }

    fn refused(key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        fixture
            .signs("firefox", 0x0804, Route::RsaPkcsPss, Stage::Sign)
            .ckr = Some(Ckr::USER_NOT_LOGGED_IN);
        fixture
    }

    #[test]
    fn a_key_that_no_login_opens_is_told() {
        let found = find(&refused(shut(rsa("k1", 2048))).facts());
        assert_eq!(
            found[0].title,
            "Token `card` took the PIN, and key `k1` still wants a login"
        );
    }

    #[test]
    fn a_login_that_was_lost_once_is_another_matter() {
        let key = working(shut(rsa("k1", 2048)), 0x0401, Route::RsaPkcs);
        assert!(find(&refused(key).facts()).is_empty());
        assert!(
            find(&refused(rsa("k1", 2048)).facts()).is_empty(),
            "untried"
        );
    }

    #[test]
    fn nor_is_a_key_that_says_that_it_wants_the_pin_each_time() {
        let key = Key {
            always_authenticate: true,
            ..shut(rsa("k1", 2048))
        };
        assert!(find(&refused(key).facts()).is_empty());
    }
}
