//! `curve-not-for-scheme`: TLS 1.3 binds each ECDSA scheme to one curve, and the key's is not among those asked for.

use super::case::{Case, cases};
use super::prose::{self, distinct, number, sentence};
use super::remedy::{self, card};
use super::software::Proposal;
use super::{Facts, Rule, client_list};
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key_type::{Curve, KeyType};
use crate::model::scheme::{Kind, Scheme};
use crate::model::version::TlsVersion;

pub(super) static RULE: Rule = Rule {
    id: "curve-not-for-scheme",
    title: "the server asks for ECDSA, but not on this key's curve",
    explanation: "\
In TLS 1.3 each ECDSA scheme is bound to one curve: ecdsa_secp256r1_sha256 to P-256, ecdsa_secp384r1_sha384 to P-384, \
ecdsa_secp521r1_sha512 to P-521, and the brainpool curves have schemes of their own (RFC 8734) that few programs know. A key on \
a curve that the server doesn't ask for has nothing to sign with. Over TLS 1.2 hash and curve are not bound.

How it is told: an EC key, TLS 1.3, ECDSA schemes in the server's list, none of them for the key's curve.

What helps: the curve's scheme in the server's list, if server and client know it; TLS 1.2; or a key on P-256 or P-384.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let unbound = facts
        .failed_at(Stage::Select)
        .filter(|(_, cell)| is_bound_elsewhere(facts, cell));
    let curve = |cell: &Cell| facts.key(&cell.key).and_then(|key| key.curve);
    cases(facts, unbound, curve).iter().map(finding).collect()
}

fn is_bound_elsewhere(facts: &Facts<'_>, cell: &Cell) -> bool {
    let is_ec = facts
        .key(&cell.key)
        .is_some_and(|key| key.key_type == KeyType::Ec);
    let mut asked = facts.asked(cell).iter();
    is_ec
        && cell.version == TlsVersion::V1_3
        && facts.fitting(cell).is_empty()
        && asked.any(|scheme| curve_of(*scheme).is_some())
}

fn curve_of(scheme: Scheme) -> Option<Curve> {
    match scheme.kind() {
        Kind::Ecdsa { curve, .. } => curve,
        _ => None,
    }
}

fn finding(case: &Case<'_>) -> Finding {
    let types = distinct(case.keys().iter().map(|key| key.type_for_people()));
    let asked = case
        .cells
        .iter()
        .flat_map(|(_, cell)| case.facts.asked(cell));
    let curves = distinct(
        asked
            .filter_map(|scheme| curve_of(*scheme))
            .map(|curve| curve.to_string()),
    );
    let (servers, count) = (case.servers_named(), case.profiles().len());
    let cause = format!(
        "TLS 1.3 binds each ECDSA scheme to one curve. {} asked for {}, but {} on {} {} {}. So {} {} no certificate.",
        sentence(&servers),
        prose::and(&curves),
        case.keys_named(),
        case.token_named(),
        number(case.keys().len(), "is", "are"),
        prose::and(&types),
        case.clients_named(),
        case.clients_do("sends", "send")
    );
    let title = format!(
        "{} {} not ask for ECDSA on this key's curve",
        sentence(&servers),
        number(count, "does", "do")
    );
    case.finding(RULE.id, Severity::Error, title, cause, remedies(case))
}

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let curve = case.keys().first().and_then(|key| key.curve);
    let missing = Scheme::all().find(|scheme| curve.is_some() && curve_of(*scheme) == curve);
    let wider = missing.map(|scheme| Proposal {
        title: format!("Ask clients for {scheme} too"),
        change: client_list::with(case, &[scheme]),
        breaks: Vec::new(),
    });
    let mut remedies = remedy::wider_or_tls12(case, wider);
    remedies.push(card("Use an EC key on P-256 or P-384"));
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, ec};
    use crate::model::finding::Change;

    fn with(curve: Curve, server: &str, version: TlsVersion) -> Fixture {
        let mut fixture = Fixture::new().key(ec("k1", curve));
        fixture.profile("boringssl").name = "portal".into();
        fixture.fails("k1", server, version, "openssl", Stage::Select);
        fixture
    }

    #[test]
    fn p521_at_a_server_that_asks_for_p256_and_p384() {
        let found = find(&with(Curve::P521, "portal", TlsVersion::V1_3).facts());
        assert_eq!(found.len(), 1);
        assert!(found[0].cause.contains(
            "Server `portal` asked for P-256 and P-384, but key `k1` on token `card` is EC P-521."
        ));
        let changes: Vec<_> = found[0]
            .remedies
            .iter()
            .filter_map(|remedy| remedy.change.as_ref())
            .collect();
        assert!(
            matches!(changes[0], Change::ClientSchemes { schemes, .. } if schemes.contains(&Scheme(0x0603)))
        );
        assert!(changes.contains(&&Change::Tls12Only));
    }

    #[test]
    fn a_curve_that_was_asked_for_is_not_the_reason() {
        assert!(find(&with(Curve::P256, "portal", TlsVersion::V1_3).facts()).is_empty());
    }

    #[test]
    fn tls12_binds_no_curve() {
        assert!(find(&with(Curve::P521, "portal", TlsVersion::V1_2).facts()).is_empty());
    }
}
