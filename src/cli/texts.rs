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
            let widest = texts().map(|text| text.id.len()).max();
            let width = widest.unwrap_or_default();
            texts()
                .map(|text| format!("{:<width$} {}\n", text.id, text.title))
                .collect()
        }
        Some(id) => {
            let text = texts().find(|text| text.id == id);
            let text = text.ok_or_else(|| unknown_finding(id))?;
            let explanation = textwrap::fill(text.explanation, EXPLANATION_WIDTH);
            format!("{}\n{}\n\n{explanation}\n", text.id, text.title)
        }
    };
    stdout(&text)?;
    Ok(Exit::AsExpected)
}

/// What there is to say of a finding.
struct Text {
    id: &'static str,
    title: &'static str,
    explanation: &'static str,
}

/// Of those about keys and those about servers.
fn texts() -> impl Iterator<Item = Text> {
    let of_keys = diagnose::RULES.iter().map(|rule| Text {
        id: rule.id,
        title: rule.title,
        explanation: rule.explanation,
    });
    let of_servers = diagnose::server::RULES.iter().map(|rule| Text {
        id: rule.id,
        title: rule.title,
        explanation: rule.explanation,
    });
    of_keys.chain(of_servers)
}

fn unknown_finding(id: &str) -> CliError {
    let near = nearest_name(id, texts().map(|text| text.id));
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
        Reported::Probe => json::probe::schema(),
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
