//! `login-lost`: session or login were gone in the middle of the run.

use super::case::by_token;
use super::prose::{self, distinct, sentence};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::cell::{Cell, Stage};
use crate::model::ckr::Ckr;
use crate::model::finding::{Finding, Severity};

pub(super) static RULE: Rule = Rule {
    id: "login-lost",
    title: "the session or the login was lost during the run",
    explanation: "\
A signature failed because the session, the login or the key's handle was no longer valid, although the login had worked. \
Another program reset the card or logged out, or the card reader slept. OpenSC says CKR_USER_NOT_LOGGED_IN when another process \
reset the card; handles of private keys stay invalid after a logout even when the login is made anew. A real client shows an \
error, and mostly works after its restart.

How it is told: CKR_USER_NOT_LOGGED_IN, CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_KEY_HANDLE_INVALID or \
CKR_OBJECT_HANDLE_INVALID from C_SignInit or C_Sign, of a key that does not want the PIN for every signature. cardcheck opened \
another session and went on.

What helps: end other programs that use the card (a browser, an agent, a VPN client), and run again. With OpenSC, \
`lock_login = true` in opensc.conf keeps others out while one is logged in.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let lost = facts
        .failed_at(Stage::Sign)
        .filter(|(_, cell)| is_lost(facts, cell));
    by_token(facts, lost)
        .iter()
        .map(|case| {
            let token = case.token_named();
            let codes = case.cells.iter().filter_map(|(_, cell)| cell.ckr);
            let codes = distinct(codes.map(|ckr| ckr.to_string()));
            let cause = format!(
                "The session with {token} or its login was gone in the middle of a login with {}: {}. cardcheck opened another \
                 one and went on; a real client shows an error.",
                case.keys_named(),
                prose::and(&codes),
            );
            let title = format!("{} lost its session or login during the run", sentence(&token));
            let remedies = vec![
                card("End other programs that use the card, and run again"),
                card("With OpenSC: `lock_login = true` in opensc.conf, so that no other program resets the card meanwhile"),
            ];
            case.finding(RULE.id, Severity::Error, title, cause, remedies)
        })
        .collect()
}

/// A key that wants the PIN each time answers so without its login, and that is another matter.
fn is_lost(facts: &Facts<'_>, cell: &Cell) -> bool {
    let wants_pin = |cell: &Cell| {
        facts
            .key(&cell.key)
            .is_some_and(|key| key.always_authenticate)
    };
    cell.ckr.is_some_and(Ckr::is_about_session) && !wants_pin(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::key::Key;
    use crate::model::version::TlsVersion::V1_2;

    fn refused_with(key: Key, code: u64) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        fixture
            .fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Sign)
            .ckr = Some(Ckr(code));
        fixture
    }

    #[test]
    fn a_login_that_is_gone_is_told() {
        let found = find(&refused_with(rsa("k1", 2048), 0x101).facts());
        assert!(found[0].cause.contains("CKR_USER_NOT_LOGGED_IN"));
    }

    #[test]
    fn a_refused_mechanism_and_a_key_that_wants_its_pin_are_not() {
        assert!(find(&refused_with(rsa("k1", 2048), 0x70).facts()).is_empty());
        let wants_pin = Key {
            always_authenticate: true,
            ..rsa("k1", 2048)
        };
        assert!(find(&refused_with(wants_pin, 0x101).facts()).is_empty());
    }
}
