//! A run's record taken, and the run held against the record of an earlier one.

use super::cell::{Cell, Verdict};
use super::comparison::{Comparison, Scope};
use super::finding::Finding;
use super::key::Key;
use super::record::{CellRecord, FindingRecord, KeyRecord, Origin, Record};
use super::run::Run;

/// Has the cells expect what came of them in the earlier run, and tells what changed. `now` is this run's own record, in which the
/// keys go by the same names as in the earlier one's.
pub fn hold_against(run: &mut Run, before: &Record, now: &Record, scope: Scope) {
    let verdicts = Comparison::verdicts(before, now);
    for (cell, was) in run.cells.iter_mut().zip(verdicts) {
        cell.expected = was.as_ref().map_or(cell.expected, |was| was.outcome);
        cell.was = was;
    }
    run.comparison = Some(Comparison::new(before, now, scope));
}

impl From<&Run> for Record {
    fn from(run: &Run) -> Record {
        let several = run.tokens.len() > 1;
        let token = |key: &Key| run.tokens.iter().find(|token| token.id == key.token);
        let keys = run.keys.iter();
        Record {
            origin: Origin {
                started: run.started.clone(),
                cardcheck: env!("CARGO_PKG_VERSION").to_owned(),
                module: format!("{} {}", run.module.description, run.module.version),
                servers: run.servers.clone(),
                redacted: run.redacted,
                complete: run.is_complete(),
            },
            keys: keys
                .map(|key| KeyRecord::new(key, token(key), several))
                .collect(),
            cells: run.cells.iter().map(CellRecord::from).collect(),
            findings: run.findings.iter().map(FindingRecord::from).collect(),
        }
    }
}

impl From<&Cell> for CellRecord {
    fn from(cell: &Cell) -> CellRecord {
        CellRecord {
            key: cell.key.clone(),
            profile: cell.profile.clone(),
            version: cell.version,
            client: cell.client.clone(),
            verdict: Verdict::from(cell),
        }
    }
}

impl From<&Finding> for FindingRecord {
    fn from(finding: &Finding) -> FindingRecord {
        FindingRecord {
            id: finding.id.to_owned(),
            severity: finding.severity.name().to_owned(),
            title: finding.title.clone(),
            cells: finding.cells.clone(),
        }
    }
}
