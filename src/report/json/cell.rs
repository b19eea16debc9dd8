//! Cells.

use schemars::JsonSchema;
use serde::Serialize;

use super::comparison::VerdictReport;
use super::rounded;
use crate::model::cell::Cell;
use crate::model::lost::Lost;

/// Key x profile x TLS version x client.
#[derive(Serialize, JsonSchema)]
pub(super) struct CellReport {
    key: String,
    profile: String,
    #[schemars(extend("enum" = ["1.2", "1.3"]))]
    tls: &'static str,
    client: String,
    /// What came of it.
    #[schemars(extend("enum" = ["pass", "fail", "not_applicable", "skipped", "error"]))]
    outcome: &'static str,
    /// What should have.
    #[schemars(extend("enum" = ["pass", "fail", "not_applicable", "skipped", "error"]))]
    expected: &'static str,
    as_expected: bool,
    /// What came of it in the report that was given as the baseline; null: there was none, or it says nothing of this cell.
    was: Option<VerdictReport>,
    scheme: Option<String>,
    /// The mechanism of the route tried last.
    route: Option<String>,
    /// Where it failed.
    #[schemars(extend("enum" = ["select", "sign", "encode", "server_verify", "transport", null]))]
    stage: Option<&'static str>,
    /// The token's answer; where the client's own library stopped before it was asked, that one's code.
    ckr: Option<String>,
    /// How the module was lost over it: it gave no answer in time, or took its process with it.
    #[schemars(extend("enum" = ["no_answer", "crashed", null]))]
    lost: Option<&'static str>,
    alert: Option<String>,
    user_sees: Option<String>,
    reason: Option<String>,
    findings: Vec<String>,
    sign_ms: Option<f64>,
    handshake_ms: Option<f64>,
    /// False: it shares another cell's handshake, or has none.
    measured: bool,
    /// The index of the cell whose handshake it shares.
    same_as: Option<usize>,
}

impl From<&Cell> for CellReport {
    fn from(cell: &Cell) -> Self {
        let route = cell.scheme.zip(cell.route);
        CellReport {
            key: cell.key.clone(),
            profile: cell.profile.clone(),
            tls: cell.version.name(),
            client: cell.client.clone(),
            outcome: cell.outcome.name(),
            expected: cell.expected.name(),
            as_expected: cell.as_expected(),
            was: cell.was.as_ref().map(VerdictReport::from),
            scheme: cell.scheme.map(|scheme| scheme.to_string()),
            route: route.map(|(scheme, route)| route.mechanism(scheme).to_string()),
            stage: cell.stage.map(|stage| stage.name()),
            ckr: cell.ckr.map(|ckr| ckr.to_string()),
            lost: cell.lost.as_ref().map(Lost::name),
            alert: cell.alert.clone(),
            user_sees: cell.user_sees.clone(),
            reason: cell.reason.clone(),
            findings: cell.findings.clone(),
            sign_ms: cell.sign_ms.map(rounded),
            handshake_ms: cell.handshake_ms.map(rounded),
            measured: cell.measured,
            same_as: cell.same_as,
        }
    }
}
