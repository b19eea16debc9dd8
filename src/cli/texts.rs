//! Commands that only print something about cardcheck itself.

use clap::CommandFactory;

use super::args::{Args, Reported};
use super::error::CliError;
use super::exit::Exit;
use super::output::stdout;
use crate::diagnose;
use crate::model::nearest_name;
use crate::report::{advice, inspect, json};

/// Columns that a text is comfortable to read in.
const EXPLANATION_WIDTH: usize = 80;

/// `cardcheck explain [FINDING]`.
pub(super) fn explain(finding: Option<&str>) -> Result<Exit, CliError> {
    let text = match finding {
        None => {
            let rules = diagnose::RULES.iter();
            let widest = rules.clone().map(|rule| rule.id.len()).max();
            let width = widest.unwrap_or_default();
            rules
                .map(|rule| format!("{:<width$} {}\n", rule.id, rule.title))
                .collect()
        }
        Some(id) => {
            let rule = diagnose::by_id(id).ok_or_else(|| unknown_finding(id))?;
            let explanation = textwrap::fill(rule.explanation, EXPLANATION_WIDTH);
            format!("{}\n{}\n\n{explanation}\n", rule.id, rule.title)
        }
    };
    stdout(&text)?;
    Ok(Exit::AsExpected)
}

fn unknown_finding(id: &str) -> CliError {
    let near = nearest_name(id, diagnose::RULES.iter().map(|rule| rule.id));
    let near = near.map_or(String::new(), |near| format!(", did you mean `{near}`?"));
    CliError::usage(format!("unknown finding `{id}`{near}"))
        .help("`cardcheck explain` lists them all")
}

/// `cardcheck schema [COMMAND]`.
pub(super) fn schema(of: Reported) -> Result<Exit, CliError> {
    stdout(&match of {
        Reported::Matrix => json::schema(),
        Reported::List => json::listing::schema(),
        Reported::Inspect => inspect::json::schema(),
        Reported::Advise => advice::schema(),
    })?;
    Ok(Exit::AsExpected)
}

/// `cardcheck completions SHELL`.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "cardcheck", &mut script);
    stdout(&String::from_utf8_lossy(&script))?;
    Ok(Exit::AsExpected)
}

/// `cardcheck man`.
pub(super) fn man() -> Result<Exit, CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command())
        .render(&mut page)
        .map_err(|error| CliError::environment(error.to_string()))?;
    stdout(&String::from_utf8_lossy(&page))?;
    Ok(Exit::AsExpected)
}
