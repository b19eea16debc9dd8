//! Reports one after the other, from a file or a pipe: one at a time in memory, whatever stands between them.

use std::io::{self, Read};

use serde::de::IgnoredAny;

use super::report::{Head, Report};

/// More bytes than that are no report: one of twelve keys, twenty servers and eleven clients has some three million.
const MOST: usize = 64 << 20;
/// Bytes read at first; twice as many where a report has more.
const AT_FIRST: usize = 128 << 10;

/// Begins a report wherever a line begins with it: inside a report the lines are indented, or there are none.
const BEGINS: &[u8] = b"\n{";

/// What stood at the head of the text.
enum Found<'a> {
    Report(Box<Report<'a>>, usize),
    /// Whole, but not for us.
    Other(String, usize),
    Broken(String),
    /// It goes on.
    Unfinished(String),
}

/// Takes each report of the input, or why it can't be read. The buffer is the caller's to use again.
///
/// # Errors
/// The input itself can't be read.
pub(super) fn each(
    mut input: impl Read,
    buffer: &mut Vec<u8>,
    mut take: impl FnMut(Result<&Report<'_>, String>),
) -> io::Result<()> {
    buffer.clear();
    let mut from = 0;
    let mut ended = false;
    loop {
        from += blank(rest(buffer, from));
        let left = rest(buffer, from).len();
        if left == 0 && ended {
            return Ok(());
        }
        let broken = match (left, find(rest(buffer, from))) {
            (1.., Found::Report(report, length)) => {
                take(report.check().map(|()| &*report));
                from += length;
                continue;
            }
            (1.., Found::Other(why, length)) => {
                take(Err(why));
                from += length;
                continue;
            }
            (1.., Found::Broken(why)) => why,
            (1.., Found::Unfinished(why)) if ended => why,
            (MOST.., _) => format!("longer than {} MB", MOST >> 20),
            _ => {
                ended = read_more(&mut input, buffer, &mut from)?;
                continue;
            }
        };
        take(Err(broken));
        ended = pass_over(&mut input, buffer, &mut from, ended)?;
    }
}

fn rest(buffer: &[u8], from: usize) -> &[u8] {
    buffer.get(from..).unwrap_or_default()
}

/// White space, and the mark that some editors put before UTF-8.
fn blank(text: &[u8]) -> usize {
    let mark = if text.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let after = rest(text, mark).iter();
    mark + after.take_while(|byte| byte.is_ascii_whitespace()).count()
}

fn find(text: &[u8]) -> Found<'_> {
    match text.first() {
        Some(b'{') => {}
        Some(b'[') => return Found::Broken("a JSON list; `jq -c '.[]'` takes it apart".into()),
        _ => return Found::Broken("not a JSON object, which each report is".into()),
    }
    let mut stream = serde_json::Deserializer::from_slice(text).into_iter();
    let error = match stream.next() {
        Some(Ok(report)) => return Found::Report(report, stream.byte_offset()),
        Some(Err(error)) => error,
        None => return Found::Unfinished("it is empty".into()),
    };
    match head(text) {
        Ok((Err(why), length)) => Found::Other(why, length),
        Ok((Ok(()), length)) => Found::Other(format!("broken: {error}"), length),
        Err(unread) if unread.is_eof() => {
            Found::Unfinished(format!("it ends in the middle: {unread}"))
        }
        Err(_) => Found::Broken(format!("broken: {error}")),
    }
}

/// What a report that can't be read whole says of itself, and how long it is, if it is JSON at all.
fn head(text: &[u8]) -> serde_json::Result<(Result<(), String>, usize)> {
    let mut whole = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    whole.next().transpose()?;
    let length = whole.byte_offset();
    let head: Head<'_> = serde_json::from_slice(text.get(..length).unwrap_or_default())?;
    Ok((head.check(), length))
}

/// True: that was the last.
fn read_more(input: &mut impl Read, buffer: &mut Vec<u8>, from: &mut usize) -> io::Result<bool> {
    buffer.drain(..*from);
    *from = 0;
    let wanted = buffer.len().max(AT_FIRST);
    let got = input.take(wanted as u64).read_to_end(buffer)?;
    Ok(got < wanted)
}

/// To the next line that begins a report.
fn pass_over(
    input: &mut impl Read,
    buffer: &mut Vec<u8>,
    from: &mut usize,
    mut ended: bool,
) -> io::Result<bool> {
    loop {
        let text = rest(buffer, *from);
        if let Some(at) = memchr::memmem::find(text, BEGINS) {
            *from += at + 1;
            return Ok(ended);
        }
        // the last byte may be the first half
        *from += text.len().saturating_sub(1);
        if ended {
            *from = buffer.len();
            return Ok(true);
        }
        ended = read_more(input, buffer, from)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives a few bytes at a time, as a pipe may.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let some = self.1.min(into.len());
            let mut head = self.0.get(..some).unwrap_or(self.0);
            let got = head.read(into)?;
            self.0 = &self.0[got..];
            Ok(got)
        }
    }

    /// When each report was made, or why it can't be read.
    fn read(text: &[u8], at_once: usize) -> Vec<Result<String, String>> {
        let mut found = Vec::new();
        let take = |report: Result<&Report<'_>, String>| {
            found.push(report.map(|report| report.started.get().to_owned()));
        };
        each(Slow(text, at_once), &mut Vec::new(), take).unwrap();
        found
    }

    fn report(number: usize) -> String {
        // long enough that several reads are needed
        let more = "x".repeat(AT_FIRST / 3);
        format!(r#"{{"schema": "cardcheck.matrix.v1", "started": "{number}", "more": "{more}"}}"#)
    }

    #[test]
    fn a_broken_report_ends_where_a_line_begins_another() {
        let cut = r#"{"schema": "cardcheck.matrix.v1", "cells": [{"#;
        let text = format!(
            "\u{feff}{}\n{cut}\n{}{}\n\n",
            report(1),
            report(2),
            report(3)
        );
        let found = read(text.as_bytes(), 7000);
        let started: Vec<&str> = found.iter().flatten().map(String::as_str).collect();
        assert_eq!((found.len(), started), (4, vec!["1", "2", "3"]));
        assert!(found[1].as_ref().unwrap_err().starts_with("broken: "));
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let endless = io::repeat(b'[').take(3 * MOST as u64);
        let text = br#"{"a": "#.as_slice().chain(endless);
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        each(text, &mut buffer, |report| found.push(report.map(|_| ()))).unwrap();
        assert_eq!(found.len(), 1);
        // serde_json looks no deeper than 128
        assert!(buffer.capacity() <= 4 * MOST);
    }

    proptest! {
        #[test]
        fn every_whole_report_is_found_among_lines_of_anything(
            lines in prop::collection::vec("[^{\\n]{0,20}", 0..6), at_once in 1usize..100_000,
        ) {
            let mut text = String::new();
            for (number, line) in lines.iter().enumerate() {
                text.push_str(&format!("{line}\n{}\n", report(number)));
            }
            let found = read(text.as_bytes(), at_once.max(1000));
            let started: Vec<_> = found.into_iter().flatten().collect();
            let wanted: Vec<_> = (0..lines.len()).map(|number| number.to_string()).collect();
            prop_assert_eq!(started, wanted);
        }

        #[test]
        fn no_bytes_make_it_fail(text in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&text, 10);
        }
    }
}
