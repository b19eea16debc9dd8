//! The card's control socket: a command per line, a line in answer.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

use crate::piv::{Card, Fault};

/// # Errors
/// The socket can't be made.
pub(crate) fn listen(socket: &Path, card: &Card) -> io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    let card = card.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // a person who went away needs no answer
            let _ = converse(stream, &card);
        }
    });
    Ok(())
}

fn converse(stream: UnixStream, card: &Card) -> io::Result<()> {
    let mut answers = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let answer = obey(&line?, card).unwrap_or_else(|why| format!("error: {why}"));
        writeln!(answers, "{answer}")?;
    }
    Ok(())
}

fn obey(line: &str, card: &Card) -> Result<String, String> {
    let (command, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    match command {
        "pull" => card.pull(),
        "insert" => card.insert(),
        "heal" => card.heal(),
        "tries" => card.set_tries_left(rest.parse().map_err(|_| "tries wants a number")?),
        "fault" => card.fault(rest.parse::<Fault>()?),
        "stats" => return Ok(card.stats().to_string()),
        other => return Err(format!("no command `{other}`")),
    }
    Ok("ok".into())
}
