//! `ed25519-not-in-list`: an Ed25519 key, and the client or the server doesn't have Ed25519.

use super::case::{Case, cases};
use super::prose::{self, number, sentence};
use super::remedy::{self, card};
use super::software::Proposal;
use super::{Facts, Rule, client_list, tried};
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key_type::KeyType;
use crate::model::scheme::Scheme;

pub(super) static RULE: Rule = Rule {
    id: "ed25519-not-in-list",
    title: "the client or the server does not have Ed25519",
    explanation: "\
An Ed25519 key signs with one scheme only, ed25519. OpenSSL from 1.1.1 on, GnuTLS, Go, Java and rustls ask for it; NSS, BoringSSL \
and Schannel don't. Of the clients, Firefox and Chrome don't sign with it, nor does libp11's engine.

How it is told: an Ed25519 key, and no certificate went out. If the server's list has ed25519, it is the client that lacks it; \
if it hasn't, it is the server. Servers without it are shown as not applicable, for the key can't match them at all.

What helps: an EC key on P-256, which every client and server knows.",
    find,
};

const ED25519: Scheme = Scheme(0x0807);

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    // a token without EdDSA is another matter, whatever the client
    let is_ed25519 = |cell: &Cell| {
        facts
            .key(&cell.key)
            .is_some_and(|key| key.key_type == KeyType::Ed25519 && !tried::nothing_is_listed(key))
    };
    let unsent = facts
        .failed_at(Stage::Select)
        .filter(|(_, cell)| is_ed25519(cell));
    let asked = |cell: &Cell| facts.asked(cell).contains(&ED25519);
    cases(facts, unsent, asked)
        .iter()
        .map(|case| finding(case, case.cells.iter().all(|(_, cell)| asked(cell))))
        .collect()
}

fn finding(case: &Case<'_>, server_asked: bool) -> Finding {
    let (keys, token) = (case.keys_named(), case.token_named());
    let (clients, servers) = (case.clients_named(), case.servers_named());
    let (title, mut cause) = match server_asked {
        true => (
            format!("No login with Ed25519 keys in {clients}"),
            format!(
                "{} asked for Ed25519, but {clients} {} not sign with such keys: {keys} on {token}.",
                sentence(&servers),
                case.clients_do("does", "do")
            ),
        ),
        false => (
            format!(
                "{} {} not ask for Ed25519",
                sentence(&servers),
                number(case.profiles().len(), "does", "do")
            ),
            format!(
                "An Ed25519 key signs with ed25519 only, and that is not in the list. So {clients} {} nothing to sign with {keys} \
                 on {token}.",
                case.clients_do("has", "have")
            ),
        ),
    };
    let able = able(case);
    if !able.is_empty() {
        cause.push_str(&format!(
            " With the same key {} can log in.",
            prose::and(&able)
        ));
    }
    case.finding(
        RULE.id,
        Severity::Warning,
        title,
        cause,
        remedies(case, server_asked),
    )
}

/// Clients that logged in with one of these keys.
fn able<'a>(case: &Case<'a>) -> Vec<&'a str> {
    case.clients_let_in(|_| true)
}

fn remedies(case: &Case<'_>, server_asked: bool) -> Vec<Remedy> {
    let proposal = Proposal {
        title: "Ask clients for Ed25519 too".into(),
        change: client_list::with(case, &[ED25519]),
        breaks: Vec::new(),
    };
    let mut remedies = match server_asked {
        true => vec![remedy::client("Use a client that signs with Ed25519")],
        false => proposal.remedies(case),
    };
    remedies.push(card(
        "Use an EC key on P-256, which every client and server knows",
    ));
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, ed25519, rsa, working};
    use crate::model::route::Route;
    use crate::model::version::TlsVersion::V1_3;

    fn at(server: &str) -> Fixture {
        let mut fixture = Fixture::new().key(ed25519("k1"));
        fixture.fails("k1", server, V1_3, "firefox", Stage::Select);
        fixture
    }

    #[test]
    fn where_the_server_asked_it_is_the_client() {
        let found = find(&at("openssl-3.0").facts());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "No login with Ed25519 keys in firefox");
    }

    #[test]
    fn where_it_did_not_it_is_the_server() {
        let found = find(&at("ecdsa-only").facts());
        assert_eq!(
            found[0].title,
            "Server `ecdsa-only` does not ask for Ed25519"
        );
    }

    #[test]
    fn other_keys_have_other_reasons() {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.fails("k1", "ecdsa-only", V1_3, "firefox", Stage::Select);
        assert!(find(&fixture.facts()).is_empty());
    }

    #[test]
    fn a_token_that_lists_no_eddsa_is_no_matter_of_the_client() {
        let told = |listed: bool| {
            let mut key = working(ed25519("k1"), 0x0807, Route::Eddsa);
            key.capabilities[0].listed = listed;
            let mut fixture = Fixture::new().key(key);
            fixture.fails("k1", "openssl-3.0", V1_3, "any", Stage::Select);
            !find(&fixture.facts()).is_empty()
        };
        assert!(told(true));
        assert!(!told(false));
    }
}
