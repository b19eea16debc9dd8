//! A cell's facts, which open when its mark is chosen.

use super::super::names;
use super::outcome;
use crate::model::cell::Cell;
use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::trace::{Message, Side};

/// A cell, and what else is told of it.
pub(super) struct Facts<'a> {
    /// Its place in the run.
    pub(super) at: usize,
    pub(super) cell: &'a Cell,
    pub(super) class: &'static str,
    pub(super) key: String,
    /// What came of it.
    pub(super) outcome: String,
    /// What should have; `None`: the same.
    pub(super) expected: Option<&'static str>,
    /// The mechanism of the route tried last.
    pub(super) route: Option<String>,
    /// Where the key's capabilities with this scheme stand in the page, and the scheme.
    pub(super) capability: Option<String>,
    /// Place and title of each finding that explains it.
    pub(super) findings: Vec<(usize, &'a str)>,
    /// Every message of its handshake.
    pub(super) messages: Vec<Said<'a>>,
}

/// A message.
pub(super) struct Said<'a> {
    /// Milliseconds since the handshake began.
    pub(super) at: String,
    pub(super) from: &'static str,
    pub(super) name: &'a str,
    pub(super) encrypted: bool,
    pub(super) bytes: usize,
    pub(super) fields: &'a [(&'static str, String)],
}

impl<'a> From<&'a Message> for Said<'a> {
    fn from(message: &'a Message) -> Self {
        Said {
            at: format!("{:.2}", message.at_ms),
            from: match message.from {
                Side::Client => "client",
                Side::Server => "server",
            },
            name: &message.name,
            encrypted: message.encrypted,
            bytes: message.bytes,
            fields: &message.fields,
        }
    }
}

impl<'a> Facts<'a> {
    /// Of every cell.
    pub(super) fn all(run: &'a Run) -> Vec<Facts<'a>> {
        let cells = run.cells.iter().enumerate();
        cells.map(|(at, cell)| Facts::of(run, at, cell)).collect()
    }

    fn of(run: &'a Run, at: usize, cell: &'a Cell) -> Facts<'a> {
        let key = run
            .keys
            .iter()
            .enumerate()
            .find(|(_, key)| key.id == cell.key);
        let findings = run.findings.iter().enumerate();
        let explaining = findings.filter(|(_, finding)| finding.cells.contains(&at));
        Facts {
            at,
            cell,
            class: outcome::class(cell.outcome),
            key: key.map_or_else(|| cell.key.clone(), |(_, key)| names::key(run, key)),
            outcome: outcome::sentence(cell),
            expected: (!cell.as_expected()).then(|| outcome::word(cell.expected)),
            route: mechanism(cell),
            capability: key.and_then(|(at, key)| capability(at, key, cell)),
            findings: explaining
                .map(|(at, finding)| (at, finding.title.as_str()))
                .collect(),
            messages: cell.messages.iter().map(Said::from).collect(),
        }
    }

    /// Whose code it is: where the client's own library stopped first, the token was not asked.
    pub(super) fn lost(&self) -> Option<String> {
        self.cell.lost.as_ref().map(ToString::to_string)
    }
}

fn mechanism(cell: &Cell) -> Option<String> {
    let (scheme, route) = (cell.scheme?, cell.route?);
    Some(route.mechanism(scheme).to_string())
}

/// Only where the key has such rows.
fn capability(at: usize, key: &Key, cell: &Cell) -> Option<String> {
    let scheme = cell.scheme?;
    let known = key.capabilities.iter().any(|row| row.scheme == scheme);
    known.then(|| format!("k{at}-{scheme}"))
}

/// `12.3 ms`.
pub(super) fn milliseconds(ms: f64) -> String {
    match ms {
        ..10.0 => format!("{ms:.2} ms"),
        ..1000.0 => format!("{ms:.1} ms"),
        _ => format!("{:.2} s", ms / 1000.0),
    }
}
