//! `hash-on-token-only`: the token signs whole messages, which it hashes itself, and no digest that the client made.

use super::case::{Case, cases, untold};
use super::prose::{self, distinct, number, sentence};
use super::refusal::is_about_mechanism;
use super::remedy::{self, NEWER_MODULE, card};
use super::tried::{self, Works};
use super::{Facts, Rule, pss_missing};
use crate::model::capability::Capability;
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::route::Route;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "hash-on-token-only",
    title: "the token signs only what it has hashed itself, and most clients hand it a digest",
    explanation: "\
A signature can be made in two ways: the client hashes and hands the digest to the token (CKM_RSA_PKCS, CKM_RSA_PKCS_PSS, \
CKM_ECDSA), or it hands over the whole message and the token hashes (CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS, \
CKM_ECDSA_SHA256). Firefox, Chrome, OpenSSL with libp11's engine, GnuTLS and Go take the first way; Java and pkcs11-provider take \
the second for RSA. A key that is restricted to the second, by its maker's policy, shuts the first ones out.

How it is told: no mechanism that takes a digest works on the key, each was refused in trials or is not listed; and one that \
hashes works.

What helps: a client that lets the token hash; a module or a key without the restriction.",
    find,
};

/// Routes that take what the client has hashed.
const DIGEST: [Route; 4] = [
    Route::RsaPkcs,
    Route::RsaPkcsPss,
    Route::RsaX509,
    Route::Ecdsa,
];

/// Routes on which the token hashes.
const HASHING: [Route; 3] = [Route::ShaRsaPkcs, Route::ShaRsaPkcsPss, Route::EcdsaSha];

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let refused = facts.failed_at(Stage::Sign).filter(|(_, cell)| {
        cell.ckr.is_some_and(is_about_mechanism)
            && cell.route.is_some_and(|route| DIGEST.contains(&route))
    });
    let unsent = pss_missing::lacking(facts);
    let mut cells: Vec<(usize, &Cell)> = refused
        .chain(unsent.filter(|(_, cell)| cell.stage == Some(Stage::Select)))
        .filter(|(_, cell)| facts.key(&cell.key).is_some_and(hashes_only))
        .collect();
    cells.sort_by_key(|(at, _)| *at);
    let failing = cases(facts, cells.into_iter(), |_| ());
    let lurking = facts.tokens_with(hashes_only);
    let logins = failing.iter().map(finding);
    logins
        .chain(untold(&failing, lurking).map(|(token, keys)| lurks(token, &keys)))
        .collect()
}

fn hashes_only(key: &Key) -> bool {
    DIGEST.iter().all(|route| tried::is_no_way(key, *route))
        && HASHING
            .iter()
            .any(|route| tried::route(key, *route) == Works::Yes)
}

fn finding(case: &Case<'_>) -> Finding {
    let able = case.clients_let_in(|_| true);
    let able = match able.is_empty() {
        true => String::new(),
        false => format!(" With the same key {} can log in.", prose::and(&able)),
    };
    let cause = format!(
        "{} takes no digest with {}: it signs only whole messages, which it hashes itself, by {}. But {} {} over a digest.{able}",
        sentence(&case.token_named()),
        case.keys_named(),
        prose::and(&mechanisms(&case.keys())),
        case.clients_named(),
        case.clients_do("hands", "hand")
    );
    case.finding(
        RULE.id,
        Severity::Error,
        title(case.token),
        cause,
        remedies(),
    )
}

fn lurks(token: &Token, keys: &[&Key]) -> Finding {
    Finding {
        id: RULE.id,
        severity: Severity::Warning,
        title: title(Some(token)),
        cause: format!(
            "{} {} no digest that a client made, only whole messages: by {}. Firefox, Chrome, GnuTLS and most others hand over a \
             digest.",
            sentence(&prose::keys(keys)),
            number(keys.len(), "signs", "sign"),
            prose::and(&mechanisms(keys))
        ),
        cells: Vec::new(),
        remedies: remedies(),
    }
}

fn title(token: Option<&Token>) -> String {
    format!(
        "{} signs only what it has hashed itself",
        sentence(&prose::token(token))
    )
}

/// The mechanisms that work and hash.
fn mechanisms(keys: &[&Key]) -> Vec<String> {
    let hashing = |trial: &&Capability| HASHING.contains(&trial.route);
    let work = |key: &&Key| {
        let works = |trial: &Capability| tried::works(key, trial.scheme, trial.route) == Works::Yes;
        let trials = key.capabilities.iter().filter(hashing);
        let working = trials.filter(|trial| works(trial));
        let named = working.map(|trial| trial.route.mechanism(trial.scheme).to_string());
        named.collect::<Vec<_>>()
    };
    distinct(keys.iter().flat_map(work))
}

fn remedies() -> Vec<Remedy> {
    vec![
        remedy::client(
            "Use a client that lets the token hash, such as Java or OpenSSL with pkcs11-provider",
        ),
        card("Have the restriction taken off by whoever issued the card, or use another key"),
        card(NEWER_MODULE),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};

    fn hashing() -> Key {
        let key = refusing(rsa("k1", 2048), 0x0401, Route::RsaPkcs);
        let key = refusing(key, 0x0804, Route::RsaX509);
        working(key, 0x0401, Route::ShaRsaPkcs)
    }

    fn with(key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        fixture.refuses("firefox", 0x0401, Route::RsaPkcs);
        fixture
    }

    #[test]
    fn a_key_that_takes_no_digest_is_told_with_what_works() {
        let found = find(&with(hashing()).facts());
        assert_eq!(
            (found.len(), found[0].cells.as_slice()),
            (1, [0].as_slice())
        );
        insta::assert_snapshot!(found[0].cause, @r"
        Token `card` takes no digest with key `k1`: it signs only whole messages, which it hashes itself, by CKM_SHA256_RSA_PKCS. But firefox hands over a digest.
        ");
    }

    #[test]
    fn where_no_login_met_it_it_is_a_warning() {
        let found = find(&Fixture::new().key(hashing()).facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
    }

    #[test]
    fn a_key_that_takes_a_digest_for_pss_is_not_restricted() {
        let key = working(hashing(), 0x0804, Route::RsaPkcsPss);
        assert!(find(&with(key).facts()).is_empty());
    }
}
