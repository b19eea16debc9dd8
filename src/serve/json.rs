//! Visits as JSON, `cardcheck.visit.v1`: structs of its own, so that the model may change and the contract doesn't.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::names;
use super::story::{Told, Verdict, headline, stage};
use super::view::{date, key_for_people, readable};
use crate::model::certificate::to_pem;
use crate::model::finding::Finding;
use crate::model::printable::json_escaped;
use crate::model::scheme::Scheme;
use crate::model::visit::{End, Hello, Sent, Visit};

const SCHEMA: &str = "cardcheck.visit.v1";

/// The JSON Schema of a visit.
pub fn schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    pretty(
        &settings
            .into_generator()
            .into_root_schema_for::<VisitReport<'_>>(),
    )
}

/// A visit as JSON, on one line.
pub fn visit(told: &Told) -> String {
    json_escaped(&serde_json::to_string(&VisitReport::of(told)).unwrap_or_default())
}

/// The same for people who read JSON.
pub(super) fn visit_page(told: &Told) -> String {
    pretty(&VisitReport::of(told))
}

/// All visits, the newest first.
pub(super) fn visits_page(told: &[Told]) -> String {
    pretty(&told.iter().map(VisitReport::of).collect::<Vec<_>>())
}

fn pretty(value: &impl Serialize) -> String {
    // it holds nothing that JSON can't
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    json_escaped(&text) + "\n"
}

/// What a visitor of `cardcheck serve` did.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cardcheck.visit.v1")]
struct VisitReport<'a> {
    /// `cardcheck.visit.v1`; adding a field is no new version, removing or renaming one is.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    number: u64,
    /// The port's name.
    door: &'a str,
    from: &'a str,
    began: String,
    /// `refused`: by a strict server.
    #[schemars(extend("enum" = ["good", "refused", "could_not_tell", "failed", "under_way"]))]
    verdict: &'static str,
    headline: String,
    /// How far it came, if not through.
    #[schemars(extend("enum" = ["connect", "hello", "answer", "select", "sign", "server_verify", null]))]
    stage: Option<&'static str>,
    tls: Option<&'static str>,
    cipher_suite: Option<String>,
    group: Option<String>,
    client_hello: Option<HelloReport>,
    request: Option<RequestReport>,
    /// `null`: no Certificate message came; empty: it came, without a certificate.
    certificates: Option<Vec<CertificateReport<'a>>>,
    signed_with: Option<String>,
    /// What a strict server says.
    objections: Vec<ObjectionReport>,
    /// Null: it is under way.
    #[schemars(extend("enum" = ["finished", "refused", "alert", "closed", "silent", "not_tls", null]))]
    end: Option<&'static str>,
    /// The alert that ended it, by name, whoever sent it.
    alert: Option<String>,
    elapsed_ms: f64,
    silent_ms: f64,
    findings: Vec<FindingReport<'a>>,
    timeline: Vec<MomentReport<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct HelloReport {
    versions: Vec<String>,
    schemes: Vec<String>,
    groups: Vec<String>,
    cipher_suites: Vec<String>,
    alpn: Vec<String>,
    server_name: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct RequestReport {
    /// As they were on the wire.
    schemes: Vec<String>,
    /// In the profile, and could not be sent.
    not_sent: Vec<String>,
    /// Each the DER of a Name, hex.
    ca_names: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct CertificateReport<'a> {
    pem: String,
    subject: Option<&'a str>,
    issuer: Option<&'a str>,
    serial: Option<&'a str>,
    not_before: Option<String>,
    not_after: Option<String>,
    key: Option<String>,
    sha256: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct ObjectionReport {
    alert: Option<String>,
    why: String,
}

#[derive(Serialize, JsonSchema)]
struct FindingReport<'a> {
    id: &'static str,
    severity: &'static str,
    title: &'a str,
    cause: &'a str,
    remedies: Vec<RemedyReport<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct RemedyReport<'a> {
    /// Who changes something: `server`, `client`, `card`.
    #[serde(rename = "where")]
    place: &'static str,
    title: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct MomentReport<'a> {
    after_ms: f64,
    what: &'a str,
}

impl<'a> VisitReport<'a> {
    fn of(told: &'a Told) -> VisitReport<'a> {
        let visit = &told.visit;
        let chain = visit.chain.as_ref();
        VisitReport {
            schema: SCHEMA,
            number: visit.number,
            door: &visit.door,
            from: &visit.from,
            began: date(visit.began),
            verdict: Verdict::of(visit).name(),
            headline: headline(visit),
            stage: stage(visit),
            tls: visit.agreed.version.map(|version| version.name()),
            cipher_suite: visit.agreed.suite.map(names::suite),
            group: visit.agreed.group.map(names::group),
            client_hello: visit.hello.as_ref().map(HelloReport::from),
            request: RequestReport::of(visit),
            certificates: chain.map(|chain| chain.iter().map(CertificateReport::from).collect()),
            signed_with: visit.signed_with.map(|scheme| scheme.to_string()),
            objections: objections(visit),
            end: visit.end.as_ref().map(end_name),
            alert: alert(visit),
            elapsed_ms: milliseconds(visit.elapsed),
            silent_ms: milliseconds(visit.silent_for),
            findings: told.findings.iter().map(FindingReport::from).collect(),
            timeline: visit
                .timeline
                .iter()
                .map(|moment| MomentReport {
                    after_ms: milliseconds(moment.after),
                    what: &moment.what,
                })
                .collect(),
        }
    }
}

impl From<&Hello> for HelloReport {
    fn from(hello: &Hello) -> Self {
        let named =
            |codes: &[u16], name: fn(u16) -> String| codes.iter().map(|code| name(*code)).collect();
        HelloReport {
            versions: named(&hello.versions, names::version),
            schemes: schemes(&hello.schemes),
            groups: named(&hello.groups, names::group),
            cipher_suites: named(&hello.suites, names::suite),
            alpn: hello.alpn.clone(),
            server_name: hello.server_name.clone(),
        }
    }
}

impl RequestReport {
    fn of(visit: &Visit) -> Option<RequestReport> {
        let request = visit.request.as_ref()?;
        Some(RequestReport {
            schemes: schemes(&request.schemes),
            not_sent: schemes(&visit.not_sent),
            ca_names: request.ca_names.iter().map(hex::encode).collect(),
        })
    }
}

impl<'a> From<&'a Sent> for CertificateReport<'a> {
    fn from(sent: &'a Sent) -> Self {
        let read = readable(sent);
        CertificateReport {
            pem: to_pem(&sent.der),
            subject: read.map(|certificate| certificate.subject.as_str()),
            issuer: read.map(|certificate| certificate.issuer.as_str()),
            serial: read.map(|certificate| certificate.serial.as_str()),
            not_before: read.map(|certificate| date(certificate.not_before)),
            not_after: read.map(|certificate| date(certificate.not_after)),
            key: read.map(|certificate| key_for_people(&certificate.public_key)),
            sha256: read.map(|certificate| certificate.sha256.as_str()),
        }
    }
}

impl<'a> From<&'a Finding> for FindingReport<'a> {
    fn from(finding: &'a Finding) -> Self {
        let remedies = finding.remedies.iter().map(|remedy| RemedyReport {
            place: remedy.place.name(),
            title: &remedy.title,
        });
        FindingReport {
            id: finding.id,
            severity: finding.severity.name(),
            title: &finding.title,
            cause: &finding.cause,
            remedies: remedies.collect(),
        }
    }
}

fn objections(visit: &Visit) -> Vec<ObjectionReport> {
    let report = visit.objections.iter().map(|objection| ObjectionReport {
        alert: objection.alert().map(|alert| alert.to_string()),
        why: objection.to_string(),
    });
    report.collect()
}

fn schemes(schemes: &[Scheme]) -> Vec<String> {
    schemes.iter().map(Scheme::to_string).collect()
}

fn end_name(end: &End) -> &'static str {
    match end {
        End::Finished => "finished",
        End::Refused(_) => "refused",
        End::Alert(_) => "alert",
        End::Closed => "closed",
        End::Silent => "silent",
        End::NotTls { .. } => "not_tls",
    }
}

fn alert(visit: &Visit) -> Option<String> {
    match visit.end {
        Some(End::Alert(alert) | End::Refused(Some(alert))) => Some(alert.to_string()),
        _ => None,
    }
}

/// To the microsecond.
fn milliseconds(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
