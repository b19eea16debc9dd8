//! `raw-rsa-only`: of RSA the token has CKM_RSA_X_509 alone, and pads nothing itself.

use super::case::{Case, cases};
use super::prose::{self, sentence};
use super::refusal::is_about_mechanism;
use super::remedy::{self, card};
use super::tried::{self, Works};
use super::{Facts, Rule, pss_missing};
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::route::Route;

pub(super) static RULE: Rule = Rule {
    id: "raw-rsa-only",
    title: "the token does raw RSA only, and the client doesn't pad for itself",
    explanation: "\
Raw RSA (CKM_RSA_X_509) signs a block that is padded already. OpenSSL with libp11's engine makes PSS padding itself where the \
token can't. No client makes PKCS1 padding itself as long as there is a way to have it made, and Firefox, Chrome, GnuTLS and Go \
never ask for raw RSA at all: with a token that does nothing else they can't log in, over TLS 1.2 or 1.3.

How it is told: CKM_RSA_X_509 works on the key, and CKM_RSA_PKCS, CKM_RSA_PKCS_PSS and their forms with a hash were refused in \
trials or are not listed.

What helps: a module that pads in software, as OpenSC does for such cards; a client that pads for itself; a key of another type.",
    find,
};

/// Routes on which the token makes the padding.
const PADDING: [Route; 4] = [
    Route::RsaPkcs,
    Route::ShaRsaPkcs,
    Route::RsaPkcsPss,
    Route::ShaRsaPkcsPss,
];

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let refused = facts
        .failed_at(Stage::Sign)
        .filter(|(_, cell)| cell.ckr.is_some_and(is_about_mechanism));
    let unsent = pss_missing::lacking(facts);
    let mut cells: Vec<(usize, &Cell)> = refused
        .chain(unsent.filter(|(_, cell)| cell.stage == Some(Stage::Select)))
        .filter(|(_, cell)| cell.route != Some(Route::RsaX509))
        .filter(|(_, cell)| facts.key(&cell.key).is_some_and(is_raw_only))
        .collect();
    cells.sort_by_key(|(at, _)| *at);
    cases(facts, cells.into_iter(), |_| ())
        .iter()
        .map(finding)
        .collect()
}

fn is_raw_only(key: &Key) -> bool {
    tried::raw_rsa(key) == Works::Yes && PADDING.iter().all(|route| tried::is_no_way(key, *route))
}

fn finding(case: &Case<'_>) -> Finding {
    let token = sentence(&case.token_named());
    let able = case.clients_let_in(|cell| cell.route == Some(Route::RsaX509));
    let able = match able.is_empty() {
        true => String::new(),
        false => format!(
            " With raw RSA, padded on the host, {} can log in.",
            prose::and(&able)
        ),
    };
    let cause = format!(
        "On {} {} does raw RSA (CKM_RSA_X_509) and makes no padding, neither PKCS1 nor PSS. But {} {} for a padded signature.{able}",
        case.keys_named(),
        case.token_named(),
        case.clients_named(),
        case.clients_do("asks", "ask")
    );
    let title = format!("{token} does raw RSA only");
    case.finding(RULE.id, Severity::Error, title, cause, remedies())
}

fn remedies() -> Vec<Remedy> {
    vec![
        card(
            "Use a module that makes the padding itself over raw RSA, as OpenSC does for such cards",
        ),
        remedy::client(
            "Use a client that pads for itself, such as OpenSSL with libp11's engine, with a server that asks for RSA-PSS",
        ),
        card("Use a key of another type, such as EC P-256"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::cell::Outcome;
    use crate::model::version::TlsVersion::V1_3;

    fn raw(key: Key) -> Key {
        working(key, 0x0804, Route::RsaX509)
    }

    fn with(key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        fixture.refuses("firefox", 0x0401, Route::RsaPkcs);
        fixture.fails("k1", "openssl-3.0", V1_3, "firefox", Stage::Select);
        fixture
    }

    #[test]
    fn a_key_that_only_exponentiates_is_told_over_both_versions() {
        let mut fixture = with(refusing(raw(rsa("k1", 2048)), 0x0401, Route::RsaPkcs));
        fixture
            .cell("k1", "openssl-3.0", V1_3, "openssl", Outcome::Pass)
            .route = Some(Route::RsaX509);
        let found = find(&fixture.facts());
        assert_eq!(
            (found.len(), found[0].cells.as_slice()),
            (1, [0, 1].as_slice())
        );
        insta::assert_snapshot!(found[0].cause, @r"
        On key `k1` token `card` does raw RSA (CKM_RSA_X_509) and makes no padding, neither PKCS1 nor PSS. But firefox asks for a padded signature. With raw RSA, padded on the host, openssl can log in.
        ");
    }

    #[test]
    fn a_key_that_pads_too_is_not_raw_only() {
        let key = working(raw(rsa("k1", 2048)), 0x0501, Route::RsaPkcs);
        assert!(find(&with(key).facts()).is_empty());
    }

    #[test]
    fn what_is_listed_and_was_not_tried_is_not_ruled_out() {
        let mut key = refusing(raw(rsa("k1", 2048)), 0x0401, Route::RsaPkcs);
        let trial = key.capabilities.last_mut().unwrap();
        trial.sign_init = crate::model::capability::Answer::NotTried;
        assert!(find(&with(key).facts()).is_empty());
    }
}
