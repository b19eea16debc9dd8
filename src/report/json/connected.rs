//! The report on keys at a server that exists, `cardcheck.connect.v1`.

use schemars::JsonSchema;
use serde::Serialize;

use super::cell::CellReport;
use super::finding::FindingReport;
use super::key::KeyReport;
use super::probe::{ServerReport, TimelineReport, timelines};
use super::profile::ClientReport;
use super::token::{ModuleReport, TokenReport};
use super::{Summary, Tool, as_text, schema_of};
use crate::model::cell::Cell;
use crate::model::connected::{Connected, Retry};
use crate::model::fit::{Exclusion, Fit, Place};
use crate::model::run::Run;

const SCHEMA: &str = "cardcheck.connect.v1";

/// The report as JSON, indented, with a newline at its end.
pub fn render(connected: &Connected) -> String {
    as_text(&Report::from(connected))
}

/// The JSON Schema of the report.
pub fn schema() -> String {
    schema_of::<Report>()
}

/// What `cardcheck connect` found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cardcheck.connect.v1")]
struct Report {
    /// `cardcheck.connect.v1`; adding a field is no new version, removing or renaming one is.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    tool: Tool,
    #[serde(flatten)]
    server: ServerReport,
    /// Why no key was tried; null: keys were.
    not_tried: Option<String>,
    /// Null: no token was asked for.
    module: Option<ModuleReport>,
    tokens: Vec<TokenReport>,
    keys: Vec<KeyReport>,
    clients: Vec<ClientReport>,
    /// Each certificate on the tokens against what the server asks for, in each version.
    certificates: Vec<FitReport>,
    /// Each key, version and client.
    cells: Vec<LoginReport>,
    /// Refused logins, made again with other certificates behind the key's own.
    retries: Vec<RetryReport>,
    /// Of the keys, then of the server; `cells` are indexes into this report's.
    findings: Vec<FindingReport>,
    /// What could not be done, in sentences.
    notes: Vec<String>,
    summary: Summary,
    /// With --trace: every connection, message by message.
    trace: Vec<TimelineReport>,
}

/// True, or the names of the rules that exclude a certificate.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Fits {
    Whole(bool),
    /// The first one first.
    Excluded(Vec<&'static str>),
}

#[derive(Serialize, JsonSchema)]
struct FitReport {
    /// Null: no key on the token belongs to it.
    key: Option<String>,
    token: String,
    /// Null: the key has no certificate.
    subject: Option<String>,
    /// Over the DER, hex.
    sha256: Option<String>,
    #[schemars(extend("enum" = ["1.2", "1.3"]))]
    tls: &'static str,
    fits: Fits,
    /// The same rules, each with its reason in a sentence.
    excluded_by: Vec<ExclusionReport>,
    /// The certificate that has to be sent too, since only its issuer is among the CA names.
    bridge: Option<BridgeReport>,
}

#[derive(Serialize, JsonSchema)]
struct ExclusionReport {
    #[schemars(extend("enum" = ["issuer_not_in_ca_names", "issuer_of_other_string_type", "key_type_not_in_certificate_types",
        "no_common_scheme", "signature_not_in_signature_algorithms_cert", "eku_lacks_client_auth", "ku_lacks_digital_signature",
        "expired", "not_yet_valid", "no_key"]))]
    rule: &'static str,
    reason: String,
}

#[derive(Serialize, JsonSchema)]
struct BridgeReport {
    subject: String,
    #[schemars(extend("enum" = ["token", "file"]))]
    place: &'static str,
}

/// Key x TLS version x client.
#[derive(Serialize, JsonSchema)]
struct LoginReport {
    #[serde(flatten)]
    cell: CellReport,
    /// True, or the rules that exclude its certificate, the first one first.
    fits: Fits,
    /// The status of the answer to a GET after the handshake; null: none was asked for, or it didn't come to that.
    http_status: Option<u16>,
    http_path: Option<String>,
    http_location: Option<String>,
    /// That it passed rests on a goodbye in good form, and on no word of consent.
    inferred: bool,
}

#[derive(Serialize, JsonSchema)]
struct RetryReport {
    key: String,
    #[schemars(extend("enum" = ["1.2", "1.3"]))]
    tls: &'static str,
    client: String,
    /// IANA name; the alert before. Null: there was none.
    refused_with: Option<String>,
    /// The subjects of what went out behind the key's own certificate this time.
    sent: Vec<String>,
    accepted: bool,
    /// The alert, or the words, if it was not.
    answer: Option<String>,
}

impl From<&Connected> for Report {
    fn from(connected: &Connected) -> Self {
        let run = connected.run.as_ref();
        let cells = run.map_or(&[][..], |run| &run.cells);
        Report {
            schema: SCHEMA,
            tool: Tool::this(),
            server: ServerReport::from(&connected.probe),
            not_tried: connected.not_tried.clone(),
            module: run.map(|run| ModuleReport::from(&run.module)),
            tokens: all(run, |run| &run.tokens),
            keys: all(run, |run| &run.keys),
            clients: all(run, |run| &run.clients),
            certificates: connected.fits.iter().map(FitReport::from).collect(),
            cells: cells.iter().map(|cell| login(connected, cell)).collect(),
            retries: connected.retries.iter().map(RetryReport::from).collect(),
            findings: connected.findings().map(FindingReport::from).collect(),
            notes: run.map(|run| run.notes.clone()).unwrap_or_default(),
            summary: run.map(Summary::from).unwrap_or_default(),
            trace: timelines(&connected.probe.trace),
        }
    }
}

fn all<'a, T: 'a, R: From<&'a T>>(run: Option<&'a Run>, part: fn(&Run) -> &Vec<T>) -> Vec<R> {
    let parts = run.map_or(&[][..], |run| part(run));
    parts.iter().map(R::from).collect()
}

fn login(connected: &Connected, cell: &Cell) -> LoginReport {
    let http = cell.http.as_ref();
    LoginReport {
        cell: CellReport::from(cell),
        fits: fits(connected.fit(&cell.key, cell.version)),
        http_status: http.map(|http| http.status),
        http_path: http.map(|http| http.path.clone()),
        http_location: http.and_then(|http| http.location.clone()),
        inferred: cell.inferred,
    }
}

/// A certificate of which nothing is known is excluded by nothing.
fn fits(fit: Option<&Fit>) -> Fits {
    let rules = fit.map_or(&[][..], |fit| &fit.exclusions);
    match rules.is_empty() {
        true => Fits::Whole(true),
        false => Fits::Excluded(rules.iter().map(|one| one.rule.name()).collect()),
    }
}

impl From<&Fit> for FitReport {
    fn from(fit: &Fit) -> Self {
        FitReport {
            key: fit.key.clone(),
            token: fit.token.clone(),
            subject: fit.subject.clone(),
            sha256: fit.sha256.clone(),
            tls: fit.version.name(),
            fits: fits(Some(fit)),
            excluded_by: fit.exclusions.iter().map(ExclusionReport::from).collect(),
            bridge: fit.bridge.as_ref().map(|bridge| BridgeReport {
                subject: bridge.subject.clone(),
                place: match bridge.place {
                    Place::Token => "token",
                    Place::File => "file",
                },
            }),
        }
    }
}

impl From<&Exclusion> for ExclusionReport {
    fn from(exclusion: &Exclusion) -> Self {
        ExclusionReport {
            rule: exclusion.rule.name(),
            reason: exclusion.reason.clone(),
        }
    }
}

impl From<&Retry> for RetryReport {
    fn from(retry: &Retry) -> Self {
        RetryReport {
            key: retry.key.clone(),
            tls: retry.version.name(),
            client: retry.client.clone(),
            refused_with: retry.refused_with.clone(),
            sent: retry.sent.clone(),
            accepted: retry.accepted,
            answer: retry.answer.clone(),
        }
    }
}
