//! Commands that only print something about cardcheck itself.

use super::args::Reported;
use super::error::CliError;
use super::examples;
use super::exit::Exit;
use super::output::stdout;
use super::speak;
use crate::diagnose;
use crate::report::{advice, inspect, json};
use crate::serve;

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

/// Id, title and long text of every finding: of runs, then of servers, of logins there, of visits.
fn texts() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let of_runs = diagnose::RULES.iter();
    let of_runs = of_runs.map(|rule| (rule.id, rule.title, rule.explanation));
    let of_servers = diagnose::server::RULES.iter();
    let of_servers = of_servers.map(|rule| (rule.id, rule.title, rule.explanation));
    let of_logins = diagnose::connect::RULES.iter();
    let of_logins = of_logins.map(|rule| (rule.id, rule.title, rule.explanation));
    let of_visits = diagnose::visit::rules();
    of_runs
        .chain(of_servers)
        .chain(of_logins)
        .chain(of_visits.filter_map(|rule| Some((rule.id, rule.title, rule.explanation?))))
}

fn unknown_finding(id: &str) -> CliError {
    CliError::unknown("finding", id, texts().map(|(id, ..)| id))
        .help("`cardcheck explain` lists them all")
}

/// `cardcheck schema [COMMAND]`.
pub(super) fn schema(of: Reported) -> Result<Exit, CliError> {
    stdout(&match of {
        Reported::Matrix => json::schema(),
        Reported::Diff => json::schema_of_diff(),
        Reported::List => json::listing::schema(),
        Reported::Probe => json::probe::schema(),
        Reported::Connect => json::connected::schema(),
        Reported::Serve => serve::schema(),
        Reported::Inspect => inspect::json::schema(),
        Reported::Advise => advice::schema(),
    })?;
    Ok(Exit::AsExpected)
}

/// `cardcheck completions SHELL`.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    let mut command = visible(examples::command());
    clap_complete::generate(shell, &mut command, "cardcheck", &mut script);
    stdout(&String::from_utf8_lossy(&script))?;
    Ok(Exit::AsExpected)
}

/// What is cardcheck's own is offered to nobody; a completion script would list it all the same.
fn visible(command: clap::Command) -> clap::Command {
    let offered = command
        .get_subcommands()
        .filter(|known| !known.is_hide_set());
    let offered: Vec<clap::Command> = offered.cloned().collect();
    clap::Command::new("cardcheck")
        .args(command.get_arguments().cloned())
        .version(env!("CARGO_PKG_VERSION"))
        .subcommands(offered)
}

/// `cardcheck man [COMMAND]`.
pub(super) fn man(of: Option<&str>) -> Result<Exit, CliError> {
    let mut whole = examples::command();
    // gives each command its full name
    whole.build();
    let command = match of {
        None => whole,
        Some(name) => whole
            .find_subcommand(name)
            .filter(|known| !known.is_hide_set())
            .cloned()
            .ok_or_else(|| unknown_command(&whole, name))?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| CliError::environment(error.to_string()))?;
    stdout(&String::from_utf8_lossy(&page))?;
    Ok(Exit::AsExpected)
}

fn unknown_command(whole: &clap::Command, name: &str) -> CliError {
    let known = whole.get_subcommands().filter(|known| !known.is_hide_set());
    let names: Vec<&str> = known.map(clap::Command::get_name).collect();
    CliError::unknown("command", name, names.iter().copied())
        .help(format!("there is a page of {}", names.join(", ")))
}

/// `cardcheck` alone: what to do first. Nothing was done, so that is no success.
pub(super) fn first_steps() -> Exit {
    speak::say(FIRST_STEPS);
    Exit::Usage
}

const FIRST_STEPS: &str = "\
Put a card in and run `cardcheck matrix`: it tries every key on it against many servers, and says what works and what to change.
No card at hand? `scripts/demo` of the source makes some. At a desk with many cards: `cardcheck watch`.
All commands: `cardcheck --help`";
