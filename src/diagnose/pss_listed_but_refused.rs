//! `pss-listed-but-refused`: the token lists PSS, the key refuses it. Mechanisms are listed for a token, but what a key may
//! do is the key's own affair; Firefox and Chrome look at the list only.

use super::case::{Case, cases, is_real};
use super::prose::{self, distinct, number, sentence};
use super::refusal::is_about_mechanism;
use super::remedy::{self, card};
use super::tried::{self, Works};
use super::{Facts, Rule};
use crate::model::capability::Answer;
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::mechanism::Mechanism;
use crate::model::profile::TlsVersion;
use crate::model::route::Route;

pub(super) static RULE: Rule = Rule {
    id: "pss-listed-but-refused",
    title: "the token lists RSA-PSS, but its key refuses it",
    explanation: "\
C_GetMechanismList says what a token can do, not what each key may do. Some modules list CKM_RSA_PKCS_PSS although the card, \
or this key on it, can't pad that way. Firefox and Chrome look at the list only: they choose PSS, C_SignInit or C_Sign answers \
with an error, and the login fails. In Firefox over TLS 1.2 the page then loads for ever, without a message.

How it is told: the handshake chose a PSS scheme whose mechanism the token lists, and the token refused it with an error about \
the mechanism or the key, while PKCS1 on the same key works or was not tried. If CKA_ALLOWED_MECHANISMS of the key leaves the \
mechanism out, that is the reason.

What helps: over TLS 1.2 a server that asks its clients for no RSA-PSS, so that they use PKCS1. Set the list that is asked of \
clients (ClientSignatureAlgorithms, -client_sigalgs). The well-known -sigalgs and SignatureAlgorithms also limit what the \
server itself signs with, and end TLS 1.3 for everybody where its key is RSA. Over TLS 1.3 no list helps: PKCS1 is not legal \
there (RFC 8446 4.4.3), so a list without PSS has to go with TLS 1.2. To put PKCS1 first helps the clients that follow the \
server's order; Firefox and Chrome have their own. At the card: a module that pads PSS itself over raw RSA, as OpenSC 0.20 and \
later does, or a key of another type.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let refused = facts.failed_at(Stage::Sign).filter(|(_, cell)| is_refused_pss(facts, cell));
    let by_pkcs1 = |cell: &Cell| facts.key(&cell.key).map(tried::pkcs1);
    cases(facts, refused, by_pkcs1).iter().map(finding).collect()
}

fn is_refused_pss(facts: &Facts<'_>, cell: &Cell) -> bool {
    let Some((key, token)) = facts.card(cell) else {
        return false;
    };
    cell.scheme.is_some_and(|scheme| scheme.is_pss())
        && cell.ckr.is_some_and(is_about_mechanism)
        && token.lists(listed_mechanism(cell))
        && tried::pss(key, listed_route(cell)) != Works::Yes
        && (tried::pkcs1(key) != Works::No || !key.allows(listed_mechanism(cell)))
}

/// The route of the PSS that the token lists. A client that pads PSS itself and is refused the raw signature has no better
/// luck with the token's own.
fn listed_route(cell: &Cell) -> Route {
    match cell.route {
        Some(Route::ShaRsaPkcsPss) => Route::ShaRsaPkcsPss,
        _ => Route::RsaPkcsPss,
    }
}

fn listed_mechanism(cell: &Cell) -> Mechanism {
    let mechanism = |scheme| listed_route(cell).mechanism(scheme);
    cell.scheme.map_or(Mechanism::RSA_PKCS_PSS, mechanism)
}

fn finding(case: &Case<'_>) -> Finding {
    let keys = number(case.keys().len(), "key refuses", "keys refuse");
    let title = format!("{} lists RSA-PSS, but its RSA {keys} it", sentence(&case.token_named()));
    let parts = [refusal(case), allowed(case), trust(case), pkcs1(case), raw(case)];
    let cause: Vec<String> = parts.into_iter().flatten().collect();
    case.finding(RULE.id, Severity::Error, title, cause.join(" "), remedies(case))
}

fn refusal(case: &Case<'_>) -> Option<String> {
    let keys = case.keys();
    let mechanisms = distinct(case.cells.iter().map(|(_, cell)| listed_mechanism(cell).to_string()));
    let ckrs = distinct(case.cells.iter().filter_map(|(_, cell)| cell.ckr));
    let ckrs: Vec<String> = ckrs.iter().map(ToString::to_string).collect();
    let step = step(&keys).map_or(String::new(), |step| format!(" at {step}"));
    Some(format!(
        "{} lists {}, but {} {} it{step} with {}.",
        sentence(&case.token_named()),
        prose::and(&mechanisms),
        case.keys_named(),
        number(keys.len(), "refuses", "refuse"),
        prose::and(&ckrs)
    ))
}

/// The call that refuses, if the trials tell and all keys agree.
fn step(keys: &[&Key]) -> Option<&'static str> {
    let trials = keys.iter().flat_map(|key| &key.capabilities);
    let refusals = trials.filter(|trial| trial.scheme.is_pss() && trial.route == Route::RsaPkcsPss);
    let steps = distinct(refusals.filter_map(|trial| match (trial.sign_init, trial.sign) {
        (Answer::Ckr(_), _) => Some("C_SignInit"),
        (_, Answer::Ckr(_)) => Some("C_Sign"),
        _ => None,
    }));
    match steps.as_slice() {
        [step] => Some(step),
        _ => None,
    }
}

fn allowed(case: &Case<'_>) -> Option<String> {
    let keys = case.keys();
    let restricted = |key: &&&Key| key.can_sign && !key.allows(Mechanism::RSA_PKCS_PSS);
    let restricted: Vec<&Key> = keys.iter().filter(restricted).copied().collect();
    (!restricted.is_empty()).then(|| {
        let of = prose::keys(&restricted);
        format!("The reason is CKA_ALLOWED_MECHANISMS of {of}: it leaves PSS out.")
    })
}

fn trust(case: &Case<'_>) -> Option<String> {
    let clients: Vec<&str> = case.clients().into_iter().filter(|name| is_real(name)).collect();
    (!clients.is_empty()).then(|| {
        let (who, chooses) = (prose::and(&clients), number(clients.len(), "chooses", "choose"));
        format!("So {who} {chooses} PSS and can't sign.")
    })
}

fn pkcs1(case: &Case<'_>) -> Option<String> {
    let works = case.keys().first().map(|key| tried::pkcs1(key));
    let over_tls12 = match works {
        Some(Works::Yes) => "PKCS1 signatures work, but TLS 1.3 does not allow them",
        Some(Works::No) => "PKCS1 signatures are refused too",
        _ => "Whether PKCS1 signatures work was not tried; TLS 1.3 does not allow them",
    };
    let tls13 = match case.has(TlsVersion::V1_3) {
        true => ": over TLS 1.3 no list of the server helps these keys.",
        false => ".",
    };
    Some(format!("{over_tls12}{tls13}"))
}

fn raw(case: &Case<'_>) -> Option<String> {
    let works = case.keys().iter().all(|key| tried::raw_rsa(key) == Works::Yes);
    works.then(|| {
        let padding = "Raw RSA (CKM_RSA_X_509) works";
        match passing_over_raw(case).as_slice() {
            [] => format!("{padding}, so a client or module that makes the PSS padding itself can log in."),
            clients => {
                let makes = number(clients.len(), "makes", "make");
                format!("{padding}: {} {makes} the PSS padding on the host and can log in.", prose::and(clients))
            }
        }
    })
}

fn passing_over_raw<'a>(case: &Case<'a>) -> Vec<&'a str> {
    let keys = case.keys();
    let passes = |cell: &&Cell| {
        cell.outcome == Outcome::Pass
            && cell.route == Some(Route::RsaX509)
            && is_real(&cell.client)
            && keys.iter().any(|key| key.id == cell.key)
    };
    distinct(case.facts.cells.iter().filter(passes).map(|cell| cell.client.as_str()))
}

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let mut remedies = remedy::without_pss(case).remedies(case);
    remedies.extend(remedy::pkcs1_first(case).remedies(case));
    if allowed(case).is_some() {
        remedies.push(card("Have CKM_RSA_PKCS_PSS put into CKA_ALLOWED_MECHANISMS of the key, if the card can do it"));
    }
    if tried::raw_rsa_is_there(case) {
        remedies.push(card(SOFTWARE_PADDING));
    }
    remedies.push(card(OTHER_KEY));
    remedies
}

/// A module that makes the padding itself.
pub(super) const SOFTWARE_PADDING: &str =
    "Use a module that makes the PSS padding itself over raw RSA, as OpenSC 0.20 and later does";

/// A key of another type.
pub(super) const OTHER_KEY: &str = "Use a key of another type, such as EC P-256, which needs no PSS";
