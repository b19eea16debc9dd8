//! `no-common-scheme`: the client found nothing in the server's list, for a reason that no other finding names.

use super::case::{Case, cases};
use super::prose::sentence;
use super::remedy::{self, card};
use super::software::Proposal;
use super::{Facts, Rule, client_list, tried};
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key_type::KeyType;
use crate::model::scheme::Scheme;

pub(super) static RULE: Rule = Rule {
    id: "no-common-scheme",
    title: "the client found no scheme that it would sign with this key",
    explanation: "\
The server sends a list of signature schemes. The client takes one that its key can do, that the TLS version allows, and that \
it knows itself. If none is left it sends an empty certificate, without a word to its user; a server that insists on a \
certificate ends the connection: handshake_failure over TLS 1.2, certificate_required over TLS 1.3.

How it is told: no certificate went out, and none of the more exact findings fits. The reason is the client's rule that left \
nothing over.

What helps: more schemes in the server's list, TLS 1.2 (which allows PKCS1 and binds no curve), or a key of a common type.",
    find,
};

/// What a server of today asks of each type of key.
const USUAL: &[(KeyType, &[Scheme])] = &[
    (
        KeyType::Rsa,
        &[
            Scheme(0x0804),
            Scheme(0x0805),
            Scheme(0x0806),
            Scheme(0x0401),
            Scheme(0x0501),
            Scheme(0x0601),
        ],
    ),
    (
        KeyType::Ec,
        &[Scheme(0x0403), Scheme(0x0503), Scheme(0x0603)],
    ),
    (KeyType::Ed25519, &[Scheme(0x0807)]),
    (KeyType::Ed448, &[Scheme(0x0808)]),
];

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let cells = facts.failed_at(Stage::Select);
    let key_type = |cell: &Cell| facts.key(&cell.key).map(|key| key.key_type);
    cases(facts, cells, |cell| {
        (&cell.client, &cell.reason, key_type(cell))
    })
    .iter()
    .map(finding)
    .collect()
}

fn finding(case: &Case<'_>) -> Finding {
    let reason = match case.reasons().as_slice() {
        [] => "Could not tell why.".to_owned(),
        reasons => format!("{}.", sentence(&reasons.join("; "))),
    };
    let (client, keys) = (case.clients_named(), case.keys_named());
    let cause = format!(
        "{} asked for nothing that {client} signs with {keys} on {}. No certificate goes out. {reason}",
        sentence(&case.servers_named()),
        case.token_named()
    );
    let title = format!("Nothing in the server's list that {client} signs with {keys}");
    case.finding(RULE.id, Severity::Error, title, cause, remedies(case))
}

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let key_type = case.keys().first().map(|key| key.key_type);
    let usual = USUAL
        .iter()
        .find(|(known, _)| Some(*known) == key_type)
        .map(|(_, schemes)| *schemes);
    let wider = Proposal {
        title: "Ask clients for the usual schemes of this type of key too".into(),
        change: client_list::with(case, usual.unwrap_or_default()),
        breaks: Vec::new(),
    };
    let mut remedies = remedy::wider_or_tls12(case, Some(wider));
    remedies.push(card(
        match case.keys().iter().all(|key| tried::nothing_is_listed(key)) {
            true => "Use another module for this card, or a key of a type that this one signs with",
            false => "Use a key of a common type: EC P-256, or RSA of 2048 bits or more",
        },
    ));
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, ec, rsa, working};
    use crate::model::finding::Change;
    use crate::model::key_type::Curve;
    use crate::model::mechanism::Mechanism;
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::V1_3;

    #[test]
    fn pkcs1_alone_over_tls13_is_nothing_to_sign_with() {
        let mut fixture = Fixture::new()
            .listing(Mechanism::RSA_PKCS_PSS)
            .key(rsa("k1", 2048));
        fixture.profile("openssl-3.0").tls13 = Some(vec![Scheme(0x0401)]);
        fixture
            .fails("k1", "openssl-3.0", V1_3, "firefox", Stage::Select)
            .reason = Some("nothing is legal".into());
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert!(found[0].cause.ends_with("Nothing is legal."));
        assert!(
            found[0]
                .remedies
                .iter()
                .any(|remedy| remedy.change == Some(Change::Tls12Only))
        );
    }

    #[test]
    fn a_key_that_the_module_has_no_mechanism_for_is_no_matter_of_its_type() {
        let advice = |listed: bool| {
            let mut key = working(ec("k1", Curve::P256), 0x0403, Route::Ecdsa);
            key.capabilities[0].listed = listed;
            let mut fixture = Fixture::new().key(key);
            fixture.fails("k1", "openssl-3.0", V1_3, "any", Stage::Select);
            find(&fixture.facts())[0]
                .remedies
                .last()
                .unwrap()
                .title
                .clone()
        };
        assert!(advice(false).starts_with("Use another module"));
        assert!(advice(true).starts_with("Use a key of a common type"));
    }

    #[test]
    fn a_refusal_by_the_token_is_not_about_the_list() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.fails("k1", "openssl-3.0", V1_3, "firefox", Stage::Sign);
        assert!(find(&fixture.facts()).is_empty());
    }
}
