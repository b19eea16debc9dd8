//! Commands that only print something about cardcheck itself.

use clap::CommandFactory;

use super::args::Args;
use super::error::CliError;
use super::exit::Exit;
use super::output::stdout;
use crate::report::json;

/// `cardcheck schema`.
pub(super) fn schema() -> Result<Exit, CliError> {
    stdout(&json::schema())?;
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
