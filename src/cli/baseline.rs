//! `--baseline`: an earlier run's report, which says what is expected of this one.

use std::io::Read;
use std::path::Path;

use super::args::Matrix;
use super::error::CliError;
use super::tokens::OpenToken;
use crate::model::comparison::Scope;
use crate::model::record::{Marks, Record};
use crate::model::recording;
use crate::model::run::Run;
use crate::report::json::{self, Unreadable};

/// What an earlier run found.
pub(super) struct Baseline {
    record: Record,
    scope: Scope,
    /// What this run's keys are known by in a redacted report, with their ids.
    redacted: Vec<(String, Marks)>,
}

impl Baseline {
    /// Reads the file that was named, if one was.
    ///
    /// # Errors
    /// It is no report, or names would get from it into a report that is to be without.
    pub(super) fn of(wanted: &Matrix) -> Result<Option<Baseline>, CliError> {
        let Some(path) = &wanted.baseline else {
            return Ok(None);
        };
        let record = read(path)?;
        if wanted.output.privacy.redact && !record.origin.redacted {
            return Err(CliError::usage(format!(
                "{} holds names, which --redact is to leave out",
                path.display()
            ))
            .help("make a baseline without names: cardcheck matrix --redact --export-json FILE"));
        }
        Ok(Some(Baseline {
            record,
            scope: scope(wanted),
            redacted: Vec::new(),
        }))
    }

    /// Takes down what is needed of the tokens before their names are replaced, or their hosts ended.
    pub(super) fn look_at(&mut self, open: &[OpenToken]) {
        self.redacted = open.iter().flat_map(OpenToken::redacted_marks).collect();
    }

    /// Has the cells expect what came of them then, and says what changed.
    pub(super) fn hold_against(&self, found: &mut Run) {
        let mut now = Record::from(&*found);
        if self.record.origin.redacted {
            for key in &mut now.keys {
                let own = self.redacted.iter().find(|(id, _)| *id == key.id);
                key.marks = own.map(|(_, marks)| marks.clone()).unwrap_or_default();
            }
        }
        recording::hold_against(found, &self.record, &now, self.scope);
    }
}

/// Keys that were not asked for are not gone.
fn scope(wanted: &Matrix) -> Scope {
    let token = &wanted.token;
    match (
        token.key.is_empty(),
        token.token.is_some() || token.slot.is_some(),
    ) {
        (false, _) => Scope::NamedKeys,
        (true, true) => Scope::NamedTokens,
        (true, false) => Scope::Everything,
    }
}

/// Reads a JSON report; `-` is stdin.
///
/// # Errors
/// The file can't be read, or is no matrix report.
pub(super) fn read(path: &Path) -> Result<Record, CliError> {
    let shown = path.display();
    let text = text_of(path).map_err(|error| {
        CliError::environment(format!("can't read {shown}: {error}")).help(
            "name a report that `cardcheck matrix --export-json FILE` or `watch --save` wrote",
        )
    })?;
    json::read(&text).map_err(|error| {
        let help = match error {
            Unreadable::Newer { .. } => "update this cardcheck, or make the report anew with it",
            Unreadable::OtherReport(_) | Unreadable::NoReport | Unreadable::Broken(_) => {
                "a JSON report is wanted, as `cardcheck matrix --export-json FILE` writes it"
            }
        };
        CliError::usage(format!("{shown}: {error}")).help(help)
    })
}

fn text_of(path: &Path) -> std::io::Result<String> {
    if path != Path::new("-") {
        return std::fs::read_to_string(path);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}
