//! `ca-names-root-only`: the names seem to be of roots only, while cards hold certificates of intermediates.

use super::super::prose;
use super::super::remedy::server;
use super::{Found, ServerRule, requests};
use crate::model::finding::Severity;
use crate::model::probe::Probe;

pub(super) static RULE: ServerRule = ServerRule {
    id: "ca-names-root-only",
    title: "the CA names that the server sends seem to be of roots only",
    explanation: "\
Cards hold certificates that an intermediate CA issued. A client that finds the intermediate's name in the server's list knows that its \
certificate is meant; with the root's name alone it needs the intermediate certificate, on the card or elsewhere, to see the connection: \
Firefox and Chrome then leave the certificate out, unless the intermediate is there too.

How it is told: by the texts of the names, which all say that they are roots. That is a guess, since a name doesn't tell what it is of.

What helps: the names of the intermediates beside those of the roots.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let roots_only = |text: &String| text.to_lowercase().contains("root");
    let (_, request) = requests(probe).find(|(_, request)| !request.ca_names.is_empty())?;
    let texts: Option<Vec<String>> = request
        .ca_names
        .iter()
        .map(|name| name.text.clone())
        .collect();
    let texts = texts.filter(|texts| texts.iter().all(roots_only))?;
    let quoted: Vec<String> = texts.iter().map(|text| prose::quoted(text)).collect();
    Some(Found {
        severity: Severity::Note,
        title: "The CA names seem to be of roots only".into(),
        cause: format!(
            "By their texts the names that the server sends are of roots: {}. If the users' certificates come from an \
             intermediate CA, browsers leave them out unless that CA's certificate is on the card as well. Inferred from the names.",
            prose::and(&quoted)
        ),
        remedies: vec![server(
            "Send the names of the intermediate CAs too (Apache: SSLCADNRequestFile; nginx: ssl_client_certificate)",
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, cause};
    use super::*;
    use crate::model::probe::Asks;

    #[test]
    fn one_name_that_is_no_root_is_enough() {
        let of = |names: &[&str]| cause(&RULE, asks(Asks::Required, names));
        assert!(
            of(&["CN=Acme Root CA"])
                .unwrap()
                .contains("`CN=Acme Root CA`")
        );
        assert_eq!(of(&["CN=Acme Root CA", "CN=Acme Issuing CA"]), None);
        assert_eq!(of(&[]), None);
    }
}
