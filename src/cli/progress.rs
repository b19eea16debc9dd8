//! Progress on stderr, on a terminal only: what a slow card is doing, and how much is left.

use std::io::IsTerminal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{args, speak};
use crate::report::style::printable;

/// A bar that counts signatures, or nothing.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    /// Steps are lines, too.
    verbose: bool,
    /// Each warning that was given, and how often.
    warnings: Mutex<Vec<(String, usize)>>,
}

impl Progress {
    /// A bar if stderr is a terminal and the user didn't ask for quiet.
    pub(super) fn new(quiet: bool) -> Progress {
        let bar = ProgressBar::new(0);
        bar.set_draw_target(target(quiet));
        let style = ProgressStyle::with_template("{wide_msg} {pos}/{len} {bar:20} {eta:>4}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress {
            bar,
            quiet,
            verbose: false,
            warnings: Mutex::default(),
        }
    }

    /// Every step as a line of its own, if the user asked for that.
    pub(super) fn with_details(mut self, wanted: args::Detail) -> Progress {
        self.verbose = wanted.verbose;
        self
    }

    /// Begins anew, for another card.
    pub(super) fn begin(&self) {
        self.bar.reset();
        self.bar.set_length(0);
        self.bar.set_message("");
        self.known_warnings().clear();
    }

    /// Plain prose, above the bar; nothing if the user asked for quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.bar.suspend(|| speak::say(&printable(text)));
        }
    }

    /// Something that the user should know, above the bar.
    pub(super) fn warn(&self, text: &str) {
        self.bar.suspend(|| speak::warning(text));
        let mut warnings = self.known_warnings();
        match warnings.iter_mut().find(|(known, _)| known == text) {
            Some((_, times)) => *times += 1,
            None => warnings.push((text.to_owned(), 1)),
        }
    }

    /// The warnings that were given, for the report.
    pub(super) fn warnings(&self) -> Vec<String> {
        let warnings = self.known_warnings();
        let told = |(text, times): &(String, usize)| match times {
            1 => text.clone(),
            times => format!("{text} ({times} times)"),
        };
        warnings.iter().map(told).collect()
    }

    fn known_warnings(&self) -> MutexGuard<'_, Vec<(String, usize)>> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// More steps are to come.
    pub(super) fn expect(&self, steps: usize) {
        self.bar.inc_length(steps as u64);
    }

    /// What is being done now.
    pub(super) fn now(&self, what: &str) {
        if self.verbose {
            self.say(what);
        }
        self.bar.set_message(printable(what));
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Steps are done.
    pub(super) fn done(&self, steps: usize) {
        self.bar.inc(steps as u64);
    }
}

/// stderr if it is a terminal that can do it and the user didn't ask for quiet.
pub(super) fn target(quiet: bool) -> ProgressDrawTarget {
    let visible = !quiet && !speak::on_a_dumb_terminal() && std::io::stderr().is_terminal();
    match visible {
        true => ProgressDrawTarget::stderr_with_hz(8),
        false => ProgressDrawTarget::hidden(),
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
