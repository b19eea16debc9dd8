//! Several runs side by side, and a word past the test harness.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs at the same time.
const AT_ONCE: usize = 3;

/// A few at a time.
pub(crate) fn at_once<T: Sync>(rows: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(row);
                }
            });
        }
    });
}

/// Past the test harness, which would keep it to itself.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
