//! `fails-now-and-then`: the token refused the very signature that it made at another time of the run.

use super::case::by_token;
use super::prose::{self, distinct, number, sentence};
use super::remedy::card;
use super::tried;
use super::{Facts, Rule};
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::ckr::Ckr;
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "fails-now-and-then",
    title: "the token refused a signature that it made at another time",
    explanation: "\
The same key made the same signature by the same mechanism at one time of this run, and not at another. So it is neither the key \
nor the mechanism, and nothing at the server or the client helps. A card that was pulled in the middle of a signature looks like \
that (OpenSC answers CKR_GENERAL_ERROR then, and the next C_Sign may never come back), a bad contact, a reader that loses power, \
or another program that uses the card at the same time.

How it is told: the code from C_SignInit or C_Sign of a handshake, against what a trial of the same signature gave; or the other way \
round.

What helps: leave the card in, end other programs that use it, and run again; if it comes again, another reader, another port, and the \
card's contacts.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let failed = facts.failed_at(Stage::Sign);
    let cases = by_token(facts, failed.filter(|(_, cell)| worked_before(facts, cell)));
    let failing = cases.iter().map(|case| {
        let token = sentence(&case.token_named());
        let codes = distinct(case.cells.iter().filter_map(|(_, cell)| cell.ckr));
        let cause = format!(
            "{token} refused to sign{} with {} in a login: {}. In a trial before it made the same signature, so it is neither the key \
             nor the mechanism. A card that is pulled in the middle of a signature looks so.",
            case.mechanisms_named(),
            case.keys_named(),
            listed(&codes),
        );
        let title = format!("{token} refuses signatures that it made before");
        case.finding(RULE.id, Severity::Error, title, cause, remedies())
    });
    let recovered = facts.tokens_with(|key| !codes_gone_since(facts, key).is_empty());
    let recovered = recovered
        .iter()
        .map(|(token, keys)| refused_once(facts, token, keys));
    failing.chain(recovered).collect()
}

fn worked_before(facts: &Facts<'_>, cell: &Cell) -> bool {
    let key = facts.key(&cell.key);
    cell.ckr.is_some() && key.is_some_and(|key| tried::worked(key, cell))
}

/// What trials were refused with, where the same signature was then good enough for a login.
fn codes_gone_since(facts: &Facts<'_>, key: &Key) -> Vec<Ckr> {
    let passed = |cell: &&Cell| cell.key == key.id && cell.outcome == Outcome::Pass;
    let logins = facts.cells.iter().filter(passed);
    let signed: Vec<_> = logins.map(|cell| (cell.scheme, cell.route)).collect();
    let trials = key.capabilities.iter();
    let gone = trials.filter(|trial| signed.contains(&(Some(trial.scheme), Some(trial.route))));
    let codes = gone.filter_map(|trial| trial.sign_init.ckr().or(trial.sign.ckr()));
    distinct(codes)
}

fn refused_once(facts: &Facts<'_>, token: &Token, keys: &[&Key]) -> Finding {
    let codes = keys.iter().flat_map(|key| codes_gone_since(facts, key));
    let codes = distinct(codes);
    let (named, token) = (prose::keys(keys), prose::token(Some(token)));
    Finding {
        id: RULE.id,
        severity: Severity::Warning,
        title: format!(
            "{} refused signatures in trials that it made later",
            sentence(&token)
        ),
        cause: format!(
            "In trials {token} refused signatures of {named}: {}. In logins after that the same signatures worked. What the trials say \
             of {} may be wrong.",
            listed(&codes),
            number(keys.len(), "this key", "these keys"),
        ),
        cells: Vec::new(),
        remedies: remedies(),
    }
}

fn listed(codes: &[Ckr]) -> String {
    let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
    prose::and(&codes)
}

fn remedies() -> Vec<Remedy> {
    vec![
        card("Leave the card in, end other programs that use it, and run again"),
        card("If it comes again: try another reader, another USB port, and the card's contacts"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::route::Route;

    fn refused(key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        let cell = fixture.signs("firefox", 0x0804, Route::RsaPkcsPss, Stage::Sign);
        cell.ckr = Some(Ckr::GENERAL_ERROR);
        fixture
    }

    #[test]
    fn a_login_that_failed_where_the_trial_worked_says_nothing_of_the_server() {
        let key = working(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        let found = find(&refused(key).facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Error));
        assert!(found[0].cause.contains("CKR_GENERAL_ERROR"));
        assert!(
            found[0]
                .remedies
                .iter()
                .all(|remedy| remedy.change.is_none())
        );
    }

    #[test]
    fn a_trial_that_failed_where_the_login_worked_is_a_warning() {
        let mut fixture = refused(refusing(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss));
        fixture.cells[0].outcome = Outcome::Pass;
        let found = find(&fixture.facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert!(found[0].cause.contains("CKR_MECHANISM_INVALID"));
    }

    #[test]
    fn what_never_worked_and_what_always_does_is_another_matter() {
        let never = refusing(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        assert!(find(&refused(never).facts()).is_empty());
        let mut fixture = refused(working(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss));
        fixture.cells[0].outcome = Outcome::Pass;
        assert!(find(&fixture.facts()).is_empty());
    }
}
