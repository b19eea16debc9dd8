//! RSA paddings that a token makes with some hashes and not with others: what the findings for PSS and PKCS1 share.

use super::Facts;
use super::case::{Case, by_token, untold};
use super::client_list;
use super::prose::{self, distinct, sentence};
use super::refusal::is_about_mechanism;
use super::remedy::{self, NEWER_MODULE, OTHER_KEY, card};
use crate::model::capability::{Answer, Capability};
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::hash::Hash;
use crate::model::key::Key;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::token::Token;

/// A padding.
pub(super) struct Padding {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) is: fn(Scheme) -> bool,
}

/// One finding for each token whose logins failed for the hash, or that is known to lack one on every way.
pub(super) fn find(facts: &Facts<'_>, padding: &Padding) -> Vec<Finding> {
    let refused = facts
        .failed_at(Stage::Sign)
        .filter(|(_, cell)| is_refused_for_hash(facts, cell, padding));
    let failing = by_token(facts, refused);
    let lurking = facts.tokens_with(|key| !lacks(key, padding).is_empty());
    let logins = failing.iter().map(|case| finding(case, padding));
    logins
        .chain(untold(&failing, lurking).map(|(token, keys)| lurks(token, &keys, padding)))
        .collect()
}

fn is_refused_for_hash(facts: &Facts<'_>, cell: &Cell, padding: &Padding) -> bool {
    let (Some(key), Some(scheme), Some(route)) = (facts.key(&cell.key), cell.scheme, cell.route)
    else {
        return false;
    };
    (padding.is)(scheme)
        && cell.ckr.is_some_and(is_about_mechanism)
        && scheme
            .hash()
            .is_some_and(|hash| refused(key, padding, route).contains(&hash))
}

/// The hashes in use today that the token refuses over this route, if it makes the padding with another one there.
fn refused(key: &Key, padding: &Padding, route: Route) -> Vec<Hash> {
    let trials = || trials(key, padding).filter(move |trial| trial.route == route);
    if !trials().any(works) {
        return Vec::new();
    }
    let refused = trials().filter(|trial| is_refused(trial));
    let hashes = refused.filter_map(|trial| trial.scheme.hash());
    distinct(hashes.filter(|hash| *hash >= Hash::Sha256))
}

/// The hashes that are refused over some route and work over none where the token makes the padding.
fn lacks(key: &Key, padding: &Padding) -> Vec<Hash> {
    let works_with = |hash: &Hash| {
        trials(key, padding).any(|trial| works(trial) && trial.scheme.hash() == Some(*hash))
    };
    let routes = distinct(trials(key, padding).map(|trial| trial.route));
    let refused = routes
        .iter()
        .flat_map(|route| refused(key, padding, *route));
    distinct(refused.filter(|hash| !works_with(hash)))
}

/// Trials in which the token pads, with keys that are long enough for the padding.
fn trials<'a>(key: &'a Key, padding: &Padding) -> impl Iterator<Item = &'a Capability> {
    let is = padding.is;
    let fits = |scheme: Scheme| {
        let least = scheme.min_rsa_bits().zip(key.bits);
        least.is_none_or(|(least, bits)| least <= bits)
    };
    let trials = key.capabilities.iter();
    trials.filter(move |trial| {
        is(trial.scheme) && trial.route != Route::RsaX509 && fits(trial.scheme)
    })
}

fn works(trial: &Capability) -> bool {
    trial.sign == Answer::Ok && trial.verified != Some(false)
}

fn is_refused(trial: &Capability) -> bool {
    let by = |answer| matches!(answer, Answer::Ckr(ckr) if is_about_mechanism(ckr));
    by(trial.sign_init) || by(trial.sign)
}

fn finding(case: &Case<'_>, padding: &Padding) -> Finding {
    let token = sentence(&case.token_named());
    let failed = distinct(
        case.cells
            .iter()
            .filter_map(|(_, cell)| cell.scheme?.hash()),
    );
    let ckrs = distinct(case.cells.iter().filter_map(|(_, cell)| cell.ckr));
    let ckrs: Vec<String> = ckrs.iter().map(ToString::to_string).collect();
    let keys = case.keys();
    let routes = distinct(case.cells.iter().filter_map(|(_, cell)| cell.route));
    let cause = format!(
        "{token} refuses {} with {} on {}: {}. {} So {} {} what the key can't do.",
        padding.name,
        named(&failed),
        case.keys_named(),
        prose::and(&ckrs),
        able(&keys, padding, |route| routes.contains(&route)),
        case.clients_named(),
        case.clients_do("chooses", "choose")
    );
    let title = format!("{token} has {} with some hashes only", padding.name);
    let over_these = |key: &&Key| {
        let refused = routes.iter().map(|route| refused(key, padding, *route));
        refused.flatten().collect::<Vec<_>>()
    };
    let hashes = distinct(keys.iter().flat_map(over_these));
    let remedies = remedies(case, padding, &hashes);
    case.finding(padding.id, Severity::Error, title, cause, remedies)
}

fn remedies(case: &Case<'_>, padding: &Padding, hashes: &[Hash]) -> Vec<Remedy> {
    let lacking = |scheme: Scheme| {
        (padding.is)(scheme) && scheme.hash().is_some_and(|hash| hashes.contains(&hash))
    };
    let title = format!("Ask clients for no {} with {}", padding.name, named(hashes));
    let proposal = remedy::fewer(title, client_list::without(case, lacking));
    let mut remedies = proposal.remedies(case);
    remedies.push(card(NEWER_MODULE));
    remedies.push(card(OTHER_KEY));
    remedies
}

/// `With SHA-256 it works.`
fn able(keys: &[&Key], padding: &Padding, over: impl Fn(Route) -> bool) -> String {
    let working = keys
        .iter()
        .flat_map(|key| trials(key, padding).filter(|trial| works(trial) && over(trial.route)));
    let hashes = distinct(working.filter_map(|trial| trial.scheme.hash()));
    format!("With {} it works.", named(&hashes))
}

fn lurks(token: &Token, keys: &[&Key], padding: &Padding) -> Finding {
    let hashes = distinct(keys.iter().flat_map(|key| lacks(key, padding)));
    let token = sentence(&prose::token(Some(token)));
    Finding {
        id: padding.id,
        severity: Severity::Warning,
        title: format!("{token} has {} with some hashes only", padding.name),
        cause: format!(
            "{token} refused {} with {} on {} in trials. {} A server that asks for no other hash shuts the key out; no login of \
             this run met one.",
            padding.name,
            named(&hashes),
            prose::keys(keys),
            able(keys, padding, |_| true)
        ),
        cells: Vec::new(),
        remedies: vec![card(NEWER_MODULE)],
    }
}

/// `SHA-384 and SHA-512`.
fn named(hashes: &[Hash]) -> String {
    let names: Vec<String> = hashes.iter().copied().map(prose::hash).collect();
    prose::and(&names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::finding::Change;

    const PSS: Padding = Padding {
        id: "pss",
        name: "RSA-PSS",
        is: |scheme| scheme.is_pss(),
    };
    const WORKS: u16 = 0x0804;
    const REFUSED: u16 = 0x0805;

    fn limited() -> Key {
        let key = working(rsa("k1", 2048), WORKS, Route::RsaPkcsPss);
        refusing(key, REFUSED, Route::RsaPkcsPss)
    }

    fn refused(key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        fixture.profile("openssl-3.0").tls12 = Some(vec![Scheme(REFUSED), Scheme(WORKS)]);
        fixture.refuses("openssl", REFUSED, Route::RsaPkcsPss);
        fixture
    }

    #[test]
    fn the_hash_that_is_refused_leaves_the_list() {
        let found = find(&refused(limited()).facts(), &PSS);
        assert_eq!((found.len(), found[0].cells.len()), (1, 1));
        let change = found[0].remedies[0].change.as_ref();
        assert!(
            matches!(change, Some(Change::ClientSchemes { schemes, tls12_only: false }) if *schemes == [Scheme(WORKS)])
        );
    }

    #[test]
    fn a_limit_that_no_login_met_is_a_warning() {
        let found = find(&Fixture::new().key(limited()).facts(), &PSS);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
    }

    #[test]
    fn a_hash_that_works_over_another_route_is_not_lacked() {
        let key = working(limited(), REFUSED, Route::ShaRsaPkcsPss);
        assert!(find(&Fixture::new().key(key).facts(), &PSS).is_empty());
    }

    #[test]
    fn a_key_that_refuses_every_hash_or_is_too_short_is_not_limited() {
        let none = refusing(rsa("k1", 2048), REFUSED, Route::RsaPkcsPss);
        assert!(find(&refused(none).facts(), &PSS).is_empty());
        let short = working(rsa("k1", 512), WORKS, Route::RsaPkcsPss);
        let short = refusing(short, 0x0806, Route::RsaPkcsPss);
        assert!(find(&Fixture::new().key(short).facts(), &PSS).is_empty());
    }
}
