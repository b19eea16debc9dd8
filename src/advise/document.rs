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
    if text.first().is_some_and(|first| *first != b'{') {
        return Found::Broken("not a JSON object, as each report is one".into());
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
