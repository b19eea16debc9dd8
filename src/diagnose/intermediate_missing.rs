//! `intermediate-missing`: the server named the CAs that it trusts, and nothing on the token leads from the certificate to them.

use super::case::{Case, cases};
use super::prose::{self, distinct, sentence};
use super::remedy::{card, server};
use super::{Facts, Rule};
use crate::model::cell::Outcome;
use crate::model::finding::{Finding, Severity};

pub(super) static RULE: Rule = Rule {
    id: "intermediate-missing",
    title: "no certificate on the token leads from the leaf to a CA that the server named",
    explanation: "\
A server builds the chain from the client's certificate up to a CA that it trusts. If the certificate's issuer is an intermediate CA, \
the intermediate's own certificate has to be sent by the client or lie at the server; cards lose it when certificates are renewed, or \
never had it. The server then answers unknown_ca, although the card is a right one. OpenSSL and other clients send their certificate \
without a look at the CA names, and find out so; Firefox and Chrome send none (issuer-not-in-ca-names).

How it is told: the server sent names of CAs; neither the issuer of the certificate nor that of any certificate above it on the token \
is among them. Whether an intermediate certificate would close the gap, or this server takes no cards of that issuer at all, can't be \
told from here. Where a server sends no names, nothing can be told.

What helps: the intermediate certificate on the card, or in the server's own CA file.",
    find,
};

fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let sent = facts.cells.iter().enumerate();
    let stranded =
        sent.filter(|(_, cell)| cell.outcome == Outcome::Pass && facts.no_issuer_is_named(cell));
    cases(facts, stranded, |_| ()).iter().map(finding).collect()
}

fn finding(case: &Case<'_>) -> Finding {
    let keys = case.keys();
    let tops = keys.iter().filter_map(|key| {
        let top = key.chain_on_token.last().or(key.certificate.as_ref())?;
        Some(prose::quoted(&top.issuer))
    });
    let tops = prose::and(&distinct(tops));
    let (servers, token) = (case.servers_named(), case.token_named());
    Finding {
        cells: Vec::new(),
        ..case.finding(
            RULE.id,
            Severity::Warning,
            format!(
                "No certificate on {token} leads to a CA that {servers} named"
            ),
            format!(
                "{} named CAs. The chain of {} on {token} ends at {tops}, which is not among them. If one of them \
                 issued {tops}, its certificate has to be sent too, and is not on the token; if none did, such cards are not \
                 taken there. Servers answer unknown_ca; cardcheck's own server doesn't look at it.",
                sentence(&servers),
                case.keys_named()
            ),
            vec![
                card(format!("Write the certificate of {tops} to the card")),
                server(format!("Put the certificate of {tops} into the CA file for clients")),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::fixtures::{Fixture, certificate, rsa};
    use crate::model::key::Key;
    use crate::model::version::TlsVersion::V1_2;

    fn at_a_server_that_trusts(names: &[&str], key: Key) -> Fixture {
        let mut fixture = Fixture::new().key(key);
        let der = |name: &&str| name.as_bytes().to_vec();
        fixture.profile("openssl-3.0").ca_names = names.iter().map(der).collect();
        fixture.cell("k1", "openssl-3.0", V1_2, "openssl", Outcome::Pass);
        fixture
    }

    #[test]
    fn a_chain_that_does_not_reach_the_named_cas_is_told_without_a_guess() {
        let fixture = at_a_server_that_trusts(&["CN=Root"], rsa("k1", 2048));
        let found = find(&fixture.facts());
        assert_eq!((found.len(), found[0].cells.len()), (1, 0));
        insta::assert_snapshot!(format!("{}\n{}", found[0].title, found[0].cause), @r"
        No certificate on token `card` leads to a CA that server `openssl-3.0` named
        Server `openssl-3.0` named CAs. The chain of key `k1` on token `card` ends at `CN=CA`, which is not among them. If one of them issued `CN=CA`, its certificate has to be sent too, and is not on the token; if none did, such cards are not taken there. Servers answer unknown_ca; cardcheck's own server doesn't look at it.
        ");
    }

    #[test]
    fn with_the_intermediate_on_the_token_the_chain_is_whole() {
        let key = Key {
            chain_on_token: vec![certificate("CN=CA", "CN=Root")],
            ..rsa("k1", 2048)
        };
        assert!(find(&at_a_server_that_trusts(&["CN=Root"], key).facts()).is_empty());
    }

    #[test]
    fn a_server_that_names_no_cas_tells_nothing() {
        assert!(find(&at_a_server_that_trusts(&[], rsa("k1", 2048)).facts()).is_empty());
    }
}
