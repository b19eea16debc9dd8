//! What the capability trials say of a key.

use super::case::Case;
use crate::model::autopsy::Flaw;
use crate::model::capability::{Answer, Capability};
use crate::model::cell::Cell;
use crate::model::key::Key;
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::{Kind, Scheme};

/// Does something work on a key?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Works {
    Yes,
    No,
    /// It was not tried, so nothing is known.
    NotTried,
}

/// Do RSA PKCS1 signatures of the hashes in use today work, over whichever route?
pub(super) fn pkcs1(key: &Key) -> Works {
    any(key, |capability| {
        matches!(capability.scheme.kind(), Kind::RsaPkcs1(_)) && capability.scheme.0 >= 0x0401
    })
}

/// Do PKCS1 signatures work on every key of the case?
pub(super) fn pkcs1_on_all(case: &Case<'_>) -> bool {
    case.keys().iter().all(|key| pkcs1(key) == Works::Yes)
}

/// Does PSS over this route work, with any hash?
pub(super) fn pss(key: &Key, route: Route) -> Works {
    any(key, |capability| {
        capability.scheme.is_pss() && capability.route == route
    })
}

/// Does CKM_RSA_X_509 work, over which a client can pad PSS for itself?
pub(super) fn raw_rsa(key: &Key) -> Works {
    any(key, |capability| capability.route == Route::RsaX509)
}

/// Does the token list CKM_RSA_X_509, or does it work all the same?
pub(super) fn raw_rsa_is_there(case: &Case<'_>) -> bool {
    case.token
        .is_some_and(|token| token.lists(Mechanism::RSA_X_509))
        || case.keys().iter().any(|key| raw_rsa(key) == Works::Yes)
}

/// Does this scheme work over this route?
pub(super) fn works(key: &Key, scheme: Scheme, route: Route) -> Works {
    any(key, |capability| {
        capability.scheme == scheme && capability.route == route
    })
}

/// Did the very signature that failed in this cell work when it was tried?
pub(super) fn worked(key: &Key, cell: &Cell) -> bool {
    let both = cell.scheme.zip(cell.route);
    both.is_some_and(|(scheme, route)| works(key, scheme, route) == Works::Yes)
}

/// The mistake in the signature that a trial of this scheme and route gave.
pub(super) fn flaw(key: &Key, scheme: Scheme, route: Route) -> Option<Flaw> {
    let mut trials = key.capabilities.iter();
    trials
        .find(|trial| trial.scheme == scheme && trial.route == route)
        .and_then(|trial| trial.flaw)
}

/// Does anything work over this route?
pub(super) fn route(key: &Key, route: Route) -> Works {
    any(key, |capability| capability.route == route)
}

/// Does the token list no mechanism at all that signs with this key?
pub(super) fn nothing_is_listed(key: &Key) -> bool {
    !key.capabilities.is_empty() && !key.capabilities.iter().any(|capability| capability.listed)
}

/// Is it known that nothing works over this route: whatever was tried failed, and the rest isn't listed?
pub(super) fn is_no_way(key: &Key, route: Route) -> bool {
    let mut trials = key.capabilities.iter();
    trials.all(|trial| {
        trial.route != route
            || result(trial) == Works::No
            || (result(trial) == Works::NotTried && !trial.listed)
    })
}

/// The signatures that the token made in trials and that don't check, by no mistake that has a finding of its own.
pub(super) fn bad_signatures(key: &Key) -> Vec<(Scheme, Route)> {
    let bad = key.capabilities.iter().filter(|capability| {
        capability.verified == Some(false) && !capability.flaw.is_some_and(has_finding)
    });
    bad.map(|capability| (capability.scheme, capability.route))
        .collect()
}

/// Does any signature of the key work?
pub(super) fn anything(key: &Key) -> Works {
    any(key, |_| true)
}

fn any(key: &Key, wanted: impl Fn(&Capability) -> bool) -> Works {
    let capabilities = key
        .capabilities
        .iter()
        .filter(|capability| wanted(capability));
    let results: Vec<Works> = capabilities.map(result).collect();
    [Works::Yes, Works::No]
        .into_iter()
        .find(|result| results.contains(result))
        .unwrap_or(Works::NotTried)
}

fn result(capability: &Capability) -> Works {
    match (capability.sign_init, capability.sign, capability.verified) {
        (_, Answer::Ok, Some(false)) => Works::No,
        (_, Answer::Ok, _) => Works::Yes,
        (Answer::NotTried | Answer::Ok, Answer::NotTried, _) => Works::NotTried,
        _ => Works::No,
    }
}

/// Does the mistake have a finding of its own?
fn has_finding(flaw: Flaw) -> bool {
    match flaw {
        Flaw::BareHash | Flaw::SaltLength(_) | Flaw::DerNotRaw | Flaw::HashMisfit => true,
        Flaw::OtherPadding | Flaw::OtherHash(_) => false,
    }
}
