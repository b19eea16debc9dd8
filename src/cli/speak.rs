//! How the program speaks on stderr: prose, errors and their help. Never a panic because nobody listens.

use std::io::{BufRead, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use super::error::CliError;
use super::exit::Exit;
use crate::report::style::printable;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// An error that ends the program, and the exit code that goes with it.
pub(super) fn failure(error: &CliError) -> Exit {
    labelled(ERROR, "error", &error.message);
    if let Some(help) = &error.help {
        labelled(HELP, "help", help);
    }
    error.exit
}

/// Something that the user should know and that doesn't end the program.
pub(super) fn warning(text: &str) {
    labelled(WARNING, "warning", text);
}

/// Plain prose.
pub(super) fn say(text: &str) {
    line(text);
}

/// Asks a yes-or-no question at the terminal; `None`: there is none to ask at. Whatever is not a clear yes is a no.
pub(super) fn confirm(question: &str) -> Option<bool> {
    let (stdin, mut stderr) = (std::io::stdin(), anstream::stderr());
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let asked = write!(stderr, "{} [y/N] ", printable(question)).and_then(|()| stderr.flush());
    let mut answer = String::new();
    let answered = asked.and_then(|()| stdin.lock().read_line(&mut answer));
    let yes = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
    Some(answered.is_ok() && yes)
}

/// No colours on stderr where the terminal can't show them, whatever else (a CI's variables) speaks for them.
pub(super) fn plainly_on_a_dumb_terminal() {
    if on_a_dumb_terminal() {
        anstream::ColorChoice::Never.write_global();
    }
}

/// A terminal that says of itself that it can only print lines.
pub(super) fn on_a_dumb_terminal() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn labelled(style: Style, label: &str, text: &str) {
    // labels come from tokens; a text's own lines stay lines
    let lines: Vec<String> = text.lines().map(printable).collect();
    line(&format!("{style}{label}:{style:#} {}", lines.join("\n")));
}

fn line(text: &str) {
    // if stderr is closed there is nobody left to tell
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
