//! `pss-missing`: the token lists no PSS, and the server or the client insists on it.

use super::case::{Case, cases};
use super::prose::sentence;
use super::refusal::is_about_mechanism;
use super::remedy::{self, OTHER_KEY, card};
use super::tried::{self, Works};
use super::{Facts, Rule};
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::hash::Hash;
use crate::model::key::Key;
use crate::model::key_type::KeyType;
use crate::model::mechanism::Mechanism;

pub(super) static RULE: Rule = Rule {
    id: "pss-missing",
    title: "the token has no RSA-PSS, and the server or the client insists on it",
    explanation: "\
The token does not list CKM_RSA_PKCS_PSS. That is no harm over TLS 1.2 as long as the server takes PKCS1 too and the client \
looks at the token first. It fails where the server asks RSA keys for PSS only, and where a client follows the server's order \
without a look at the token (OpenSSL with libp11 pads PSS itself and needs raw RSA for it, CKM_RSA_X_509).

How it is told: an RSA key, a token whose C_GetMechanismList has no CKM_RSA_PKCS_PSS, and either a list in which all schemes \
for the key are PSS, or a PSS signature that the token refused.

What helps: a server that asks for PKCS1 too, over TLS 1.2; for clients that don't look, one that asks for no PSS, or for \
PKCS1 first. At the card: a key of another type, or a module that makes the PSS padding itself over raw RSA, as OpenSC 0.20 \
and later does.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    cases(facts, lacking(facts), |cell| cell.stage)
        .iter()
        .map(finding)
        .collect()
}

/// Cells that failed because the token lists no PSS: nothing but PSS was asked for, or the client took it all the same.
pub(super) fn lacking<'a>(facts: &Facts<'a>) -> impl Iterator<Item = (usize, &'a Cell)> + use<'a> {
    let facts = *facts;
    facts
        .open(Outcome::Fail)
        .filter(move |(_, cell)| lacks_pss(&facts, cell))
}

fn lacks_pss(facts: &Facts<'_>, cell: &Cell) -> bool {
    let no_pss = facts.card(cell).is_some_and(|(key, token)| {
        key.key_type == KeyType::Rsa && !token.lists(Mechanism::RSA_PKCS_PSS)
    });
    no_pss
        && match cell.stage {
            Some(Stage::Select) => asked_for_pss_only(facts, cell),
            Some(Stage::Sign) => is_refused_pss(facts, cell),
            _ => false,
        }
}

fn asked_for_pss_only(facts: &Facts<'_>, cell: &Cell) -> bool {
    let fitting = facts.fitting(cell);
    !fitting.is_empty() && fitting.iter().all(|scheme| scheme.is_pss())
}

fn is_refused_pss(facts: &Facts<'_>, cell: &Cell) -> bool {
    cell.scheme.is_some_and(|scheme| scheme.is_pss())
        && cell.ckr.is_some_and(is_about_mechanism)
        && facts
            .key(&cell.key)
            .is_some_and(|key| tried::pkcs1(key) != Works::No && !tried::worked(key, cell))
}

fn finding(case: &Case<'_>) -> Finding {
    let token = sentence(&case.token_named());
    let refused = case
        .cells
        .iter()
        .any(|(_, cell)| cell.stage == Some(Stage::Sign));
    let (title, mut cause) = match refused {
        true => (
            format!("{token} has no RSA-PSS, and the client chooses it all the same"),
            format!(
                "{token} does not list CKM_RSA_PKCS_PSS, but {} {} not look: PSS was chosen with {}, and the token refused.",
                case.clients_named(),
                case.clients_do("does", "do"),
                case.keys_named()
            ),
        ),
        false => (
            format!("{token} has no RSA-PSS, and the server takes nothing else from RSA keys"),
            format!(
                "{token} does not list CKM_RSA_PKCS_PSS, and {} asked for PSS only, so {} {} nothing to sign with {}.",
                case.servers_named(),
                case.clients_named(),
                case.clients_do("has", "have"),
                case.keys_named()
            ),
        ),
    };
    cause.push_str(&asides(case));
    case.finding(
        RULE.id,
        Severity::Error,
        title,
        cause,
        remedies(case, refused),
    )
}

/// Facts beside the point that people ask for: PSS mechanisms which don't count, raw RSA.
pub(super) fn asides(case: &Case<'_>) -> String {
    let with_hash = Hash::ALL.map(Mechanism::sha_rsa_pkcs_pss);
    let listed = case.token.and_then(|token| {
        with_hash
            .into_iter()
            .find(|mechanism| token.lists(*mechanism))
    });
    let listed = listed
        .map(|mechanism| format!(" It lists {mechanism}, but most clients don't look for that."));
    let raw = case
        .keys()
        .iter()
        .all(|key| tried::raw_rsa(key) == Works::Yes);
    let raw = raw.then(|| {
        " Raw RSA (CKM_RSA_X_509) works: a client that makes the PSS padding itself can log in."
            .into()
    });
    [listed, raw].into_iter().flatten().collect()
}

fn remedies(case: &Case<'_>, refused: bool) -> Vec<Remedy> {
    let mut remedies = match refused {
        true => {
            let mut remedies = remedy::pkcs1_first(case).remedies(case);
            remedies.extend(remedy::without_pss(case).remedies(case));
            remedies.extend(remedy::no_pss_at_client(case));
            remedies
        }
        false if case.keys().iter().all(|key| pss_certificate(key)) => Vec::new(),
        false => remedy::with_pkcs1(case).remedies(case),
    };
    remedies.push(card(OTHER_KEY));
    remedies.extend(remedy::software_padding(case));
    remedies
}

/// The certificate forbids PKCS1.
fn pss_certificate(key: &Key) -> bool {
    key.shape().pss_only
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, refusing, rsa, working};
    use crate::model::finding::Change;
    use crate::model::route::Route;
    use crate::model::scheme::Scheme;
    use crate::model::version::TlsVersion::{V1_2, V1_3};

    #[test]
    fn a_pss_only_server_has_to_take_pkcs1_over_tls12() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.fails("k1", "pss-only", V1_2, "firefox", Stage::Select);
        fixture.fails("k1", "pss-only", V1_3, "firefox", Stage::Select);
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .cause
                .contains("server `pss-only` asked for PSS only"),
            "{}",
            found[0].cause
        );
        let change = found[0].remedies[0].change.as_ref();
        assert!(
            matches!(change, Some(Change::ClientSchemes { schemes, tls12_only: true }) if schemes.contains(&Scheme(0x0401)))
        );
    }

    #[test]
    fn a_client_that_does_not_look_is_helped_by_order_or_by_a_list_without_pss() {
        let key = working(
            refusing(rsa("k1", 2048), 0x0804, Route::RsaX509),
            0x0401,
            Route::RsaPkcs,
        );
        let mut fixture = Fixture::new().key(key);
        fixture.refuses_pss("k1", V1_2, "openssl", Route::RsaX509);
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .title
                .ends_with("the client chooses it all the same")
        );
        let caps: Vec<bool> = found[0]
            .remedies
            .iter()
            .filter_map(|remedy| match remedy.change {
                Some(Change::ClientSchemes { tls12_only, .. }) => Some(tls12_only),
                _ => None,
            })
            .collect();
        assert!(caps.contains(&true) && caps.contains(&false));
    }

    #[test]
    fn a_token_that_lists_pss_is_another_case() {
        let mut fixture = Fixture::new()
            .listing(Mechanism::RSA_PKCS_PSS)
            .key(rsa("k1", 2048));
        fixture.fails("k1", "pss-only", V1_2, "firefox", Stage::Select);
        assert!(find(&fixture.facts()).is_empty());
    }
}
