//! A run held against an earlier one: in a matrix report with a baseline, and in a diff.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::cell::Verdict;
use crate::model::comparison::{Change, Comparison, Direction, SameKey};
use crate::model::record::{FindingRecord, KeyRecord, Origin};

/// What changed between two runs.
#[derive(Serialize, JsonSchema)]
pub(super) struct ComparisonReport {
    before: OriginReport,
    now: OriginReport,
    keys: KeysReport,
    changes: Vec<ChangeReport>,
    findings: FindingsReport,
    counts: Counts,
}

/// When and with what a run was made.
#[derive(Serialize, JsonSchema)]
struct OriginReport {
    started: String,
    /// cardcheck's version.
    cardcheck: String,
    /// The module's description and version.
    module: String,
    /// What the servers ran on.
    servers: String,
    redacted: bool,
    complete: bool,
}

#[derive(Serialize, JsonSchema)]
struct KeysReport {
    same: Vec<SameKeyReport>,
    new: Vec<KeyName>,
    gone: Vec<KeyName>,
}

/// A key that both runs have.
#[derive(Serialize, JsonSchema)]
struct SameKeyReport {
    name: String,
    /// Its id in the earlier report.
    before: String,
    /// Its id in the later one.
    now: String,
    /// What it was known again by.
    #[schemars(extend("enum" = ["public_key", "certificate", "id_and_serial", "place"]))]
    by: &'static str,
    /// Another key lies in its place.
    replaced: bool,
}

#[derive(Serialize, JsonSchema)]
struct KeyName {
    /// `k1`: in the report that has it.
    id: String,
    name: String,
    /// Type and size: `RSA-2048`.
    kind: String,
}

/// A cell that came out differently.
#[derive(Serialize, JsonSchema)]
struct ChangeReport {
    /// Its index in the later report.
    cell: usize,
    /// The key's name.
    key: String,
    profile: String,
    #[schemars(extend("enum" = ["1.2", "1.3"]))]
    tls: &'static str,
    client: String,
    /// `worse`: it passed; `better`: it passes; `otherwise`: neither, and not for the same cause; `other_way`: it passes by
    /// another scheme or route, which is as expected.
    #[schemars(extend("enum" = ["worse", "better", "otherwise", "other_way"]))]
    direction: &'static str,
    was: VerdictReport,
    now: VerdictReport,
}

/// What came of a cell, and how that was told.
#[derive(Serialize, JsonSchema)]
pub(super) struct VerdictReport {
    #[schemars(extend("enum" = ["pass", "fail", "not_applicable", "skipped", "error"]))]
    outcome: &'static str,
    scheme: Option<String>,
    route: Option<String>,
    stage: Option<String>,
    ckr: Option<String>,
    alert: Option<String>,
    lost: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct FindingsReport {
    new: Vec<FindingName>,
    /// Those about what was tried again.
    gone: Vec<FindingName>,
}

#[derive(Serialize, JsonSchema)]
struct FindingName {
    id: String,
    severity: String,
    title: String,
}

#[derive(Serialize, JsonSchema)]
struct Counts {
    /// Cells that both runs tried.
    compared: usize,
    worse: usize,
    better: usize,
    otherwise: usize,
    other_way: usize,
    /// Cells of the later run of which the earlier one says nothing.
    untold: usize,
}

impl From<&Comparison> for ComparisonReport {
    fn from(comparison: &Comparison) -> Self {
        let new_findings = comparison.new_findings.iter();
        ComparisonReport {
            before: OriginReport::from(&comparison.before),
            now: OriginReport::from(&comparison.now),
            keys: KeysReport {
                same: comparison.keys.iter().map(SameKeyReport::from).collect(),
                new: comparison.new_keys.iter().map(KeyName::from).collect(),
                gone: comparison.gone_keys.iter().map(KeyName::from).collect(),
            },
            changes: comparison.changes.iter().map(ChangeReport::from).collect(),
            findings: FindingsReport {
                new: new_findings
                    .map(|(_, one)| FindingName::from(one))
                    .collect(),
                gone: comparison
                    .gone_findings
                    .iter()
                    .map(FindingName::from)
                    .collect(),
            },
            counts: Counts {
                compared: comparison.compared,
                worse: comparison.count(Direction::Worse),
                better: comparison.count(Direction::Better),
                otherwise: comparison.count(Direction::Otherwise),
                other_way: comparison.count(Direction::OtherWay),
                untold: comparison.untold,
            },
        }
    }
}

impl From<&Origin> for OriginReport {
    fn from(origin: &Origin) -> Self {
        OriginReport {
            started: origin.started.clone(),
            cardcheck: origin.cardcheck.clone(),
            module: origin.module.clone(),
            servers: origin.servers.clone(),
            redacted: origin.redacted,
            complete: origin.complete,
        }
    }
}

impl From<&SameKey> for SameKeyReport {
    fn from(key: &SameKey) -> Self {
        SameKeyReport {
            name: key.name.clone(),
            before: key.before.clone(),
            now: key.now.clone(),
            by: key.by.name(),
            replaced: key.replaced,
        }
    }
}

impl From<&KeyRecord> for KeyName {
    fn from(key: &KeyRecord) -> Self {
        KeyName {
            id: key.id.clone(),
            name: key.name.clone(),
            kind: key.kind.clone(),
        }
    }
}

impl From<&Change> for ChangeReport {
    fn from(change: &Change) -> Self {
        ChangeReport {
            cell: change.at,
            key: change.key.clone(),
            profile: change.profile.clone(),
            tls: change.version.name(),
            client: change.client.clone(),
            direction: change.direction.name(),
            was: VerdictReport::from(&change.was),
            now: VerdictReport::from(&change.now),
        }
    }
}

impl From<&Verdict> for VerdictReport {
    fn from(verdict: &Verdict) -> Self {
        VerdictReport {
            outcome: verdict.outcome.name(),
            scheme: verdict.scheme.clone(),
            route: verdict.route.clone(),
            stage: verdict.stage.clone(),
            ckr: verdict.ckr.clone(),
            alert: verdict.alert.clone(),
            lost: verdict.lost.clone(),
        }
    }
}

impl From<&FindingRecord> for FindingName {
    fn from(finding: &FindingRecord) -> Self {
        FindingName {
            id: finding.id.clone(),
            severity: finding.severity.clone(),
            title: finding.title.clone(),
        }
    }
}
