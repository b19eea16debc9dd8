//! `intermediate-on-token-not-sent`: the issuer's certificate lies on the card, and some clients leave it there.

use super::case::is_real;
use super::prose::{self, distinct, number, sentence};
use super::remedy::{client, server};
use super::{Facts, Rule};
use crate::clients::{Card, by_name};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::key::Key;
use crate::model::token::Token;

pub(super) static RULE: Rule = Rule {
    id: "intermediate-on-token-not-sent",
    title: "an intermediate certificate lies on the token, and some clients don't send it",
    explanation: "\
A server builds the chain from the client's certificate up to a root that it trusts. If an intermediate CA stands between them, its \
certificate has to come from somewhere: from the client, or from the server's own store. Firefox, Chrome and Java send what lies on \
the token; s_client and curl with libp11's engine, GnuTLS and others send the leaf only. So the same card works in the browser, and \
with curl the same server answers unknown_ca.

How it is told: the token holds the certificate of the leaf's issuer, which is no root; and the rule of the client, which sends the \
leaf only. cardcheck's own server takes either.

What helps: the intermediate certificate in the server's own CA file; or in a file that the client sends.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let chained = facts.tokens_with(|key| key.certificate.is_some() && !between(key).is_empty());
    chained
        .iter()
        .filter_map(|(token, keys)| finding(facts, token, keys))
        .collect()
}

/// Subjects of the certificates between the leaf and a root, as far as they lie on the token.
fn between(key: &Key) -> Vec<String> {
    let chain = key.chain_on_token.iter();
    let intermediates = chain.filter(|certificate| !certificate.is_self_issued());
    intermediates.map(prose::certificate).collect()
}

fn finding(facts: &Facts<'_>, token: &Token, keys: &[&Key]) -> Option<Finding> {
    let clients = leaf_only(facts, token, keys);
    if clients.is_empty() {
        return None;
    }
    let subjects = distinct(keys.iter().flat_map(|key| between(key)));
    let (named, held) = (prose::keys(keys), prose::and(&subjects));
    let cause = format!(
        "{} on {} was issued through {held}, and {} on the token too. But {} {} the leaf only. A server that does not have {held} \
         itself answers unknown_ca; cardcheck's own server doesn't look at it.",
        sentence(&format!("the certificate of {named}")),
        prose::token(Some(token)),
        number(
            subjects.len(),
            "that certificate lies",
            "those certificates lie"
        ),
        prose::and(&clients),
        number(clients.len(), "sends", "send")
    );
    Some(Finding {
        id: RULE.id,
        severity: Severity::Warning,
        title: format!(
            "An intermediate certificate on {} is not sent by {}",
            prose::token(Some(token)),
            prose::and(&clients)
        ),
        cause,
        cells: Vec::new(),
        remedies: remedies(&held, &clients),
    })
}

/// Real clients of this run that send none of the chain behind such a key's certificate.
fn leaf_only<'a>(facts: &Facts<'a>, token: &Token, keys: &[&Key]) -> Vec<&'a str> {
    let sends_none = |name: &str| {
        by_name(name).is_some_and(|client| {
            keys.iter()
                .any(|key| client.intermediates(&Card { key, token }, &[]).is_empty())
        })
    };
    let names = distinct(facts.cells.iter().map(|cell| cell.client.as_str()));
    let real = names.into_iter().filter(|name| is_real(name));
    real.filter(|name| sends_none(name)).collect()
}

fn remedies(held: &str, clients: &[&str]) -> Vec<Remedy> {
    let mut remedies = vec![server(format!(
        "Put {held} into the CA file for clients (Apache: SSLCACertificateFile; nginx: ssl_client_certificate, with ssl_verify_depth)"
    ))];
    if clients.contains(&"openssl") {
        remedies.push(Remedy {
            software: Some("openssl".into()),
            snippet: Some("openssl s_client -cert_chain intermediate.pem".into()),
            clients: vec!["openssl".into()],
            ..client("openssl s_client: give it the intermediate certificate in a file")
        });
    }
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, certificate, ec};
    use crate::model::cell::Outcome;
    use crate::model::certificate::Certificate;
    use crate::model::key_type::Curve;
    use crate::model::version::TlsVersion::V1_2;

    fn chained(issuer: Certificate, client: &str) -> Fixture {
        let key = Key {
            chain_on_token: vec![issuer],
            ..ec("k1", Curve::P256)
        };
        let mut fixture = Fixture::new().key(key);
        fixture.cell("k1", "openssl-3.0", V1_2, client, Outcome::Pass);
        fixture
    }

    #[test]
    fn a_client_that_sends_the_leaf_only_is_told_with_what_it_leaves_out() {
        let fixture = chained(certificate("CN=CA", "CN=Root"), "openssl");
        let found = find(&fixture.facts());
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        insta::assert_snapshot!(format!("{}\n{}", found[0].title, found[0].cause), @r"
        An intermediate certificate on token `card` is not sent by openssl
        The certificate of key `k1` on token `card` was issued through `CN=CA`, and that certificate lies on the token too. But openssl sends the leaf only. A server that does not have `CN=CA` itself answers unknown_ca; cardcheck's own server doesn't look at it.
        ");
    }

    #[test]
    fn a_client_that_sends_the_chain_is_not_blamed() {
        let fixture = chained(certificate("CN=CA", "CN=Root"), "firefox");
        assert!(find(&fixture.facts()).is_empty());
    }

    #[test]
    fn a_root_needs_no_sending() {
        let fixture = chained(certificate("CN=CA", "CN=CA"), "openssl");
        assert!(find(&fixture.facts()).is_empty());
    }
}
