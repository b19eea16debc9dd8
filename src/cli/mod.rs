//! The top floor: the only code that prints, prompts and exits.
//!
//! It introduces the token to the TLS stack, watches the run for the person at the terminal, and turns what was found into
//! a report and an exit code.
#![forbid(unsafe_code)]

mod advise;
mod args;
mod baseline;
mod certificates;
mod check;
mod connect;
mod counter;
mod desk;
mod diff;
mod error;
mod examples;
mod exit;
mod host;
mod inspect;
mod interrupt;
mod list;
mod matrix;
mod names;
mod output;
mod pin;
mod probe;
mod progress;
mod saving;
mod serve;
mod servers;
mod speak;
mod survey;
mod texts;
mod there;
mod tokens;
mod watch;
mod way;

use std::process::ExitCode;

use clap::FromArgMatches;

use args::{Args, Command};

/// Runs the program: arguments in, exit code out.
pub fn main() -> ExitCode {
    speak::plainly_on_a_dumb_terminal();
    if std::env::args_os().len() < 2 {
        return ExitCode::from(texts::first_steps().code());
    }
    let matches = examples::command().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let ended = match args.command {
        Command::Matrix(options) => matrix::run(&options),
        Command::List(options) => list::run(&options),
        Command::Watch(options) => watch::run(&options),
        Command::Probe(options) => probe::run(&options),
        Command::Connect(options) => connect::run(&options),
        Command::Inspect(options) => inspect::run(&options),
        Command::Diff(options) => diff::run(&options),
        Command::Advise(options) => advise::run(&options),
        Command::Serve(options) => serve::run(&options),
        Command::Explain { finding } => texts::explain(finding.as_deref()),
        Command::Schema { of } => texts::schema(of),
        Command::Completions { shell } => texts::completions(shell),
        Command::Man { command } => texts::man(command.as_deref()),
        Command::TokenHost => host::run(),
    };
    let exit = ended.unwrap_or_else(|error| speak::failure(&error));
    ExitCode::from(exit.code())
}
