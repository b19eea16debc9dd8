//! Progress on stderr, on a terminal only: what a slow card is doing, and how much is left.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::style::printable;

/// A bar that counts signatures, or nothing.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar if stderr is a terminal and the user didn't ask for quiet.
    pub(super) fn new(quiet: bool) -> Progress {
        let bar = ProgressBar::new(0);
        let visible = !quiet && std::io::stderr().is_terminal();
        bar.set_draw_target(if visible {
            ProgressDrawTarget::stderr_with_hz(8)
        } else {
            ProgressDrawTarget::hidden()
        });
        let style = ProgressStyle::with_template("{wide_msg} {pos}/{len} {bar:20} {eta:>4}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress(bar)
    }

    /// More steps are to come.
    pub(super) fn expect(&self, steps: usize) {
        self.0.inc_length(steps as u64);
    }

    /// What is being done now.
    pub(super) fn now(&self, what: &str) {
        self.0.set_message(printable(what));
    }

    /// Steps are done.
    pub(super) fn done(&self, steps: usize) {
        self.0.inc(steps as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
