//! `cardcheck diff BEFORE NOW`.

use super::args::{Diff, PlainFormat};
use super::baseline;
use super::error::CliError;
use super::exit::Exit;
use super::output;
use crate::model::comparison::{Comparison, Scope};
use crate::report::{diff, json};

/// Compares two reports. As with diff(1), the exit code says whether they differ.
pub(super) fn run(wanted: &Diff) -> Result<Exit, CliError> {
    let (before, now) = (
        baseline::read(&wanted.before)?,
        baseline::read(&wanted.now)?,
    );
    if before.origin.redacted != now.origin.redacted {
        return Err(
            CliError::usage("one of the reports is redacted and the other is not").help(
                "names and stand-ins can't be compared: make both with --redact, or both without",
            ),
        );
    }
    let comparison = Comparison::new(&before, &now, Scope::Everything);
    output::stdout(&match wanted.format {
        PlainFormat::Table => diff::render(&comparison, &output::screen(wanted.color)),
        PlainFormat::Json => json::render_diff(&comparison),
    })?;
    match comparison.is_empty() {
        true => Ok(Exit::AsExpected),
        false => Ok(Exit::Unexpected),
    }
}
