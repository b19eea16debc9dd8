//! What two reports differ in, `cardcheck.diff.v1`.

use schemars::JsonSchema;
use serde::Serialize;

use super::comparison::ComparisonReport;
use super::{Tool, as_text, schema_of};
use crate::model::comparison::Comparison;

const SCHEMA: &str = "cardcheck.diff.v1";

/// What `cardcheck diff` found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "cardcheck.diff.v1")]
struct Diff {
    /// `cardcheck.diff.v1`; adding a field is no new version, removing or renaming one is.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    tool: Tool,
    #[serde(flatten)]
    comparison: ComparisonReport,
}

/// The comparison as JSON, indented, with a newline at its end.
pub fn render_diff(comparison: &Comparison) -> String {
    as_text(&Diff {
        schema: SCHEMA,
        tool: Tool::this(),
        comparison: ComparisonReport::from(comparison),
    })
}

/// The JSON Schema of that.
pub fn schema_of_diff() -> String {
    schema_of::<Diff>()
}
