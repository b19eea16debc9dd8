//! `versions-ask-differently`: whether a certificate is asked for depends on the version of TLS.

use super::{Found, ServerRule};
use crate::model::finding::Severity;
use crate::model::probe::{Asks, Probe, VersionFacts};

pub(super) static RULE: ServerRule = ServerRule {
    id: "versions-ask-differently",
    title: "the server asks in one version of TLS and not in another",
    explanation: "\
In one version of TLS the server requires a certificate, in another it doesn't, or doesn't ask. So two clients see two servers: one of them gets \
in without a certificate.

How it is told: each version was tried by itself.

What helps: one setting for all versions; a proxy in front that ends one version by itself is a usual cause.",
    find,
};

fn find(probe: &Probe) -> Option<Found> {
    let known = |facts: &&VersionFacts| facts.asks != Asks::Unknown && !facts.inferred;
    let spoken: Vec<&VersionFacts> = probe.spoken().filter(known).collect();
    let first = spoken.first()?;
    if spoken.iter().all(|facts| facts.asks == first.asks) {
        return None;
    }
    let each = spoken.iter().map(|facts| {
        let asks = match facts.asks {
            Asks::None => "asks for none",
            Asks::Optional => "takes one if there is one",
            Asks::Required => "requires one",
            Asks::Unknown => "could not be told",
        };
        format!("TLS {} {asks}", facts.version)
    });
    let each: Vec<String> = each.collect();
    Some(Found {
        severity: Severity::Warning,
        title: "The versions of TLS ask differently".into(),
        cause: format!("Of a certificate: {}.", each.join(", ")),
        remedies: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{asks, found, probe};
    use super::*;
    use crate::model::protocol::Protocol;

    #[test]
    fn only_what_is_known_to_differ_does() {
        let told = |older| {
            let versions = [
                (Protocol::V1_3, asks(Asks::Required, &[])),
                (Protocol::V1_2, asks(older, &[])),
            ];
            found(&RULE, &probe(&versions))
        };
        assert_eq!(told(Asks::Required), None);
        assert_eq!(told(Asks::Unknown), None);
        assert!(told(Asks::None).unwrap().contains("TLS 1.2 asks for none"));
    }
}
