//! Capability trials: every scheme of a key's type over every route, asked, tried and checked.
//!
//! Trials cost real signatures. Each (key, route, hash) is tried once, its result shared by the schemes that come to the
//! same call: PSS-RSAE and PSS-PSS always, and PKCS1 and PSS over CKM_RSA_X_509, where the token only exponentiates a
//! block that the host padded. What the token doesn't list is not tried unless asked for.
#![forbid(unsafe_code)]

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{self, Receiver, Sender};

use super::host::Host;
use crate::model::autopsy::{Flaw, autopsy};
use crate::model::capability::{Answer, Capability};
use crate::model::ckr::Ckr;
use crate::model::hash::Hash;
use crate::model::key::Key;
use crate::model::mechanism::Mechanism;
use crate::model::route::Route;
use crate::model::scheme::{KeyShape, Misfit, Scheme};
use crate::model::sign::{Sign, SignError, SignStep, Signed};
use crate::model::token::{MechanismFacts, Token};
use crate::model::verify::{VerifyError, verify};
use crate::model::version::TlsVersion;

/// What is signed: as long as the content that a TLS 1.3 CertificateVerify covers (RFC 8446 §4.4.3).
const MESSAGE: [u8; 146] = [0x20; 146];

/// What is tried of a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent<'a> {
    /// Mechanisms, too, that the token doesn't list.
    pub unlisted: bool,
    /// Only these schemes; `None`: all of the key's type.
    pub only: Option<&'a [Scheme]>,
}

impl Extent<'_> {
    fn wants(&self, scheme: Scheme, listed: bool) -> bool {
        (listed || self.unlisted) && self.only.is_none_or(|only| only.contains(&scheme))
    }
}

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
    flaw: Option<Flaw>,
    ms: Option<f64>,
    /// C_SignInit calls.
    asked: usize,
}

const NOT_TRIED: Trial = Trial {
    asked: 0,
    sign_init: Answer::NotTried,
    sign: Answer::NotTried,
    verified: None,
    flaw: None,
    ms: None,
};

/// Tries `key`, the one at `index` in the host's inventory. `go_on` is asked before each signature; when it says no, the
/// rest is `not_tried`. Signatures are checked beside the token's work: it doesn't wait for the host's arithmetic.
pub fn run(
    host: &Host,
    index: usize,
    key: &Key,
    token: &Token,
    extent: Extent<'_>,
    go_on: &dyn Fn() -> bool,
) -> Trials {
    let rows: Vec<Row> = candidates(&key.shape())
        .map(|(scheme, route)| Row {
            scheme,
            route,
            facts: mechanism_facts(host, token, route.mechanism(scheme)),
        })
        .collect();
    let wanted = rows
        .iter()
        .filter(|row| extent.wants(row.scheme, row.facts.listed));
    let signer = host.signer(index);
    let tried = std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let checker = scope.spawn(|| check_all(key, receiver));
        let mut tried = sign_all(&signer, wanted, &sender, key.always_authenticate, go_on);
        drop(sender);
        // the checker can't panic; if it did, nothing would be verified
        for (call, (verified, flaw)) in checker.join().unwrap_or_default() {
            if let Some(trial) = tried.get_mut(&call) {
                (trial.verified, trial.flaw) = (verified, flaw);
            }
        }
        tried
    });
    Trials {
        signatures: tried.values().map(|trial| trial.asked).sum(),
        capabilities: rows.iter().map(|row| row.capability(key, &tried)).collect(),
    }
}

/// A scheme over a route, and what the token says of the mechanism.
struct Row {
    scheme: Scheme,
    route: Route,
    facts: MechanismFacts,
}

/// Trials with the same of these come to the same call.
type Call = (Route, Option<Hash>);

impl Row {
    fn call(&self) -> Call {
        (self.route, self.scheme.hash())
    }

    fn capability(&self, key: &Key, tried: &HashMap<Call, Trial>) -> Capability {
        let trial = tried.get(&self.call()).unwrap_or(&NOT_TRIED);
        Capability {
            scheme: self.scheme,
            route: self.route,
            listed: self.facts.listed,
            info: self.facts.info,
            allowed: key.allows(self.facts.mechanism),
            sign_init: trial.sign_init,
            sign: trial.sign,
            verified: trial.verified,
            flaw: trial.flaw,
            sign_ms: trial.ms,
        }
    }
}

/// Signs each call once, and hands the signatures on. `once`: a signature costs a PIN, and is not made again.
fn sign_all<'a>(
    signer: &dyn Sign,
    rows: impl Iterator<Item = &'a Row>,
    checker: &Sender<(Call, Scheme, Vec<u8>)>,
    once: bool,
    go_on: &dyn Fn() -> bool,
) -> HashMap<Call, Trial> {
    let mut tried = HashMap::new();
    let mut doubtful = None;
    for row in rows {
        if tried.contains_key(&row.call()) || !go_on() {
            continue;
        }
        let made = sign(signer, row, once);
        if let Some(earlier) = doubtful.take().filter(|_| made.interrupted) {
            tried.insert(Row::call(earlier), doubted(signer, earlier, once, checker));
        }
        doubtful = made.is_unclear().then_some(row);
        tried.insert(row.call(), made.trial(row, checker));
    }
    tried
}

/// A refusal that named no reason, straight before the module or the card was lost, was the loss and says nothing of the key:
/// OpenSC answers CKR_GENERAL_ERROR to the call over which a card is pulled. It is tried again, unless that costs a PIN.
fn doubted(
    signer: &dyn Sign,
    row: &Row,
    once: bool,
    checker: &Sender<(Call, Scheme, Vec<u8>)>,
) -> Trial {
    match once {
        true => Trial {
            asked: 1,
            ..NOT_TRIED
        },
        false => {
            let mut made = sign(signer, row, once);
            made.asked += 1;
            made.trial(row, checker)
        }
    }
}

/// What came of signing.
struct Made {
    signed: Result<Signed, SignError>,
    /// C_SignInit calls.
    asked: usize,
    /// The module, the card, the session or the login was lost over it, the first time at least.
    interrupted: bool,
}

impl Made {
    fn is_unclear(&self) -> bool {
        let ckr = self.signed.as_ref().err().and_then(|error| error.ckr);
        ckr.is_some_and(Ckr::is_unclear)
    }

    fn trial(self, row: &Row, checker: &Sender<(Call, Scheme, Vec<u8>)>) -> Trial {
        let asked = self.asked;
        match self.signed {
            Ok(signed) => {
                // the checker ends only after the last sender
                let _ = checker.send((row.call(), row.scheme, signed.signature));
                Trial {
                    sign_init: Answer::Ok,
                    sign: Answer::Ok,
                    ms: Some(signed.ms),
                    asked,
                    ..NOT_TRIED
                }
            }
            Err(error) => Trial {
                asked,
                ..failed(&error)
            },
        }
    }
}

/// Signs, and once more where the failure says nothing of the key. Unless it may be asked `once` only.
fn sign(signer: &dyn Sign, row: &Row, once: bool) -> Made {
    let sign = || signer.sign(row.scheme, row.route, &MESSAGE);
    let asked = |signed: &Result<Signed, SignError>| {
        usize::from(signed.as_ref().err().is_none_or(SignError::reached_token))
    };
    let first = sign();
    let calls = asked(&first);
    let interrupted = first.as_ref().err().is_some_and(SignError::is_passing);
    let (signed, asked) = match interrupted && !once {
        true => {
            let second = sign();
            let calls = calls + asked(&second);
            (second, calls)
        }
        false => (first, calls),
    };
    Made {
        signed,
        asked,
        interrupted,
    }
}

/// For each signature whether it checks, and if not, why.
fn check_all(
    key: &Key,
    signatures: Receiver<(Call, Scheme, Vec<u8>)>,
) -> HashMap<Call, (Option<bool>, Option<Flaw>)> {
    let checked = |(call, scheme, signature): (Call, Scheme, Vec<u8>)| {
        let verified = check(key, scheme, &signature);
        let bad = key.verifying_key().filter(|_| verified == Some(false));
        let flaw = bad.and_then(|key| autopsy(key, scheme, &MESSAGE, &signature));
        (call, (verified, flaw))
    };
    signatures.into_iter().map(checked).collect()
}

fn check(key: &Key, scheme: Scheme, signature: &[u8]) -> Option<bool> {
    match verify(key.verifying_key()?, scheme, &MESSAGE, signature) {
        Ok(()) => Some(true),
        Err(VerifyError::Bad | VerifyError::WrongKeyType) => Some(false),
        Err(VerifyError::Unsupported) => None,
    }
}

/// Signatures that the trials of this key will make, for the PIN's budget.
pub fn planned(key: &Key, token: &Token, extent: Extent<'_>) -> usize {
    let calls: HashSet<Call> = candidates(&key.shape())
        .filter(|(scheme, route)| extent.wants(*scheme, token.lists(route.mechanism(*scheme))))
        .map(|(scheme, route)| (route, scheme.hash()))
        .collect();
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
    token
        .facts(mechanism)
        .cloned()
        .or_else(|| host.mechanism_info(mechanism))
        .unwrap_or_else(|| MechanismFacts::unknown(mechanism))
}

fn failed(error: &SignError) -> Trial {
    let answer = match (&error.lost, error.ckr) {
        (Some(lost), _) if lost.hung() => Answer::NoAnswer,
        (Some(_), _) => Answer::Crashed,
        (None, Some(ckr)) => Answer::Ckr(ckr),
        (None, None) => Answer::NotTried,
    };
    // a call that is not asked again failed where it did before
    let lost_in = error.lost.as_deref().map(SignStep::of_loss);
    match lost_in.unwrap_or(error.step) {
        SignStep::SignInit => Trial {
            sign_init: answer,
            ..NOT_TRIED
        },
        SignStep::Sign | SignStep::ContextLogin => Trial {
            sign_init: Answer::Ok,
            sign: answer,
            ..NOT_TRIED
        },
        // a signature came, of a length that can't be right
        SignStep::Encode => Trial {
            sign_init: Answer::Ok,
            sign: Answer::Ok,
            verified: Some(false),
            flaw: error.flaw,
            ..NOT_TRIED
        },
        _ => NOT_TRIED,
    }
}
