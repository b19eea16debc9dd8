//! Findings: what a run means, and what to change.

use super::profile::Profile;
use super::scheme::Scheme;
use super::version::TlsVersion;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something can't work until it is changed.
    Error,
    /// Something will fail for somebody.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// Who would have to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// The server's administrator.
    Server,
    /// The client's user.
    Client,
    /// The card, its module or whoever issued it.
    Card,
}

impl Where {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Where::Server => "server",
            Where::Client => "client",
            Where::Card => "card",
        }
    }
}

/// A change to a server, as data: so that it can be applied to a profile and the cells be run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The server asks its clients for these schemes only.
    ClientSchemes {
        /// The new list, in order.
        schemes: Vec<Scheme>,
        /// TLS 1.3 is switched off with it.
        tls12_only: bool,
    },
    /// TLS 1.2 is what gets negotiated, by a cap at the server or at the client; the lists stay.
    Tls12Only,
}

impl Change {
    /// The profile of a server on which the change was made.
    pub fn apply(&self, profile: &Profile) -> Profile {
        let mut changed = profile.clone();
        changed.tls12 = match self {
            Change::ClientSchemes { schemes, .. } => Some(schemes.clone()),
            Change::Tls12Only => profile.tls12.clone(),
        };
        if let Change::ClientSchemes {
            schemes,
            tls12_only: false,
        } = self
        {
            changed.tls13 = profile.tls13.as_ref().map(|_| schemes.clone());
        } else {
            changed.tls13 = None;
            changed.negotiates = Some(TlsVersion::V1_2);
        }
        changed
    }
}

/// A change that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// Who changes something.
    pub place: Where,
    /// The change in a sentence.
    pub title: String,
    /// The server software that the snippet is for.
    pub software: Option<String>,
    /// What to write, in that software's own syntax.
    pub snippet: Option<String>,
    /// The clients that it helps; empty: all.
    pub clients: Vec<String>,
    /// The same as data, where it can be tried out.
    pub change: Option<Change>,
    /// The failing cells were run again with the change applied, and passed.
    pub proven: bool,
    /// What stops working.
    pub breaks: Vec<String>,
}

impl Remedy {
    /// Whether it was tried out; `None`: it can't be.
    pub fn proof(&self) -> Option<&'static str> {
        match (self.proven, &self.change) {
            (true, _) => Some("proven"),
            (false, Some(_)) => Some("not proven"),
            (false, None) => None,
        }
    }

    /// Does it help this client? A remedy that names no clients helps all.
    pub fn helps(&self, client: &str) -> bool {
        self.clients.is_empty() || self.clients.iter().any(|helped| helped == client)
    }
}

/// What it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable, kebab case.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// A sentence or two in plain words.
    pub cause: String,
    /// Indexes of the cells it explains.
    pub cells: Vec<usize>,
    /// What helps.
    pub remedies: Vec<Remedy>,
}
