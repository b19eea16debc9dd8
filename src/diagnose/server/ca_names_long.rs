//! `ca-names-long`: more bytes of CA names than some clients take.

use super::super::remedy::server;
use super::{Found, ServerRule, requests, versions};
use crate::model::finding::Severity;
use crate::model::probe::Probe;

/// Bytes, who gives up above them, and how much that matters.
const LIMITS: &[(usize, &str, Severity)] = &[
    (
        64_000,
        "TLS itself has room for 65535 bytes, so names may have been left out",
        Severity::Error,
    ),
    (
        16 * 1024,
        "clients that take no message of more than 16 KiB can't log in",
        Severity::Warning,
    ),
    (
        1024,
        "some Windows programs fail over more than 1024 bytes (openssl-s_server(1), -no_ca_names)",
        Severity::Note,
    ),
];

pub(super) static RULE: ServerRule = ServerRule {
    id: "ca-names-long",
    title: "the list of CA names is longer than some clients take",
    explanation: "\
A server may send the names of the CAs whose certificates it wants. With many CAs in its trust store the list gets long, and clients \
have limits: some Windows programs fail over 1 KiB, others take no handshake message of more than 16 KiB, and TLS itself has room for \
64 KiB.

How it is told: the bytes of certificate_authorities as they were on the wire.

What helps: sending fewer names. What is sent is apart from what is trusted in most servers.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let longest = requests(probe)
        .map(|(_, request)| request.ca_names_bytes)
        .max()?;
    let (limit, who, severity) = LIMITS.iter().find(|(limit, ..)| longest > *limit)?;
    let over = requests(probe).filter(|(_, request)| request.ca_names_bytes > *limit);
    let where_ = versions(over.map(|(facts, _)| facts));
    let most = requests(probe)
        .map(|(_, request)| request.ca_names.len())
        .max()?;
    Some(Found {
        severity: *severity,
        title: "The list of CA names is long".into(),
        cause: format!("Over {where_} the server sends {most} CA names in {longest} bytes: {who}."),
        remedies: vec![server(
            "Send the names of the CAs only that issue your users' certificates (Apache: SSLCADNRequestFile; nginx: \
             ssl_client_certificate for what is sent, ssl_trusted_certificate for what is trusted besides; HAProxy: ca-file and \
             ca-verify-file)",
        )],
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, cause};
    use super::*;
    use crate::model::probe::Asks;

    fn of_bytes(bytes: usize) -> Option<String> {
        let mut facts = asks(Asks::Required, &["CN=Issuing CA"]);
        facts.request.as_mut().unwrap().ca_names_bytes = bytes;
        cause(&RULE, facts)
    }

    #[test]
    fn each_limit_has_its_own_clients() {
        assert_eq!(of_bytes(1024), None);
        assert!(of_bytes(1025).unwrap().contains("Windows"));
        assert!(of_bytes(20_000).unwrap().contains("16 KiB"));
        assert!(of_bytes(65_000).unwrap().contains("left out"));
    }
}
