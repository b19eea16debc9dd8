//! What is shown of a visit, whatever it is shown on: sections of named facts, in words that may be printed.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::names;
use super::story::{Told, Verdict, headline, stage};
use crate::model::certificate::{Certificate, to_pem};
use crate::model::finding::{Finding, Remedy};
use crate::model::key_type::KeyType;
use crate::model::printable::printable;
use crate::model::public_key::PublicKey;
use crate::model::scheme::Scheme;
use crate::model::visit::{Hello, Sent, Visit};

/// A visit, ready to be shown.
pub(super) struct View {
    pub(super) number: u64,
    pub(super) door: String,
    pub(super) from: String,
    pub(super) began: String,
    pub(super) verdict: Verdict,
    pub(super) headline: String,
    pub(super) findings: Vec<FindingView>,
    pub(super) sections: Vec<Section>,
    pub(super) pem: String,
}

/// A heading, and facts.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) rows: Vec<(String, String)>,
}

/// A finding.
pub(super) struct FindingView {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) cause: String,
    /// `At the client: ...`.
    pub(super) remedies: Vec<String>,
}

impl View {
    pub(super) fn of(told: &Told) -> View {
        let visit = &told.visit;
        let sections = [
            Section::new("What came of it", outcome(visit)),
            Section::new("What the client offered (ClientHello)", offered(visit)),
            Section::new("What was asked for (CertificateRequest)", asked(visit)),
            Section::new("What came (Certificate)", came(visit)),
            Section::new("What happened when", timeline(visit)),
        ];
        let pems = visit.chain.iter().flat_map(|chain| chain.iter());
        View {
            number: visit.number,
            door: visit.door.clone(),
            from: visit.from.clone(),
            began: date(visit.began),
            verdict: Verdict::of(visit),
            headline: headline(visit),
            findings: told.findings.iter().map(FindingView::of).collect(),
            sections: sections
                .into_iter()
                .filter(|section| !section.rows.is_empty())
                .collect(),
            pem: pems.map(|sent| to_pem(&sent.der)).collect(),
        }
    }
}

impl Section {
    fn new<N: AsRef<str>>(title: &'static str, rows: Vec<(N, String)>) -> Section {
        let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
        Section {
            title,
            rows: rows
                .map(|(name, value)| (printable(name.as_ref()), printable(&value)))
                .collect(),
        }
    }
}

impl FindingView {
    fn of(finding: &Finding) -> FindingView {
        FindingView {
            id: finding.id,
            title: printable(&finding.title),
            cause: printable(&finding.cause),
            remedies: finding.remedies.iter().map(remedy).collect(),
        }
    }
}

fn remedy(remedy: &Remedy) -> String {
    printable(&format!("{}: {}", remedy.place.name(), remedy.title))
}

fn outcome(visit: &Visit) -> Vec<(&'static str, String)> {
    let objections = visit
        .objections
        .iter()
        .map(|objection| match objection.alert() {
            Some(alert) => format!("{alert} ({}): {objection}", alert.0),
            None => objection.to_string(),
        });
    let mut rows = vec![
        ("stage", stage(visit).unwrap_or_default().into()),
        (
            "signed with",
            visit
                .signed_with
                .map_or(String::new(), |scheme| scheme.to_string()),
        ),
    ];
    rows.extend(objections.map(|objection| ("a strict server says", objection)));
    rows.extend([
        (
            "version",
            visit
                .agreed
                .version
                .map_or(String::new(), |version| format!("TLS {version}")),
        ),
        (
            "cipher suite",
            visit.agreed.suite.map_or(String::new(), names::suite),
        ),
        (
            "group",
            visit.agreed.group.map_or(String::new(), names::group),
        ),
        ("waited", waited(visit)),
    ]);
    rows
}

/// Only where it says something.
fn waited(visit: &Visit) -> String {
    match visit.silent_for.as_secs() {
        0 => String::new(),
        seconds => format!("{seconds} s without a word from the client"),
    }
}

fn offered(visit: &Visit) -> Vec<(&'static str, String)> {
    let Some(hello) = &visit.hello else {
        return Vec::new();
    };
    let Hello {
        versions,
        suites,
        schemes,
        groups,
        alpn,
        server_name,
    } = hello;
    vec![
        ("versions", codes(versions, names::version)),
        (
            "signature schemes",
            codes(
                &schemes.iter().map(|scheme| scheme.0).collect::<Vec<_>>(),
                scheme_name,
            ),
        ),
        ("groups", codes(groups, names::group)),
        ("cipher suites", codes(suites, names::suite)),
        ("ALPN", alpn.join(", ")),
        ("server name (SNI)", server_name.clone().unwrap_or_default()),
    ]
}

fn scheme_name(code: u16) -> String {
    Scheme(code).to_string()
}

fn codes(codes: &[u16], name: fn(u16) -> String) -> String {
    let named = codes.iter().filter(|code| !names::is_grease(**code));
    named.map(|code| name(*code)).collect::<Vec<_>>().join(", ")
}

fn asked(visit: &Visit) -> Vec<(&'static str, String)> {
    let Some(request) = &visit.request else {
        return Vec::new();
    };
    let cas = match request.ca_names.len() {
        0 => "none: certificates of any issuer".into(),
        _ => request
            .ca_names
            .iter()
            .map(|name| ca_name(name))
            .collect::<Vec<_>>()
            .join("; "),
    };
    vec![
        ("signature schemes", listed(&request.schemes)),
        ("not sent (rustls can't)", listed(&visit.not_sent)),
        ("CA names", cas),
    ]
}

fn ca_name(der: &[u8]) -> String {
    use x509_parser::prelude::{FromDer, X509Name};
    match X509Name::from_der(der) {
        Ok((_, name)) => name.to_string(),
        Err(_) => hex::encode(der),
    }
}

fn listed(schemes: &[Scheme]) -> String {
    schemes
        .iter()
        .map(Scheme::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn came(visit: &Visit) -> Vec<(&'static str, String)> {
    let Some(chain) = &visit.chain else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    if chain.is_empty() {
        rows.push(("certificate", "none: the message came, and is empty".into()));
    }
    for (at, sent) in chain.iter().enumerate() {
        let heading = if at == 0 { "certificate" } else { "with it" };
        match &sent.read {
            Err(why) => rows.push((heading, format!("{} bytes: {why}", sent.der.len()))),
            Ok(certificate) if at == 0 => rows.extend(certificate_rows(certificate)),
            Ok(certificate) => rows.push((heading, certificate.subject.clone())),
        }
    }
    rows
}

fn certificate_rows(certificate: &Certificate) -> Vec<(&'static str, String)> {
    let yes = |answer: Option<bool>| match answer {
        None => "not restricted",
        Some(true) => "yes",
        Some(false) => "no",
    };
    vec![
        ("certificate", certificate.subject.clone()),
        ("issuer", certificate.issuer.clone()),
        ("serial number", certificate.serial.clone()),
        ("key", key_for_people(&certificate.public_key)),
        (
            "valid",
            format!(
                "{} to {}",
                date(certificate.not_before),
                date(certificate.not_after)
            ),
        ),
        (
            "for client authentication",
            yes(certificate.client_auth).into(),
        ),
        (
            "for digital signatures",
            yes(certificate.digital_signature).into(),
        ),
        ("signed with", certificate.signature_algorithm.name.clone()),
        ("SHA-256", certificate.sha256.clone()),
    ]
}

/// `RSA-2048`, `EC P-256`.
pub(super) fn key_for_people(key: &PublicKey) -> String {
    match (key, key.bits()) {
        (PublicKey::Rsa { .. }, Some(bits)) => format!("RSA-{bits}"),
        (PublicKey::Ec { curve, .. }, _) => format!("EC {curve}"),
        _ => match key.key_type() {
            KeyType::Rsa => "RSA",
            KeyType::Ec => "EC, unknown curve",
            KeyType::Ed25519 => "Ed25519",
            KeyType::Ed448 => "Ed448",
            KeyType::MlDsa => "ML-DSA",
            KeyType::Other => "of a type that cardcheck doesn't know",
        }
        .into(),
    }
}

fn timeline(visit: &Visit) -> Vec<(String, String)> {
    let moments = visit.timeline.iter();
    moments
        .map(|moment| (after(moment.after), moment.what.clone()))
        .collect()
}

/// `12.3 ms`, `4.5 s`.
pub(super) fn after(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.1} s"),
    }
}

/// RFC 3339, in UTC.
pub(super) fn date(seconds: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok();
    at.and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| "a date out of range".into())
}

/// One certificate, for those who want it as data.
pub(super) fn readable(sent: &Sent) -> Option<&Certificate> {
    sent.read.as_deref().ok()
}
