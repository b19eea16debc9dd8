//! `login-lost`: session or login were gone in the middle of the run.

use super::case::{Case, by_token};
use super::prose::{self, distinct, number, sentence};
use super::remedy::card;
use super::{Facts, Rule};
use crate::model::cell::{Cell, Outcome, Stage};
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

Where it befalls one key alone, and another key on the same token signed without it, the likely reason is another one: that key wants \
the PIN before each signature (as PIV's key 9C does), and the module doesn't say so by CKA_ALWAYS_AUTHENTICATE (CACKey doesn't). Then \
each login lasts for one signature.

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
            let mut cause = format!(
                "The session with {token} or its login was gone in the middle of a login with {}: {}. cardcheck opened another \
                 one and went on; a real client shows an error.",
                case.keys_named(),
                prose::and(&codes),
            );
            let title = format!("{} lost its session or login during the run", sentence(&token));
            let mut remedies = vec![
                card("End other programs that use the card, and run again"),
                card("With OpenSC: `lock_login = true` in opensc.conf, so that no other program resets the card meanwhile"),
            ];
            if befell_these_alone(case) {
                let wants = number(case.keys().len(), "this key wants", "these keys want");
                cause.push_str(&format!(
                    " Other keys on the token signed meanwhile, so likely it is this: {} the PIN before each signature, and the \
                     module does not say so (CKA_ALWAYS_AUTHENTICATE).",
                    wants
                ));
                remedies.insert(0, card("Use another key of the card, or another module for it, such as OpenSC"));
            }
            case.finding(RULE.id, Severity::Error, title, cause, remedies)
        })
        .collect()
}

/// Did another key of the token log in, and no other lose its login? What happens to a card happens to all its keys.
fn befell_these_alone(case: &Case<'_>) -> bool {
    let theirs = |cell: &Cell| case.keys().iter().any(|key| key.id == cell.key);
    let on_this_token = |cell: &Cell| {
        let card = case.facts.card(cell);
        card.map(|(_, token)| &token.id) == case.token.map(|token| &token.id)
    };
    let not_logged_in = |cell: &Cell| cell.ckr == Some(Ckr::USER_NOT_LOGGED_IN);
    case.cells.iter().all(|(_, cell)| not_logged_in(cell))
        && case
            .facts
            .cells
            .iter()
            .any(|cell| cell.outcome == Outcome::Pass && on_this_token(cell) && !theirs(cell))
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
    fn one_key_alone_that_loses_it_wants_its_pin_each_time() {
        let alone = |other: Outcome| {
            let mut fixture = refused_with(rsa("k1", 2048), 0x101).key(rsa("k2", 2048));
            fixture.cell("k2", "openssl-3.0", V1_2, "firefox", other);
            let found = find(&fixture.facts());
            found[0]
                .cause
                .contains("this key wants the PIN before each signature")
        };
        assert!(alone(Outcome::Pass));
        assert!(!alone(Outcome::Fail), "nothing is known of the other key");
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
