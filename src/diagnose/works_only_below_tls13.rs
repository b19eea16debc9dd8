//! `works-only-below-tls13`: the same key, client and server get along over TLS 1.2 and not over TLS 1.3.

use super::case::{Case, cases};
use super::prose::{self, number, sentence};
use super::refusal::is_about_mechanism;
use super::remedy;
use super::software::Proposal;
use super::{Facts, Rule, client_list, tried};
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key_type::KeyType;
use crate::model::scheme::Scheme;
use crate::model::version::TlsVersion;

pub(super) static RULE: Rule = Rule {
    id: "works-only-below-tls13",
    title: "the login works over TLS 1.2 and not over TLS 1.3",
    explanation: "\
TLS 1.3 allows fewer signatures of a client than TLS 1.2: no PKCS1, no SHA-1, and each ECDSA scheme on its own curve only (RFC 8446 \
4.2.3, 4.4.3). A server's list that is fine over TLS 1.2 may leave a key nothing to sign with over TLS 1.3: a list without RSA-PSS, \
as some advise for old cards, shuts every RSA key out there. Servers and clients that speak both versions take TLS 1.3, and there is \
no way back to 1.2 within a handshake: the login fails although it could work.

How it is told: the cell failed over TLS 1.3, and the one of the same key, server and client passed over TLS 1.2; no finding that \
knows the reason more exactly fits.

What helps: RSA-PSS in the server's list, if the key can do it; else TLS 1.2 at most, at the server or at the client.",
    find,
};

const PSS: [Scheme; 3] = [Scheme(0x0804), Scheme(0x0805), Scheme(0x0806)];

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let failed = facts.open(Outcome::Fail).filter(|(_, cell)| {
        cell.version == TlsVersion::V1_3
            && is_about_schemes(cell)
            && !worked_before(facts, cell)
            && passes_below(facts, cell)
    });
    let key_type = |cell: &Cell| facts.key(&cell.key).map(|key| key.key_type);
    cases(facts, failed, key_type).iter().map(finding).collect()
}

fn is_about_schemes(cell: &Cell) -> bool {
    match cell.stage {
        Some(Stage::Select) => true,
        Some(Stage::Sign) => cell.ckr.is_some_and(is_about_mechanism),
        _ => false,
    }
}

/// The very signature worked when it was tried: then it is not the scheme.
fn worked_before(facts: &Facts<'_>, cell: &Cell) -> bool {
    facts
        .key(&cell.key)
        .is_some_and(|key| tried::worked(key, cell))
}

fn passes_below(facts: &Facts<'_>, cell: &Cell) -> bool {
    facts.cells.iter().any(|other| {
        other.version == TlsVersion::V1_2
            && other.outcome == Outcome::Pass
            && (&other.key, &other.profile, &other.client)
                == (&cell.key, &cell.profile, &cell.client)
    })
}

fn finding(case: &Case<'_>) -> Finding {
    let keys = case.keys_named();
    let reasons = match case.reasons().as_slice() {
        [] => String::new(),
        reasons => format!(" {}.", sentence(&prose::and(reasons))),
    };
    let cause = format!(
        "At {} {} {} in with {keys} on {} over TLS 1.2, but not over TLS 1.3, which allows fewer signatures.{reasons}",
        case.servers_named(),
        case.clients_named(),
        case.clients_do("logs", "log"),
        case.token_named()
    );
    let title = format!(
        "{} {} in over TLS 1.2 only, at some servers",
        sentence(&keys),
        number(case.keys().len(), "logs", "log")
    );
    case.finding(RULE.id, Severity::Error, title, cause, remedies(case))
}

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let is_rsa = case.keys().iter().all(|key| key.key_type == KeyType::Rsa);
    let wider = is_rsa.then(|| Proposal {
        title: "Ask clients for RSA-PSS too".into(),
        change: client_list::with(case, &PSS),
        breaks: Vec::new(),
    });
    remedy::wider_or_tls12(case, wider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa, working};
    use crate::model::finding::Change;
    use crate::model::mechanism::Mechanism;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    /// A server whose list has no PSS, with TLS 1.3 on.
    fn without_pss(below: Outcome) -> Fixture {
        let key = working(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        let mut fixture = Fixture::new().listing(Mechanism::RSA_PKCS_PSS).key(key);
        let list = vec![Scheme(0x0401), Scheme(0x0403)];
        let profile = fixture.profile("openssl-3.0");
        (profile.tls12, profile.tls13) = (Some(list.clone()), Some(list));
        fixture.cell("k1", "openssl-3.0", V1_2, "firefox", below);
        fixture.fails("k1", "openssl-3.0", V1_3, "firefox", Stage::Select);
        fixture
    }

    #[test]
    fn a_list_without_pss_shuts_rsa_out_over_tls13_and_pss_or_tls12_helps() {
        let found = find(&without_pss(Outcome::Pass).facts());
        assert_eq!(
            (found.len(), found[0].cells.as_slice()),
            (1, [1].as_slice())
        );
        insta::assert_snapshot!(found[0].cause, @r"
        At server `openssl-3.0` firefox logs in with key `k1` on token `card` over TLS 1.2, but not over TLS 1.3, which allows fewer signatures.
        ");
        let changes: Vec<_> = found[0]
            .remedies
            .iter()
            .filter_map(|remedy| remedy.change.as_ref())
            .collect();
        assert!(changes.iter().any(|change| matches!(change, Change::ClientSchemes { schemes, tls12_only: false } if schemes.contains(&PSS[0]))));
        assert!(changes.contains(&&Change::Tls12Only));
    }

    #[test]
    fn a_login_that_works_over_neither_is_another_matter() {
        assert!(find(&without_pss(Outcome::Fail).facts()).is_empty());
    }

    #[test]
    fn a_refusal_of_what_worked_when_it_was_tried_is_another_matter() {
        use crate::model::ckr::Ckr;

        let key = working(rsa("k1", 2048), 0x0804, Route::RsaPkcsPss);
        let mut fixture = Fixture::new().key(key);
        fixture.cell("k1", "openssl-3.0", V1_2, "firefox", Outcome::Pass);
        let cell = fixture.fails("k1", "openssl-3.0", V1_3, "firefox", Stage::Sign);
        cell.ckr = Some(Ckr(0x30));
        cell.scheme = Some(Scheme(0x0804));
        cell.route = Some(Route::RsaPkcsPss);
        assert!(find(&fixture.facts()).is_empty());
    }

    #[test]
    fn a_server_that_refused_the_certificate_is_another_matter() {
        let mut fixture = without_pss(Outcome::Pass);
        fixture.cells[1].stage = Some(Stage::ServerVerify);
        assert!(find(&fixture.facts()).is_empty());
    }
}
