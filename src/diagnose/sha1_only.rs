//! `sha1-only`: the server asks this type of key for SHA-1 only, which the client no longer signs.

use super::case::{Case, by_token};
use super::prose::{number, sentence};
use super::remedy;
use super::software::Proposal;
use super::{Facts, Rule, client_list};
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::hash::Hash;
use crate::model::scheme::Scheme;

pub(super) static RULE: Rule = Rule {
    id: "sha1-only",
    title: "the server asks for SHA-1 only",
    explanation: "\
Old servers, and some that were set up long ago, ask for SHA-1 signatures only. SHA-1 is broken, so today's clients don't make \
such signatures any more: OpenSSL 3 doesn't at security level 1, its lowest default, nor does Java 25. Firefox still does over TLS 1.2.

How it is told: every scheme in the server's list that the key fits has the hash SHA-1, and the client found nothing to sign with.

What helps: SHA-256 in the server's list. It has been in TLS 1.2 from the start.",
    find,
};

const SHA2: [Scheme; 6] = [
    Scheme(0x0403),
    Scheme(0x0503),
    Scheme(0x0603),
    Scheme(0x0401),
    Scheme(0x0501),
    Scheme(0x0601),
];

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let old = facts
        .failed_at(Stage::Select)
        .filter(|(_, cell)| asks_for_sha1_only(facts, cell));
    by_token(facts, old).iter().map(finding).collect()
}

fn asks_for_sha1_only(facts: &Facts<'_>, cell: &Cell) -> bool {
    let fitting = facts.fitting(cell);
    !fitting.is_empty()
        && fitting
            .iter()
            .all(|scheme| scheme.hash() == Some(Hash::Sha1))
}

fn finding(case: &Case<'_>) -> Finding {
    let servers = sentence(&case.servers_named());
    let count = case.profiles().len();
    let cause = format!(
        "{servers} {} for signatures with SHA-1 only, and {} no longer {} them. So no certificate goes out with {} on {}.",
        number(count, "asks", "ask"),
        case.clients_named(),
        case.clients_do("makes", "make"),
        case.keys_named(),
        case.token_named()
    );
    let title = format!("{servers} {} for SHA-1 only", number(count, "asks", "ask"));
    case.finding(RULE.id, Severity::Error, title, cause, remedies(case))
}

fn remedies(case: &Case<'_>) -> Vec<Remedy> {
    let proposal = Proposal {
        title: "Ask clients for SHA-256, SHA-384 and SHA-512 too".into(),
        change: client_list::with(case, &SHA2),
        breaks: Vec::new(),
    };
    let mut remedies = proposal.remedies(case);
    if case.clients().contains(&"openssl") {
        remedies.push(Remedy {
            software: Some("openssl".into()),
            snippet: Some("openssl s_client -cipher DEFAULT@SECLEVEL=0".into()),
            clients: vec!["openssl".into()],
            breaks: vec!["the client's protection against broken signatures and short keys, on that connection".into()],
            ..remedy::client("OpenSSL: security level 0 lets SHA-1 through. To find out, not to stay")
        });
    }
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    fn at(server: &str) -> Fixture {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.fails("k1", server, V1_2, "openssl", Stage::Select);
        fixture
    }

    #[test]
    fn a_sha1_only_server_is_told_and_the_list_grows() {
        let found = find(&at("sha1-only").facts());
        assert_eq!(found.len(), 1);
        let apache = found[0]
            .remedies
            .iter()
            .find(|remedy| remedy.software.as_deref() == Some("apache"));
        let snippet = apache.and_then(|remedy| remedy.snippet.as_deref());
        assert_eq!(
            snippet,
            Some(
                "SSLOpenSSLConfCmd ClientSignatureAlgorithms \
                  RSA+SHA1:ECDSA+SHA1:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"
            )
        );
    }

    #[test]
    fn sha1_beside_better_hashes_is_not_the_reason() {
        assert!(find(&at("openssl-1.1.1").facts()).is_empty());
    }
}
