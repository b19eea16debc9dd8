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
            let widest = texts().map(|(id, ..)| id.len()).max();
            let width = widest.unwrap_or_default();
            texts()
                .map(|(id, title, _)| format!("{id:<width$} {title}\n"))
                .collect()
        }
        Some(id) => {
            let known = texts().find(|(known, ..)| *known == id);
            let (id, title, explanation) = known.ok_or_else(|| unknown_finding(id))?;
            let explanation = textwrap::fill(explanation, EXPLANATION_WIDTH);
            format!("{id}\n{title}\n\n{explanation}\n")
        }
    };
    stdout(&text)?;
    Ok(Exit::AsExpected)
}

/// Id, title and long text of every finding: of runs, then of visits.
fn texts() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let of_runs = diagnose::RULES.iter();
    let of_runs = of_runs.map(|rule| (rule.id, rule.title, rule.explanation));
    let of_visits = diagnose::visit::rules();
    of_runs.chain(of_visits.filter_map(|rule| Some((rule.id, rule.title, rule.explanation?))))
}

fn unknown_finding(id: &str) -> CliError {
    let near = nearest_name(id, texts().map(|(id, ..)| id));
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
