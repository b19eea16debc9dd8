//! What is done of something that nobody knows the length of: a number on stderr, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::progress;

/// A number that grows, or nothing.
pub(super) struct Counter(ProgressBar);

impl Counter {
    /// `noun`: what is counted.
    pub(super) fn new(quiet: bool, noun: &'static str) -> Counter {
        let bar = ProgressBar::no_length();
        bar.set_draw_target(progress::target(quiet));
        let style = ProgressStyle::with_template("{spinner} {human_pos} {msg}, {per_sec}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(noun);
        bar.enable_steady_tick(Duration::from_millis(200));
        Counter(bar)
    }

    /// So many are done.
    pub(super) fn at(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Takes it away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
