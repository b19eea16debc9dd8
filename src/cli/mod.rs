//! The top floor: the only code that prints, prompts and exits.
//!
//! It introduces the token to the TLS stack, watches the run for the person at the terminal, and turns what was found into
//! a report and an exit code.
#![forbid(unsafe_code)]

mod advise;
mod args;
mod check;
mod counter;
mod desk;
mod error;
mod exit;
mod host;
mod inspect;
mod interrupt;
mod list;
mod matrix;
mod names;
mod output;
mod pin;
mod progress;
mod saving;
mod servers;
mod speak;
mod survey;
mod texts;
mod tokens;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// Runs the program: arguments in, exit code out.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match args.command {
        Command::Matrix(options) => matrix::run(&options),
        Command::List(options) => list::run(&options),
        Command::Watch(options) => watch::run(&options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Advise(options) => advise::run(&options),
        Command::Explain { finding } => texts::explain(finding.as_deref()),
        Command::Schema { of } => texts::schema(of),
        Command::Completions { shell } => texts::completions(shell),
        Command::Man => texts::man(),
        Command::TokenHost => host::run(),
    };
    let exit = ended.unwrap_or_else(|error| speak::failure(&error));
    ExitCode::from(exit.code())
}
