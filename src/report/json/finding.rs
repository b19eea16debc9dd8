//! Findings and their remedies.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::finding::{Finding, Remedy};

/// What it means.
#[derive(Serialize, JsonSchema)]
pub(super) struct FindingReport {
    id: &'static str,
    #[schemars(extend("enum" = ["error", "warning", "note"]))]
    severity: &'static str,
    title: String,
    cause: String,
    /// Indexes of the cells it explains.
    cells: Vec<usize>,
    remedies: Vec<RemedyReport>,
}

/// A change that helps.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct RemedyReport {
    /// Who changes something.
    #[schemars(extend("enum" = ["server", "client", "card"]))]
    #[serde(rename = "where")]
    place: &'static str,
    title: String,
    software: Option<String>,
    snippet: Option<String>,
    /// The clients that it helps; empty: all.
    clients: Vec<String>,
    /// The failing cells were run again with the change applied, and passed.
    proven: bool,
    breaks: Vec<String>,
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        FindingReport {
            id: finding.id,
            severity: finding.severity.name(),
            title: finding.title.clone(),
            cause: finding.cause.clone(),
            cells: finding.cells.clone(),
            remedies: finding.remedies.iter().map(RemedyReport::from).collect(),
        }
    }
}

impl From<&Remedy> for RemedyReport {
    fn from(remedy: &Remedy) -> Self {
        RemedyReport {
            place: remedy.place.name(),
            title: remedy.title.clone(),
            software: remedy.software.clone(),
            snippet: remedy.snippet.clone(),
            clients: remedy.clients.clone(),
            proven: remedy.proven,
            breaks: remedy.breaks.clone(),
        }
    }
}
