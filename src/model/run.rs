//! A whole run: everything that a report is made from.

use super::cell::{Cell, Outcome};
use super::comparison::Comparison;
use super::finding::{Finding, Severity};
use super::key::Key;
use super::profile::Profile;
use super::scheme::Scheme;
use super::token::{Module, Token};
use super::version::TlsVersion;

/// How much of what was planned came to its turn. What did not is `skipped`, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    Whole,
    /// The user wanted it to end.
    Interrupted,
    /// A token was given up, and the rest of it left.
    GivenUp,
}

/// A matrix run, complete or cut short.
#[derive(Clone, Debug)]
pub struct Run {
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// Milliseconds that it took.
    pub duration_ms: u64,
    /// How far it came.
    pub reach: Reach,
    /// The module.
    pub module: Module,
    /// The tokens.
    pub tokens: Vec<Token>,
    /// Their keys.
    pub keys: Vec<Key>,
    /// The profiles.
    pub profiles: Vec<Profile>,
    /// The clients' names, in the order of the table.
    pub clients: Vec<ClientFacts>,
    /// What the servers ran on: `rustls`, or a real server's version.
    pub servers: String,
    /// The cells: by key, then profile, version, client.
    pub cells: Vec<Cell>,
    /// What it means.
    pub findings: Vec<Finding>,
    /// Signatures that the tokens were asked for: capability trials and handshakes.
    pub signatures: usize,
    /// Lists that the harness' own server could not put on the wire whole.
    pub short_lists: Vec<ShortList>,
    /// What else the harness could not do, in sentences.
    pub notes: Vec<String>,
    /// Names and serial numbers are replaced by stand-ins.
    pub redacted: bool,
    /// The run held against an earlier one.
    pub comparison: Option<Comparison>,
}

/// A profile's list, and what of it was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortList {
    /// The profile's name.
    pub profile: String,
    /// The version.
    pub version: TlsVersion,
    /// The schemes that were left out.
    pub schemes: Vec<Scheme>,
}

/// A client, as the report names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFacts {
    /// `firefox`.
    pub name: String,
    /// `observed`, `source`, `documented` or `own`.
    pub evidence: &'static str,
}

impl Run {
    /// The servers inside cardcheck itself.
    pub const IN_PROCESS: &str = "rustls";

    /// Cells with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        let same = |cell: &&Cell| cell.outcome == outcome;
        self.cells.iter().filter(same).count()
    }

    /// Cells that are not as expected.
    pub fn unexpected(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.as_expected()).count()
    }

    /// Did all come to its turn?
    pub fn is_complete(&self) -> bool {
        self.reach == Reach::Whole
    }

    /// Does it tell whether all is as expected? Of a token that was given up, what failed before says enough; and of what was not
    /// tried in the earlier run either, nothing is expected.
    pub fn is_conclusive(&self) -> bool {
        match self.reach {
            Reach::Whole => true,
            Reach::Interrupted => false,
            Reach::GivenUp => self.unexpected() > 0 || self.tried_what_was_tried_before(),
        }
    }

    fn tried_what_was_tried_before(&self) -> bool {
        let mut untried = self
            .cells
            .iter()
            .filter(|cell| cell.outcome == Outcome::Skipped);
        self.comparison.is_some() && untried.all(|cell| cell.was.is_none())
    }

    /// Was any handshake made?
    pub fn tried_anything(&self) -> bool {
        self.cells.iter().any(|cell| cell.measured)
    }

    /// Every cell is as expected, no finding is an error that was not one before, and no key came or went.
    pub fn is_as_expected(&self) -> bool {
        let errors = || self.findings.iter().enumerate();
        let same_keys = |comparison: &Comparison| {
            comparison.new_keys.is_empty() && comparison.gone_keys.is_empty()
        };
        self.unexpected() == 0
            && !errors().any(|(at, finding)| self.is_unexpected_error(at, finding))
            && self.comparison.as_ref().is_none_or(same_keys)
    }

    /// Is the finding at this place an error, and one that the earlier run didn't have?
    pub fn is_unexpected_error(&self, at: usize, finding: &Finding) -> bool {
        let comparison = self.comparison.as_ref();
        let new = comparison
            .is_none_or(|comparison| comparison.new_findings.iter().any(|(new, _)| *new == at));
        finding.severity == Severity::Error && new
    }
}
