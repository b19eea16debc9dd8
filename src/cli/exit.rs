//! Exit codes: a contract with whoever scripts cardcheck.

use crate::model::run::{Reach, Run};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything as expected.
    AsExpected,
    /// A cell or a finding is not as expected.
    Unexpected,
    /// The command line is wrong.
    Usage,
    /// Module, token, PIN, network or file system.
    Environment,
    /// Nothing to try: no key, or none that any profile is for.
    NothingToTry,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// How a run ends; `incomplete`: not all could be tried, and this is why.
    pub(super) fn of(run: &Run, incomplete: Option<Exit>) -> Exit {
        match (run.reach, incomplete) {
            (Reach::Interrupted, _) => Exit::Interrupted,
            (_, Some(exit)) => exit,
            _ if !run.is_conclusive() => Exit::Environment,
            _ if !run.tried_anything() => Exit::NothingToTry,
            _ if run.is_as_expected() => Exit::AsExpected,
            _ => Exit::Unexpected,
        }
    }

    /// The number that the shell sees.
    pub(super) fn code(self) -> u8 {
        match self {
            Exit::AsExpected => 0,
            Exit::Unexpected => 1,
            Exit::Usage => 2,
            Exit::Environment => 3,
            Exit::NothingToTry => 4,
            Exit::Interrupted => 130,
        }
    }
}

/// The table of codes, for `--help`.
pub(super) const TABLE: &str = "\
Exit codes:
  0    everything as expected
  1    a cell or a finding is not as expected
  2    the command line is wrong
  3    module, token, PIN, network or file system
  4    nothing to try
  130  interrupted";
