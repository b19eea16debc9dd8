//! `old-tls-only`: nothing newer than TLS 1.1.

use super::super::remedy::server;
use super::{Found, ServerRule, versions};
use crate::model::finding::Severity;
use crate::model::probe::Probe;
use crate::model::protocol::Protocol;

pub(super) static RULE: ServerRule = ServerRule {
    id: "old-tls-only",
    title: "the server speaks nothing newer than TLS 1.1",
    explanation: "\
TLS 1.0 and 1.1 were deprecated in 2021 (RFC 8996). No current browser speaks them, so no card can log in here, whatever it can do.

How it is told: the server answers a hello of TLS 1.0 or 1.1, and neither one of 1.2 nor of 1.3.

What helps: TLS 1.2 at the server.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    probe.spoken().next()?;
    let old = probe.spoken().all(|facts| facts.version < Protocol::V1_2);
    old.then(|| Found {
        severity: Severity::Error,
        title: "The server speaks nothing newer than TLS 1.1".into(),
        cause: format!(
            "It answers with {} only, which no current browser speaks (RFC 8996).",
            versions(probe.spoken())
        ),
        remedies: vec![server("Switch TLS 1.2 and 1.3 on")],
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, found, probe};
    use super::*;
    use crate::model::probe::Asks;

    #[test]
    fn tls12_is_not_old() {
        let spoken = asks(Asks::Required, &[]);
        let old = (Protocol::V1_0, spoken.clone());
        assert!(
            found(&RULE, &probe(std::slice::from_ref(&old)))
                .unwrap()
                .contains("TLS 1.0 only")
        );
        assert_eq!(found(&RULE, &probe(&[(Protocol::V1_2, spoken), old])), None);
    }
}
