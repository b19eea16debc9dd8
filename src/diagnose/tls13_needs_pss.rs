//! `tls13-needs-pss`: TLS 1.3 allows RSA keys PSS only (RFC 8446 4.4.3), and the token has none.

use super::case::{Case, by_token};
use super::{Facts, Rule, pss_missing, remedy};
use crate::model::cell::Cell;
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::version::TlsVersion;

pub(super) static RULE: Rule = Rule {
    id: "tls13-needs-pss",
    title: "TLS 1.3 needs RSA-PSS, and the token has none",
    explanation: "\
In TLS 1.3 an RSA key may sign a login with PSS only; PKCS1 is not legal there (RFC 8446 4.4.3). A token that doesn't list \
CKM_RSA_PKCS_PSS leaves Firefox, Chrome and Java nothing to sign with: they send no certificate, and the server ends the \
connection with certificate_required, if it insists.

How it is told: an RSA key, TLS 1.3, a token whose C_GetMechanismList has no CKM_RSA_PKCS_PSS, and a server that would take \
PKCS1 from the same key over TLS 1.2. CKM_SHA256_RSA_PKCS_PSS and the like don't count: these clients don't look for them.

What helps: nothing in the server's list. TLS 1.2 has to be what is negotiated, by a cap at the server or at the client; or \
the card gets a key of another type; or its module makes the PSS padding itself over raw RSA, as OpenSC 0.20 and later does.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let cells = pss_missing::lacking(facts).filter(|(_, cell)| helped_by_tls12(facts, cell));
    by_token(facts, cells).iter().map(finding).collect()
}

/// TLS 1.3, at a server where the key could use PKCS1 over TLS 1.2.
fn helped_by_tls12(facts: &Facts<'_>, cell: &Cell) -> bool {
    let tls12 = facts
        .profile_of(cell)
        .and_then(|profile| profile.tls12.as_deref());
    let fits = |key: &Key| {
        let mut schemes = tls12.unwrap_or_default().iter();
        schemes
            .any(|scheme| !scheme.is_pss() && scheme.fits(&key.shape(), TlsVersion::V1_2).is_ok())
    };
    cell.version == TlsVersion::V1_3 && facts.key(&cell.key).is_some_and(fits)
}

fn finding(case: &Case<'_>) -> Finding {
    let token = case.token_named();
    let title = format!("TLS 1.3 needs RSA-PSS, and {token} has none");
    let mut cause = format!(
        "Over TLS 1.3 an RSA key may sign with PSS only, and {token} does not list CKM_RSA_PKCS_PSS, so {} {} no way to sign \
         with {}. Nothing in the server's list changes that; over TLS 1.2 PKCS1 is allowed.",
        case.clients_named(),
        case.clients_do("has", "have"),
        case.keys_named()
    );
    cause.push_str(&pss_missing::asides(case));
    case.finding(RULE.id, Severity::Error, title, cause, remedies(case))
}

/// TLS 1.2 where that is enough; a list without PSS besides where the client would choose PSS over TLS 1.2 too.
fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let mut remedies = remedy::tls12_at_server(case).remedies(case);
    if !remedy::for_all(&remedies) {
        remedies.extend(remedy::without_pss(case).remedies(case));
    }
    remedies.extend(remedy::tls12_at_client(case));
    remedies.extend(remedy::no_pss_at_client(case));
    remedies.push(remedy::card(remedy::OTHER_KEY));
    remedies.extend(remedy::software_padding(case));
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa};
    use crate::model::cell::Stage;
    use crate::model::finding::Change;
    use crate::model::mechanism::Mechanism;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    fn no_pss() -> Fixture {
        Fixture::new()
            .listing(Mechanism::RSA_PKCS)
            .listing(Mechanism::RSA_X_509)
            .key(rsa("k1", 2048))
    }

    #[test]
    fn no_list_helps_and_tls12_does() {
        let mut fixture = no_pss();
        fixture.fails("k1", "openssl-3.0", V1_3, "firefox", Stage::Select);
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        insta::assert_snapshot!(format!("{}\n{}", found[0].title, found[0].cause), @r"
        TLS 1.3 needs RSA-PSS, and token `card` has none
        Over TLS 1.3 an RSA key may sign with PSS only, and token `card` does not list CKM_RSA_PKCS_PSS, so firefox has no way to sign with key `k1`. Nothing in the server's list changes that; over TLS 1.2 PKCS1 is allowed.
        ");
        let mut changes = found[0]
            .remedies
            .iter()
            .filter_map(|remedy| remedy.change.as_ref());
        assert!(changes.all(|change| *change == Change::Tls12Only));
        let snippets: Vec<_> = found[0]
            .remedies
            .iter()
            .filter_map(|remedy| remedy.snippet.as_deref())
            .collect();
        insta::assert_snapshot!(snippets.join("\n"), @r"
        SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1 -TLSv1.3
        ssl_protocols TLSv1.2;
        bind ... ssl-max-ver TLSv1.2
        sslVersionMax = TLSv1.2
        openssl s_server ... -no_tls1_3
        security.tls.version.max = 3
        ");
    }

    #[test]
    fn a_client_that_takes_pss_over_tls12_too_needs_a_list_besides() {
        let mut fixture = no_pss();
        fixture.refuses_pss("k1", V1_3, "openssl", Route::RsaX509);
        for route in [Route::RsaPkcsPss, Route::RsaX509] {
            fixture.keys[0] = refusing(fixture.keys[0].clone(), 0x0804, route);
        }
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        let changes: Vec<_> = found[0]
            .remedies
            .iter()
            .filter_map(|remedy| remedy.change.as_ref())
            .collect();
        assert!(changes.iter().all(|change| matches!(
            change,
            Change::ClientSchemes {
                tls12_only: true,
                ..
            }
        )));
    }

    #[test]
    fn tls12_and_tokens_with_pss_are_other_cases() {
        let mut fixture = no_pss();
        fixture.fails("k1", "openssl-3.0", V1_2, "firefox", Stage::Select);
        assert!(find(&fixture.facts()).is_empty());
        let mut fixture = no_pss().listing(Mechanism::RSA_PKCS_PSS);
        fixture.fails("k1", "openssl-3.0", V1_3, "firefox", Stage::Select);
        assert!(find(&fixture.facts()).is_empty());
    }

    #[test]
    fn a_server_that_takes_no_pkcs1_over_tls12_either_is_pss_missing() {
        let mut fixture = no_pss();
        fixture.fails("k1", "pss-only", V1_3, "firefox", Stage::Select);
        assert!(find(&fixture.facts()).is_empty());
        assert_eq!((pss_missing::RULE.find)(&fixture.facts()).len(), 1);
    }
}
