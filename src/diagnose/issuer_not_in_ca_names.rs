//! `issuer-not-in-ca-names`: the client leaves the certificate out because of the CA names that the server sent.

use super::case::{Case, by_token};
use super::prose::{self, distinct, sentence};
use super::remedy::{card, server};
use super::{Facts, Rule, what_if};
use crate::model::cell::{Cell, Stage};
use crate::model::choice::Choice;
use crate::model::finding::{Finding, Severity};
use crate::model::key::Key;

pub(super) static RULE: Rule = Rule {
    id: "issuer-not-in-ca-names",
    title: "no issuer of the certificate is among the CA names that the server sent",
    explanation: "\
A server may send the names of the CAs whose certificates it wants. Firefox and Chrome offer a certificate only if its issuer, \
or the issuer of an intermediate certificate on the token, is among them; if none is, they send no certificate and say nothing. \
OpenSSL sends its certificate all the same.

How it is told: the names that the server sent against the issuers of the certificate and its chain on the token, byte by byte \
as the clients compare them; and the client would have chosen a scheme if no names had been sent. Two names can look the same \
and differ in the type of their strings (openssl#18339): then they are different names.

What helps: the issuer's name among those that the server sends; or the intermediate certificate on the card, where its issuer \
is among them.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let unwanted = facts
        .failed_at(Stage::Select)
        .filter(|(_, cell)| is_unwanted(facts, cell));
    by_token(facts, unwanted).iter().map(finding).collect()
}

fn is_unwanted(facts: &Facts<'_>, cell: &Cell) -> bool {
    let without = what_if::without_ca_names(facts, cell);
    facts.no_issuer_is_named(cell) && matches!(without, Some(Choice::Sign { .. }))
}

fn finding(case: &Case<'_>) -> Finding {
    let issuers = prose::and(&issuers(&case.keys()));
    let cause = format!(
        "{} sent names of CAs, and the issuers of the certificate of {} and of its chain on {} are not among them: {issuers}. So \
         {} {} no certificate.",
        sentence(&case.servers_named()),
        case.keys_named(),
        case.token_named(),
        case.clients_named(),
        case.clients_do("sends", "send")
    );
    let title = "The server does not ask for certificates of this issuer".to_owned();
    let remedies = vec![
        server(format!(
            "Add {issuers} to the CA names that the server sends (Apache: SSLCADNRequestFile; nginx: ssl_client_certificate)"
        )),
        card(
            "Write the intermediate certificate to the card, if its own issuer is among the names",
        ),
    ];
    case.finding(RULE.id, Severity::Error, title, cause, remedies)
}

fn issuers(keys: &[&Key]) -> Vec<String> {
    let certificates = keys
        .iter()
        .flat_map(|key| key.certificate.iter().chain(&key.chain_on_token));
    distinct(certificates.map(|certificate| prose::quoted(&certificate.issuer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, rsa};
    use crate::model::version::TlsVersion::V1_2;

    fn at_a_server_that_wants(issuer: &[u8], client: &str) -> Fixture {
        let mut fixture = Fixture::new().key(rsa("k1", 2048));
        fixture.profile("openssl-3.0").ca_names = vec![issuer.to_vec()];
        fixture.fails("k1", "openssl-3.0", V1_2, client, Stage::Select);
        fixture
    }

    #[test]
    fn firefox_leaves_out_what_the_server_did_not_name() {
        let fixture = at_a_server_that_wants(b"CN=Else", "firefox");
        let found = find(&fixture.facts());
        assert_eq!(found.len(), 1);
        assert!(
            found[0].cause.contains("are not among them: `CN=CA`"),
            "{}",
            found[0].cause
        );
    }

    #[test]
    fn an_issuer_that_is_named_is_not_the_reason() {
        assert!(find(&at_a_server_that_wants(b"CN=CA", "firefox").facts()).is_empty());
    }

    #[test]
    fn a_client_whose_rule_is_not_known_is_not_guessed_at() {
        assert!(find(&at_a_server_that_wants(b"CN=Else", "netscape").facts()).is_empty());
    }
}
