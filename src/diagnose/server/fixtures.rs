//! Servers made up for the tests of the rules, in few words.

use std::str::FromStr;

use der::Encode;
use x509_cert::name::Name;

use super::ServerRule;
use crate::model::certificate_request::{CaName, CertificateRequest};
use crate::model::probe::{Asks, Moment, Probe, Reaction, Spoken, VersionFacts};
use crate::model::protocol::Protocol;
use crate::model::scheme::Scheme;

pub(super) fn request(names: &[&str]) -> CertificateRequest {
    let names = names
        .iter()
        .map(|name| Name::from_str(name).unwrap().to_der().unwrap());
    let ca_names: Vec<CaName> = names.map(CaName::new).collect();
    CertificateRequest {
        schemes: Some(vec![Scheme(0x0403), Scheme(0x0804)]),
        ca_names_bytes: ca_names.iter().map(|name| name.der.len() + 2).sum(),
        ca_names,
        ..CertificateRequest::default()
    }
}

/// A version in which the server asks with these CA names, and refuses strangers.
pub(super) fn asks(asks: Asks, names: &[&str]) -> VersionFacts {
    VersionFacts {
        spoken: Spoken::Yes,
        asks,
        asked_during: Some(Moment::Handshake),
        request: Some(request(names)),
        with_stranger: Some(Reaction::Alert(crate::model::alert::Alert(48))),
        ..VersionFacts::unknown(Protocol::V1_3)
    }
}

pub(super) fn probe(versions: &[(Protocol, VersionFacts)]) -> Probe {
    let versions = versions.iter().map(|(version, facts)| VersionFacts {
        version: *version,
        ..facts.clone()
    });
    Probe {
        host: "portal.example".into(),
        port: 443,
        versions: versions.collect(),
        ..Probe::default()
    }
}

/// The cause, if the rule finds what it is for in a server that does this in TLS 1.3.
pub(super) fn cause(rule: &ServerRule, facts: VersionFacts) -> Option<String> {
    found(rule, &probe(&[(Protocol::V1_3, facts)]))
}

pub(super) fn found(rule: &ServerRule, probe: &Probe) -> Option<String> {
    (rule.find)(probe).map(|found| found.cause)
}
