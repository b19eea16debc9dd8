//! How a token's host is started, and what it is allowed.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What every host of a run has in common.
#[derive(Clone)]
pub struct Launch {
    /// The program that runs [`serve`](super::serve::serve): cardcheck itself.
    pub program: PathBuf,
    /// Its arguments. They show in the process list.
    pub arguments: Vec<String>,
    /// Variables that the host doesn't get: the one that holds the PIN.
    pub without_variables: Vec<String>,
    /// The module, or a bare name for the system's loader to find.
    pub module: PathBuf,
    /// Where every call is written to.
    pub trace: Option<PathBuf>,
    /// How long one call of the module may take.
    pub timeout: Duration,
    /// Set when the user wants it to end: a call under way gets only a little longer.
    pub cancelled: Arc<AtomicBool>,
    /// What the module prints, and what its token is called, is not to get into what is found.
    pub discreet: bool,
    /// Told of what the user may want to know.
    pub listener: Arc<dyn Fn(Notice<'_>) + Send + Sync>,
}

/// What a host tells while it works.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// A line that the module printed.
    Said(&'a str),
    /// The host was lost, or something else happened that the report will explain.
    Trouble(&'a str),
}

/// How long a person may take to type the PIN at a reader's pad.
const PAD: Duration = Duration::from_secs(120);

/// How long a call under way may go on after the user interrupted.
const AFTER_INTERRUPT: Duration = Duration::from_secs(3);

impl Launch {
    /// The deadline of a call; `typing`: a person types the PIN meanwhile.
    pub(super) fn deadline(&self, typing: bool) -> Duration {
        let limit = if typing {
            self.timeout.max(PAD)
        } else {
            self.timeout
        };
        match self.is_cancelled() {
            true => limit.min(AFTER_INTERRUPT),
            false => limit,
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn trouble(&self, text: &str) {
        (self.listener)(Notice::Trouble(text));
    }
}
