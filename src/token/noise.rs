//! What a module prints: passed on line by line, and its last words kept for when it crashes.
#![forbid(unsafe_code)]

use std::io::{BufRead, BufReader, Read};
use std::process::ChildStderr;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::launch::Notice;

/// Bytes of a line that are kept; a module that prints no newline is cut here.
const LONGEST_LINE: u64 = 500;

/// Lines that are passed on. All are read, or the module would stand still.
const MOST_LINES: usize = 200;

/// How long the last words may take to arrive after their process ended.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// The output of one host.
pub(super) struct Noise {
    last: Arc<Mutex<Option<String>>>,
    over: Receiver<()>,
}

type Listener = Arc<dyn Fn(Notice<'_>) + Send + Sync>;

impl Noise {
    /// Reads the host's stderr from now on.
    pub(super) fn of(stderr: ChildStderr, listener: Listener) -> Noise {
        let last = Arc::new(Mutex::new(None));
        let (sender, over) = mpsc::channel();
        let kept = Arc::clone(&last);
        std::thread::spawn(move || {
            pass_on(stderr, &kept, &listener);
            // whoever wanted to know may be gone
            let _ = sender.send(());
        });
        Noise { last, over }
    }

    /// The last line that was printed. To be asked when the process has ended.
    pub(super) fn last_words(&self) -> Option<String> {
        // a process that the module left behind may hold its stderr open: not waited for
        let _ = self.over.recv_timeout(LAST_WORDS);
        lock(&self.last).clone()
    }
}

fn pass_on(stderr: impl Read, last: &Mutex<Option<String>>, listener: &Listener) {
    let mut reader = BufReader::new(stderr);
    let mut lines = 0;
    loop {
        let mut line = Vec::new();
        match reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if text.is_empty() {
            continue;
        }
        lines += 1;
        match lines {
            ..=MOST_LINES => listener(Notice::Said(&text)),
            lines if lines == MOST_LINES + 1 => listener(Notice::Said("[more, not shown]")),
            _ => {}
        }
        *lock(last) = Some(text);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(printed: &[u8]) -> (Vec<String>, Option<String>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (last, ears) = (Mutex::new(None), Arc::clone(&heard));
        let listener: Listener = Arc::new(move |notice| {
            if let Notice::Said(line) = notice {
                lock(&ears).push(line.to_owned());
            }
        });
        pass_on(printed, &last, &listener);
        let heard = lock(&heard).clone();
        (heard, last.into_inner().unwrap())
    }

    #[test]
    fn lines_are_passed_on_and_the_last_one_is_kept() {
        let (lines, last) = heard(b"one\n\n two \nthree");
        assert_eq!(lines, ["one", "two", "three"]);
        assert_eq!(last.as_deref(), Some("three"));
    }

    #[test]
    fn a_flood_is_read_and_not_passed_on() {
        let flood = b"noise\n".repeat(100_000);
        assert_eq!(heard(&flood).0.len(), MOST_LINES + 1);
        assert_eq!(heard(&[b'x'; 1200]).0.len(), 3);
    }
}
