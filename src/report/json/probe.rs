//! The report on a server, `cardcheck.probe.v1`.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use schemars::JsonSchema;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::finding::FindingReport;
use super::{Tool, as_text, schema_of};
use crate::model::certificate_request::CertificateRequest;
use crate::model::probe::{
    Address, AddressFound, Negotiated, Probe, Reaction, ServerCertificate, Spoken, VersionFacts,
};
use crate::model::scheme::Scheme;
use crate::model::trace::{Message, Side, Timeline};

const SCHEMA: &str = "cardcheck.probe.v1";

/// The report as JSON, indented, with a newline at its end.
pub fn render(probe: &Probe) -> String {
    as_text(&Report::from(probe))
}

/// The JSON Schema of the report.
pub fn schema() -> String {
    schema_of::<Report>()
}

/// What `cardcheck probe` found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cardcheck.probe.v1")]
struct Report {
    /// `cardcheck.probe.v1`; adding a field is no new version, removing or renaming one is.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    tool: Tool,
    #[serde(flatten)]
    server: ServerReport,
    findings: Vec<FindingReport>,
    /// With --trace: every connection, message by message.
    trace: Vec<TimelineReport>,
}

/// What was found out of a server.
#[derive(Serialize, JsonSchema)]
pub(super) struct ServerReport {
    /// Start, RFC 3339, UTC.
    started: String,
    duration_ms: u64,
    /// False: interrupted; what was not reached is unknown.
    complete: bool,
    /// As it was named on the command line.
    host: String,
    port: u16,
    /// The address that was probed; null: a proxy chose it.
    address: Option<String>,
    /// Every address of the name.
    addresses: Vec<AddressReport>,
    starttls: Option<String>,
    /// Host and port of the HTTP proxy.
    proxy: Option<String>,
    /// server_name as it was sent; null: none, since the host is an address.
    server_name: Option<String>,
    /// What comes out with a client that speaks TLS 1.2 and 1.3.
    negotiated: Option<NegotiatedReport>,
    /// Each version, newest first.
    tls: Vec<VersionReport>,
    server_certificate: Option<CertificateReport>,
}

#[derive(Serialize, JsonSchema)]
struct AddressReport {
    address: String,
    /// `same` and `differs`: as the probed one asks, and not.
    #[schemars(extend("enum" = ["probed", "same", "differs", "unreachable", "not_tried"]))]
    found: &'static str,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct NegotiatedReport {
    version: &'static str,
    /// IANA name.
    cipher_suite: String,
    group: Option<String>,
    alpn: Option<String>,
}

/// A version of TLS.
#[derive(Serialize, JsonSchema)]
struct VersionReport {
    #[schemars(extend("enum" = ["1.3", "1.2", "1.1", "1.0"]))]
    version: &'static str,
    /// The server answered with this version when it alone was offered; null: it could not be told.
    negotiated: Option<bool>,
    #[schemars(extend("enum" = ["none", "optional", "required", "unknown"]))]
    asks: &'static str,
    #[schemars(extend("enum" = ["handshake", "renegotiation", "post_handshake", "http", null]))]
    asked_during: Option<&'static str>,
    /// `asks` rests on something that has another explanation, too.
    inferred: bool,
    /// signature_algorithms in the server's order: IANA names, or code points as `0x0402`.
    schemes: Option<Vec<String>>,
    schemes_cert: Option<Vec<String>>,
    certificate_types: Option<Vec<String>>,
    /// RFC 4514 text; what is no name, as `#` and hex.
    ca_names: Option<Vec<String>>,
    /// The same as base64 of what was sent.
    ca_names_der: Option<Vec<String>>,
    /// Bytes of the list on the wire.
    ca_names_bytes: Option<usize>,
    /// What is malformed in the CertificateRequest.
    defect: Option<String>,
    /// IANA name.
    alert_without_certificate: Option<String>,
    /// IANA name; the answer to a throw-away, self-signed certificate.
    alert_with_stranger: Option<String>,
    without_certificate: Option<ReactionReport>,
    with_stranger: Option<ReactionReport>,
    http_path: Option<String>,
    http_status: Option<u16>,
    http_location: Option<String>,
    cipher_suite: Option<String>,
    group: Option<String>,
    alpn: Option<String>,
    /// How it was told, or why it could not be.
    reason: Option<String>,
}

/// What a server did.
#[derive(Serialize, JsonSchema)]
struct ReactionReport {
    #[schemars(extend("enum" = ["accepted", "alert", "closed", "refused", "silent", "unknown"]))]
    outcome: &'static str,
    detail: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct CertificateReport {
    subject: String,
    issuer: String,
    /// RFC 3339, UTC.
    not_after: Option<String>,
    /// Over the DER, hex.
    sha256: String,
    trusted: bool,
    matches_name: bool,
    problem: Option<String>,
    /// Certificates that came with it.
    intermediates: usize,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct TimelineReport {
    title: String,
    messages: Vec<MessageReport>,
}

#[derive(Serialize, JsonSchema)]
struct MessageReport {
    /// Since the handshake began.
    at_ms: f64,
    #[schemars(extend("enum" = ["client", "server"]))]
    from: &'static str,
    /// It was encrypted on the wire.
    encrypted: bool,
    name: String,
    bytes: usize,
    fields: Vec<FieldReport>,
}

#[derive(Serialize, JsonSchema)]
struct FieldReport {
    name: &'static str,
    value: String,
}

impl From<&Probe> for Report {
    fn from(probe: &Probe) -> Self {
        Report {
            schema: SCHEMA,
            tool: Tool::this(),
            server: ServerReport::from(probe),
            findings: probe.findings.iter().map(FindingReport::from).collect(),
            trace: timelines(&probe.trace),
        }
    }
}

/// Every connection, message by message.
pub(super) fn timelines(trace: &[Timeline]) -> Vec<TimelineReport> {
    trace.iter().map(TimelineReport::from).collect()
}

impl From<&Probe> for ServerReport {
    fn from(probe: &Probe) -> Self {
        ServerReport {
            started: probe.started.clone(),
            duration_ms: probe.duration_ms,
            complete: probe.complete,
            host: probe.host.clone(),
            port: probe.port,
            address: probe.address.clone(),
            addresses: probe.addresses.iter().map(AddressReport::from).collect(),
            starttls: probe.starttls.clone(),
            proxy: probe.proxy.clone(),
            server_name: probe.server_name.clone(),
            negotiated: probe.negotiated.as_ref().map(NegotiatedReport::from),
            tls: probe.versions.iter().map(VersionReport::from).collect(),
            server_certificate: probe
                .server_certificate
                .as_ref()
                .map(CertificateReport::from),
        }
    }
}

impl From<&Address> for AddressReport {
    fn from(address: &Address) -> Self {
        let (found, reason) = match &address.found {
            AddressFound::Probed => ("probed", None),
            AddressFound::Same => ("same", None),
            AddressFound::Differs(how) => ("differs", Some(how.clone())),
            AddressFound::Unreachable(why) => ("unreachable", Some(why.clone())),
            AddressFound::NotTried => ("not_tried", None),
        };
        AddressReport {
            address: address.address.clone(),
            found,
            reason,
        }
    }
}

impl From<&Negotiated> for NegotiatedReport {
    fn from(negotiated: &Negotiated) -> Self {
        NegotiatedReport {
            version: negotiated.version.name(),
            cipher_suite: negotiated.suite.clone(),
            group: negotiated.group.clone(),
            alpn: negotiated.alpn.clone(),
        }
    }
}

impl From<&VersionFacts> for VersionReport {
    fn from(facts: &VersionFacts) -> Self {
        let request = facts.request.as_ref();
        let http = facts.http.as_ref();
        let negotiated = facts.negotiated.as_ref();
        let alert = |reaction: &Option<Reaction>| {
            let alert = reaction.as_ref().and_then(Reaction::alert);
            alert.map(|alert| alert.to_string())
        };
        let (spoken, unspoken) = match &facts.spoken {
            Spoken::Yes => (Some(true), None),
            Spoken::No(why) => (Some(false), Some(why)),
            Spoken::Unknown(why) => (None, Some(why)),
        };
        VersionReport {
            version: facts.version.name(),
            negotiated: spoken,
            asks: facts.asks.name(),
            asked_during: facts.asked_during.map(|moment| moment.name()),
            inferred: facts.inferred,
            schemes: request.and_then(|request| names(request.schemes.as_deref())),
            schemes_cert: request.and_then(|request| names(request.schemes_cert.as_deref())),
            certificate_types: request.map(types),
            ca_names: request
                .map(|request| request.ca_names.iter().map(ToString::to_string).collect()),
            ca_names_der: request.map(ders),
            ca_names_bytes: request.map(|request| request.ca_names_bytes),
            defect: request
                .and_then(|request| request.defect)
                .map(|defect| defect.to_string()),
            alert_without_certificate: alert(&facts.without_certificate),
            alert_with_stranger: alert(&facts.with_stranger),
            without_certificate: facts.without_certificate.as_ref().map(ReactionReport::from),
            with_stranger: facts.with_stranger.as_ref().map(ReactionReport::from),
            http_path: http.map(|http| http.path.clone()),
            http_status: http.map(|http| http.status),
            http_location: http.and_then(|http| http.location.clone()),
            cipher_suite: negotiated.map(|negotiated| negotiated.suite.clone()),
            group: negotiated.and_then(|negotiated| negotiated.group.clone()),
            alpn: negotiated.and_then(|negotiated| negotiated.alpn.clone()),
            reason: unspoken.cloned().or_else(|| facts.reason.clone()),
        }
    }
}

fn names(schemes: Option<&[Scheme]>) -> Option<Vec<String>> {
    Some(schemes?.iter().map(Scheme::to_string).collect())
}

fn types(request: &CertificateRequest) -> Vec<String> {
    request
        .certificate_types
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn ders(request: &CertificateRequest) -> Vec<String> {
    let ders = request.ca_names.iter().map(|name| &name.der);
    ders.map(|der| BASE64_STANDARD.encode(der)).collect()
}

impl From<&Reaction> for ReactionReport {
    fn from(reaction: &Reaction) -> Self {
        let (outcome, detail) = match reaction {
            Reaction::Accepted => ("accepted", None),
            Reaction::Alert(alert) => ("alert", Some(alert.to_string())),
            Reaction::Closed => ("closed", None),
            Reaction::Refused(words) => ("refused", Some(words.clone())),
            Reaction::Silent => ("silent", None),
            Reaction::Unknown(why) => ("unknown", Some(why.clone())),
        };
        ReactionReport { outcome, detail }
    }
}

impl From<&ServerCertificate> for CertificateReport {
    fn from(certificate: &ServerCertificate) -> Self {
        let not_after = OffsetDateTime::from_unix_timestamp(certificate.not_after).ok();
        CertificateReport {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            not_after: not_after.and_then(|moment| moment.format(&Rfc3339).ok()),
            sha256: certificate.sha256.clone(),
            trusted: certificate.trusted,
            matches_name: certificate.matches_name,
            problem: certificate.problem.clone(),
            intermediates: certificate.intermediates,
        }
    }
}

impl From<&Timeline> for TimelineReport {
    fn from(timeline: &Timeline) -> Self {
        TimelineReport {
            title: timeline.title.clone(),
            messages: timeline.messages.iter().map(MessageReport::from).collect(),
        }
    }
}

impl From<&Message> for MessageReport {
    fn from(message: &Message) -> Self {
        let field = |(name, value): &(&'static str, String)| FieldReport {
            name,
            value: value.clone(),
        };
        MessageReport {
            at_ms: super::rounded(message.at_ms),
            from: match message.from {
                Side::Client => "client",
                Side::Server => "server",
            },
            encrypted: message.encrypted,
            name: message.name.clone(),
            bytes: message.bytes,
            fields: message.fields.iter().map(field).collect(),
        }
    }
}
