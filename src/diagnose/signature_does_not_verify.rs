//! `signature-does-not-verify`: the token says CKR_OK and gives a signature that doesn't check.

use super::case::{Case, by_token, untold};
use super::prose::{self, distinct, sentence};
use super::remedy::{self, NEWER_MODULE, card};
use super::tried::{self, Works};
use super::{Facts, Rule};
use crate::model::autopsy::Flaw;
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::{Key, Pairing};
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "signature-does-not-verify",
    title: "the token's signature does not check",
    explanation: "\
C_Sign answered CKR_OK, and the signature is wrong: another padding or hash than was asked for, or made with another key. \
Some mistakes have findings of their own. The server refuses it, mostly with decrypt_error. cardcheck checks every signature on the host, with \
code of its own, against the certificate's public key.

How it is told: the signature of a trial did not check on the host; or the server refused with decrypt_error although key and \
certificate are paired.

What helps: another way to sign, if one works on this key; else a newer module or another card.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let refused = facts
        .failed_at(Stage::ServerVerify)
        .filter(|(_, cell)| is_bad(facts, cell));
    let failing = by_token(facts, refused);
    let mut findings: Vec<Finding> = failing.iter().map(finding).collect();
    let lurking = facts.tokens_with(|key| {
        key.pairing != Pairing::WrongKey && !tried::bad_signatures(key).is_empty()
    });
    findings.extend(untold(&failing, lurking).map(|(token, keys)| lurks(token, &keys)));
    findings
}

fn is_bad(facts: &Facts<'_>, cell: &Cell) -> bool {
    let Some(key) = facts.key(&cell.key) else {
        return false;
    };
    let tried_bad = cell
        .scheme
        .zip(cell.route)
        .is_some_and(|bad| tried::bad_signatures(key).contains(&bad));
    tried_bad || (cell.alert.as_deref() == Some("decrypt_error") && key.certificate.is_some())
}

fn finding(case: &Case<'_>) -> Finding {
    let ways = case.cells.iter().filter_map(|(_, cell)| {
        let (scheme, route) = cell.scheme.zip(cell.route)?;
        Some(prose::way(scheme, route))
    });
    let ways = distinct(ways);
    let with = if ways.is_empty() {
        String::new()
    } else {
        format!(" with {}", prose::and(&ways))
    };
    let cause = format!(
        "{} signed{with} and answered CKR_OK, but the signature of {} does not check against the certificate. {}{}",
        sentence(&case.token_named()),
        case.keys_named(),
        mistakes(case),
        why(&case.keys())
    );
    let title = format!(
        "{} makes signatures that do not check",
        sentence(&case.token_named())
    );
    case.finding(RULE.id, Severity::Error, title, cause, remedies(case))
}

/// What the autopsy says, a sentence for each mistake.
fn mistakes(case: &Case<'_>) -> String {
    let flaws = case
        .cells
        .iter()
        .filter_map(|(_, cell)| tried::flaw(case.facts.key(&cell.key)?, cell.scheme?, cell.route?));
    let told = distinct(flaws).into_iter().map(|flaw| match flaw {
        Flaw::OtherPadding => "It has the other padding, PKCS1 for PSS or PSS for PKCS1. ".into(),
        Flaw::OtherHash(hash) => format!("It was made with {}. ", prose::hash(hash)),
        _ => String::new(),
    });
    told.collect()
}

/// What is known of the reason.
fn why(keys: &[&Key]) -> &'static str {
    if keys.iter().all(|key| tried::anything(key) == Works::Yes) {
        return "Other signatures of the same key do, so it is not the certificate.";
    }
    match keys.iter().any(|key| unsure(key)) {
        true => {
            "Either the certificate belongs to another key, or the token signs wrongly. Could not tell which: the token does \
             not give the key's own public key."
        }
        false => "Could not tell why.",
    }
}

/// The certificate was paired by CKA_ID alone, and nothing that the key signs speaks for the pair.
fn unsure(key: &Key) -> bool {
    key.pairing == Pairing::IdOnly && tried::anything(key) != Works::Yes
}

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let mut remedies = match case.is_pss() && tried::pkcs1_on_all(case) {
        true => remedy::without_pss(case).remedies(case),
        false => Vec::new(),
    };
    if case.keys().iter().any(|key| unsure(key)) {
        remedies.push(card(
            "See whether the certificate belongs to this key, and write the right one to the card",
        ));
    }
    remedies.push(card(NEWER_MODULE));
    remedies
}

fn lurks(token: &Token, keys: &[&Key]) -> Finding {
    let bad = keys.iter().flat_map(|key| tried::bad_signatures(key));
    let ways: Vec<String> = bad
        .map(|(scheme, route)| prose::way(scheme, route))
        .collect();
    let token = prose::token(Some(token));
    Finding {
        id: RULE.id,
        severity: Severity::Warning,
        title: format!("{} makes signatures that do not check", sentence(&token)),
        cause: format!(
            "In trials {token} answered CKR_OK, but signatures of {} do not check: {}. No login of this run used them.",
            prose::keys(keys),
            prose::and(&distinct(ways))
        ),
        cells: Vec::new(),
        remedies: vec![card(NEWER_MODULE)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, bad, flawed, offers_a_change, rsa, working};
    use crate::model::hash::Hash;
    use crate::model::route::Route;

    fn refused(key: Key, alert: &str) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        let cell = fixture.signs_badly("firefox", 0x0804, Route::RsaPkcsPss);
        cell.alert = Some(alert.into());
        fixture
    }

    #[test]
    fn a_bad_pss_signature_is_told_and_pkcs1_offered() {
        let key = working(
            bad(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss),
            0x0401,
            Route::RsaPkcs,
        );
        let found = find(&refused(key, "decrypt_error").facts());
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .cause
                .contains("with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)"),
            "{}",
            found[0].cause
        );
        assert!(found[0].cause.contains("so it is not the certificate"));
        assert!(offers_a_change(&found[0]));
    }

    #[test]
    fn a_signature_with_another_hash_is_told_so() {
        let sha1 = Flaw::OtherHash(Hash::Sha1);
        let key = flawed(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss, sha1);
        let found = find(&refused(key, "decrypt_error").facts());
        assert!(
            found[0].cause.contains("It was made with SHA-1."),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn a_pair_by_cka_id_alone_may_be_wrong_and_that_is_said() {
        let key = bad(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        let key = Key {
            pairing: Pairing::IdOnly,
            ..key
        };
        let found = find(&refused(key, "decrypt_error").facts());
        assert!(found[0].cause.contains("Could not tell which"));
        assert!(
            found[0].remedies[0]
                .title
                .starts_with("See whether the certificate")
        );
    }

    #[test]
    fn a_bad_trial_that_no_login_used_is_a_warning() {
        let fixture = Fixture::new().key(bad(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss));
        let found = find(&fixture.facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
    }

    #[test]
    fn another_alert_after_a_good_signature_is_not_about_the_signature() {
        let key = working(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        assert!(find(&refused(key, "unknown_ca").facts()).is_empty());
    }
}
