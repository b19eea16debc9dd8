//! Protocols of text lines, as steps: what is said, and with which words a line must begin.

use super::super::socket::{ReadUntil, Unsatisfied};
use super::{StarttlsError, refused, send, silent};
use crate::tls::wire::Wire;

/// Bytes of a line, and lines of an answer.
const LINE: usize = 4096;
const LINES: usize = 200;

/// A step towards TLS.
#[derive(Debug)]
pub(super) enum Step {
    /// We say this.
    Say(&'static str),
    /// The server says a line that begins so; other lines are passed over, such as the first ones of a long answer.
    Hear {
        expected: &'static str,
        wanted: &'static [&'static str],
        refused: &'static [&'static str],
    },
    /// The same, but any word of the line counts: IRC puts the server's name in front.
    HearWord {
        expected: &'static str,
        wanted: &'static [&'static str],
        refused: &'static [&'static str],
    },
}

pub(super) const fn say(words: &'static str) -> Step {
    Step::Say(words)
}

pub(super) const fn hear(
    expected: &'static str,
    wanted: &'static [&'static str],
    refused: &'static [&'static str],
) -> Step {
    Step::Hear {
        expected,
        wanted,
        refused,
    }
}

/// Takes the steps.
pub(super) fn talk(
    protocol: &'static str,
    steps: &[Step],
    socket: &mut dyn Wire,
) -> Result<(), StarttlsError> {
    for step in steps {
        let (expected, judge): (_, &dyn Fn(&str) -> Verdict) = match step {
            Step::Say(words) => {
                send(socket, words.as_bytes());
                continue;
            }
            Step::Hear {
                expected,
                wanted,
                refused,
            } => (*expected, &|line| begins(line, wanted, refused)),
            Step::HearWord {
                expected,
                wanted,
                refused,
            } => (*expected, &|line| has_word(line, wanted, refused)),
        };
        answer(protocol, expected, judge, socket)?;
    }
    Ok(())
}

/// What a line means.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Wanted,
    Refused,
    PassedOver,
}

fn answer(
    protocol: &'static str,
    expected: &'static str,
    judge: &dyn Fn(&str) -> Verdict,
    socket: &mut dyn Wire,
) -> Result<(), StarttlsError> {
    let mut last = Vec::new();
    for _ in 0..LINES {
        let line = socket.read_until(LINE, |heard| heard.ends_with(b"\n"));
        let line = line
            .map_err(|unsatisfied| silent(protocol, expected, &with(last.clone(), unsatisfied)))?;
        match judge(&String::from_utf8_lossy(&line)) {
            Verdict::Wanted => return Ok(()),
            Verdict::Refused => return Err(refused(protocol, &line)),
            Verdict::PassedOver => last = line,
        }
    }
    Err(refused(protocol, &last))
}

/// The line before says more than nothing does.
fn with(last: Vec<u8>, unsatisfied: Unsatisfied) -> Unsatisfied {
    match unsatisfied.heard.is_empty() {
        true => Unsatisfied {
            heard: last,
            ..unsatisfied
        },
        false => unsatisfied,
    }
}

fn begins(line: &str, wanted: &[&str], refused: &[&str]) -> Verdict {
    verdict(|prefix| line.starts_with(prefix), wanted, refused)
}

fn has_word(line: &str, wanted: &[&str], refused: &[&str]) -> Verdict {
    // the text after the colon is for people
    let words = || line.split_whitespace().take(2);
    verdict(|word| words().any(|said| said == word), wanted, refused)
}

fn verdict(says: impl Fn(&str) -> bool, wanted: &[&str], refused: &[&str]) -> Verdict {
    if wanted.iter().any(|word| says(word)) {
        return Verdict::Wanted;
    }
    match refused.iter().any(|word| says(word)) {
        true => Verdict::Refused,
        false => Verdict::PassedOver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_of_a_long_answer_are_passed_over() {
        let greeting = |line| begins(line, &["220 "], &["4", "5"]);
        assert_eq!(greeting("220-mail.example\r\n"), Verdict::PassedOver);
        assert_eq!(greeting("220 ready\r\n"), Verdict::Wanted);
        assert_eq!(greeting("554 no\r\n"), Verdict::Refused);
    }

    #[test]
    fn irc_s_number_is_the_second_word() {
        let answer = |line| has_word(line, &["670"], &["691", "ERROR"]);
        assert_eq!(
            answer(":irc.example 670 * :STARTTLS successful\r\n"),
            Verdict::Wanted
        );
        assert_eq!(
            answer(":irc.example NOTICE * :670\r\n"),
            Verdict::PassedOver
        );
        assert_eq!(answer("ERROR :bye\r\n"), Verdict::Refused);
    }
}
