//! Capability trials: every scheme of a key's type over every route, asked, tried and checked.
//!
//! Trials cost real signatures. Each (key, route, hash) is tried once, its result shared by the schemes that come to the
//! same call: PSS-RSAE and PSS-PSS always, and PKCS1 and PSS over CKM_RSA_X_509, where the token only exponentiates a
//! block that the host padded. What the token doesn't list is not tried unless asked for.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::host::Host;
use crate::model::capability::{Answer, Capability};
use crate::model::ckr::Ckr;
use crate::model::hash::Hash;
use crate::model::key::Key;
use crate::model::mechanism::Mechanism;
use crate::model::profile::TlsVersion;
use crate::model::public_key::PublicKey;
use crate::model::route::Route;
use crate::model::scheme::{KeyShape, Misfit, Scheme};
use crate::model::sign::{Sign, SignError, SignStep, Signed};
use crate::model::token::{MechanismFacts, Token};
use crate::model::verify::{VerifyError, verify};

/// What is signed: as long as the content that a TLS 1.3 CertificateVerify covers (RFC 8446 §4.4.3).
const MESSAGE: [u8; 146] = [0x20; 146];

/// What the trials of one key found.
pub struct Trials {
    /// A fact row for each scheme and route.
    pub capabilities: Vec<Capability>,
    /// C_SignInit calls that were made.
    pub signatures: usize,
}

/// One trial's result: what C_SignInit and C_Sign said, and whether the signature checks.
#[derive(Clone, Copy)]
struct Trial {
    sign_init: Answer,
    sign: Answer,
    verified: Option<bool>,
    ms: Option<f64>,
}

const NOT_TRIED: Trial = Trial {
    sign_init: Answer::NotTried,
    sign: Answer::NotTried,
    verified: None,
    ms: None,
};

/// Tries `key`, the one at `index` in the host's inventory. `go_on` is asked before each signature; when it says no, the
/// rest is `not_tried`.
pub fn run(
    host: &Host,
    index: usize,
    key: &Key,
    token: &Token,
    probe_unlisted: bool,
    go_on: &dyn Fn() -> bool,
) -> Trials {
    let signer = host.signer(index);
    let mut bench = Bench {
        key,
        signer: &signer,
        done: HashMap::new(),
        signatures: 0,
    };
    let mut capabilities = Vec::new();
    for (scheme, route) in candidates(&key.shape()) {
        let mechanism = route.mechanism(scheme);
        let facts = mechanism_facts(host, token, mechanism);
        let wanted = facts.listed || probe_unlisted;
        let trial = bench.trial(scheme, route, wanted && go_on());
        capabilities.push(Capability {
            scheme,
            route,
            listed: facts.listed,
            info: facts.info,
            allowed: key.allows(mechanism),
            sign_init: trial.sign_init,
            sign: trial.sign,
            verified: trial.verified,
            sign_ms: trial.ms,
        });
    }
    Trials {
        capabilities,
        signatures: bench.signatures,
    }
}

/// Signatures that the trials of this key will make, for the PIN's budget.
pub fn planned(key: &Key, token: &Token, probe_unlisted: bool) -> usize {
    let mut calls: Vec<(Route, Option<Hash>)> = candidates(&key.shape())
        .filter(|(scheme, route)| probe_unlisted || token.lists(route.mechanism(*scheme)))
        .map(|(scheme, route)| (route, scheme.hash()))
        .collect();
    let mut seen = std::collections::HashSet::new();
    calls.retain(|call| seen.insert(*call));
    calls.len()
}

/// Every scheme that a key of this shape could ever sign, with every route that carries it.
fn candidates(shape: &KeyShape) -> impl Iterator<Item = (Scheme, Route)> {
    // which of the two RSA public keys the certificate has doesn't bear on the token
    let shapes = [false, true].map(|pss_only| KeyShape { pss_only, ..*shape });
    let fits = move |scheme: &Scheme| {
        let mut versions = TlsVersion::ALL.iter();
        let any = |version: &TlsVersion| {
            shapes
                .iter()
                .any(|shape| scheme.fits(shape, *version).is_ok())
        };
        versions.any(any) && !other_curve(*scheme, &shapes)
    };
    let routes = |scheme: Scheme| Route::of(scheme).iter().map(move |route| (scheme, *route));
    Scheme::all().filter(fits).flat_map(routes)
}

/// Schemes of TLS 1.3 only that are bound to a curve the key isn't on.
fn other_curve(scheme: Scheme, shapes: &[KeyShape; 2]) -> bool {
    let misfit = |shape: &KeyShape| scheme.fits(shape, TlsVersion::V1_3) == Err(Misfit::Curve);
    !scheme.legal_in(TlsVersion::V1_2) && shapes.iter().any(misfit)
}

fn mechanism_facts(host: &Host, token: &Token, mechanism: Mechanism) -> MechanismFacts {
    let unknown = || MechanismFacts {
        mechanism,
        listed: false,
        info: Answer::NotTried,
        min_bits: 0,
        max_bits: 0,
        hardware: false,
        sign: false,
    };
    token
        .facts(mechanism)
        .cloned()
        .or_else(|| host.mechanism_info(mechanism))
        .unwrap_or_else(unknown)
}

struct Bench<'a> {
    key: &'a Key,
    signer: &'a dyn Sign,
    done: HashMap<(Route, Option<Hash>), Trial>,
    signatures: usize,
}

impl Bench<'_> {
    fn trial(&mut self, scheme: Scheme, route: Route, wanted: bool) -> Trial {
        let call = (route, scheme.hash());
        if let Some(done) = self.done.get(&call) {
            return *done;
        }
        if !wanted {
            return NOT_TRIED;
        }
        let trial = self.try_out(scheme, route);
        if trial.sign_init != Answer::NotTried {
            self.signatures += 1;
        }
        self.done.insert(call, trial);
        trial
    }

    fn try_out(&self, scheme: Scheme, route: Route) -> Trial {
        match self.signer.sign(scheme, route, &MESSAGE) {
            Ok(signed) => Trial {
                sign_init: Answer::Ok,
                sign: Answer::Ok,
                verified: self.check(scheme, &signed),
                ms: Some(signed.ms),
            },
            Err(error) => failed(&error),
        }
    }

    fn check(&self, scheme: Scheme, signed: &Signed) -> Option<bool> {
        let key: &PublicKey = self.key.verifying_key()?;
        match verify(key, scheme, &MESSAGE, &signed.signature) {
            Ok(()) => Some(true),
            Err(VerifyError::Bad | VerifyError::WrongKeyType) => Some(false),
            Err(VerifyError::Unsupported) => None,
        }
    }
}

fn failed(error: &SignError) -> Trial {
    let answer = Answer::Ckr(error.ckr.unwrap_or(Ckr::GENERAL_ERROR));
    match (error.step, error.ckr) {
        (SignStep::SignInit, Some(_)) => Trial {
            sign_init: answer,
            ..NOT_TRIED
        },
        (SignStep::Sign | SignStep::ContextLogin, Some(_)) => Trial {
            sign_init: Answer::Ok,
            sign: answer,
            ..NOT_TRIED
        },
        // a signature came, of a length that can't be right
        (SignStep::Encode, _) => Trial {
            sign_init: Answer::Ok,
            sign: Answer::Ok,
            verified: Some(false),
            ms: None,
        },
        _ => NOT_TRIED,
    }
}
