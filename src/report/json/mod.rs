//! The JSON report, `cardcheck.matrix.v1`: structs of its own, so that the model may change and the contract doesn't.

mod cell;
mod comparison;
pub mod connected;
mod diff;
mod finding;
mod key;
pub mod listing;
pub mod probe;
mod profile;
mod read;
mod token;

pub use diff::{render_diff, schema_of_diff};
pub use read::{Unreadable, read};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use self::cell::CellReport;
use self::comparison::ComparisonReport;
use self::finding::FindingReport;
pub(super) use self::finding::RemedyReport;
use self::key::KeyReport;
use self::profile::{ClientReport, ProfileReport};
use self::token::{ModuleReport, TokenReport};
use crate::model::cell::Outcome;
use crate::model::printable::json_escaped;
use crate::model::run::Run;

const SCHEMA: &str = "cardcheck.matrix.v1";

/// The report as JSON, indented, with a newline at its end.
pub fn render(run: &Run) -> String {
    as_text(&Report::from(run))
}

/// The JSON Schema of the report.
pub fn schema() -> String {
    schema_of::<Report>()
}

/// Any report of ours as JSON.
pub(super) fn as_text(report: &impl Serialize) -> String {
    json_escaped(&pretty(report))
}

/// The schema of what is written, where a fact that is absent is null and never left out.
pub(super) fn schema_of<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    pretty(&settings.into_generator().into_root_schema_for::<T>())
}

fn pretty(value: &impl Serialize) -> String {
    // neither the report nor its schema holds anything that JSON can't
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// What `cardcheck matrix` found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cardcheck.matrix.v1")]
struct Report {
    /// `cardcheck.matrix.v1`; adding a field is no new version, removing or renaming one is.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    tool: Tool,
    /// Start, RFC 3339, UTC.
    started: String,
    duration_ms: u64,
    /// False: interrupted, or a token was given up; the cells that were not reached are `skipped`, each with its reason.
    complete: bool,
    /// True: what would name the card or its holder is replaced by stand-ins, the same in every redacted report of the card.
    redacted: bool,
    module: ModuleReport,
    tokens: Vec<TokenReport>,
    keys: Vec<KeyReport>,
    profiles: Vec<ProfileReport>,
    /// The imitated clients, in the order of the table.
    clients: Vec<ClientReport>,
    /// What the servers ran on: `rustls`, inside cardcheck, or a real server's version.
    servers: String,
    cells: Vec<CellReport>,
    findings: Vec<FindingReport>,
    /// What the harness could not do, in sentences.
    notes: Vec<String>,
    /// What changed since the report that was given as the baseline; null: none was given.
    baseline: Option<ComparisonReport>,
    summary: Summary,
}

#[derive(Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    fn this() -> Tool {
        Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

#[derive(Default, Serialize, JsonSchema)]
struct Summary {
    pass: usize,
    fail: usize,
    not_applicable: usize,
    skipped: usize,
    error: usize,
    unexpected: usize,
    /// C_SignInit calls: capability trials, handshakes and proofs.
    signatures: usize,
}

impl From<&Run> for Report {
    fn from(run: &Run) -> Self {
        Report {
            schema: SCHEMA,
            tool: Tool::this(),
            started: run.started.clone(),
            duration_ms: run.duration_ms,
            complete: run.is_complete(),
            redacted: run.redacted,
            module: ModuleReport::from(&run.module),
            tokens: run.tokens.iter().map(TokenReport::from).collect(),
            keys: run.keys.iter().map(KeyReport::from).collect(),
            profiles: run
                .profiles
                .iter()
                .map(|profile| ProfileReport::new(run, profile))
                .collect(),
            clients: run.clients.iter().map(ClientReport::from).collect(),
            servers: run.servers.clone(),
            cells: run.cells.iter().map(CellReport::from).collect(),
            findings: run.findings.iter().map(FindingReport::from).collect(),
            notes: run.notes.clone(),
            baseline: run.comparison.as_ref().map(ComparisonReport::from),
            summary: Summary::from(run),
        }
    }
}

impl From<&Run> for Summary {
    fn from(run: &Run) -> Self {
        Summary {
            pass: run.count(Outcome::Pass),
            fail: run.count(Outcome::Fail),
            not_applicable: run.count(Outcome::NotApplicable),
            skipped: run.count(Outcome::Skipped),
            error: run.count(Outcome::Error),
            unexpected: run.unexpected(),
            signatures: run.signatures,
        }
    }
}

/// Milliseconds to the microsecond.
fn rounded(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests;
