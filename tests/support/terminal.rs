//! A run of the program at a terminal of its own.

use std::process::{Command, Stdio};

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use super::Cardcheck;

/// Longer than anything takes on a busy machine.
pub const SECONDS: u64 = 30;

/// Starts the program at a terminal that calls itself so.
pub fn at_terminal(cardcheck: Cardcheck, term: &str) -> PtySession {
    let mut command: Command = cardcheck.into_command();
    command.stdin(Stdio::inherit()).env("TERM", term);
    spawn_command(command, Some(SECONDS * 1000)).unwrap()
}

/// The exit code; a run that a signal ended has none.
pub fn code(terminal: &PtySession) -> Option<i32> {
    match terminal.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => Some(code),
        _ => None,
    }
}
