//! The overview: with how many servers each key logs in, for each client.

use super::outcome;
use crate::model::cell::{Cell, Outcome};
use crate::model::run::{ClientFacts, Run};
use crate::model::version::TlsVersion;

use super::super::names;

/// Keys and versions down, clients across.
pub(super) struct Overview<'a> {
    pub(super) clients: &'a [ClientFacts],
    pub(super) keys: Vec<KeyRows>,
}

/// A key's rows.
pub(super) struct KeyRows {
    /// Its place in the run.
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) rows: Vec<Row>,
}

/// One version.
pub(super) struct Row {
    pub(super) version: TlsVersion,
    pub(super) counts: Vec<Count>,
}

/// Servers that let a client in, of those that could.
pub(super) struct Count {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) passed: usize,
    pub(super) all: usize,
}

impl<'a> Overview<'a> {
    pub(super) fn of(run: &'a Run) -> Overview<'a> {
        let keys = run.keys.iter().enumerate().map(|(at, key)| KeyRows {
            at,
            name: names::key(run, key),
            kind: key.type_for_people(),
            rows: rows(run, &key.id),
        });
        Overview {
            clients: &run.clients,
            keys: keys.collect(),
        }
    }
}

fn rows(run: &Run, key: &str) -> Vec<Row> {
    let row = |version: TlsVersion| {
        let own = |cell: &&Cell| cell.key == key && cell.version == version;
        let cells: Vec<&Cell> = run.cells.iter().filter(own).collect();
        let count = |client: &ClientFacts| {
            Count::of(cells.iter().filter(|cell| cell.client == client.name))
        };
        (!cells.is_empty()).then(|| Row {
            version,
            counts: run.clients.iter().map(count).collect(),
        })
    };
    TlsVersion::ALL.into_iter().filter_map(row).collect()
}

impl Count {
    /// All good or all bad only if every server that takes the key was tried.
    fn of<'a>(cells: impl Iterator<Item = &'a &'a Cell>) -> Count {
        let outcomes = cells.map(|cell| cell.outcome);
        let outcomes: Vec<Outcome> = outcomes
            .filter(|outcome| *outcome != Outcome::NotApplicable)
            .collect();
        let with = |wanted| {
            outcomes
                .iter()
                .filter(|outcome| **outcome == wanted)
                .count()
        };
        let (passed, failed, all) = (with(Outcome::Pass), with(Outcome::Fail), outcomes.len());
        let (class, word) = match (passed, failed) {
            _ if all == 0 => ("n", "no server takes such keys"),
            _ if with(Outcome::Skipped) == all => ("s", outcome::word(Outcome::Skipped)),
            _ if passed == all => ("p", "every server"),
            _ if failed == all => ("f", "no server"),
            (_, 0) => ("e", "could not tell of some"),
            _ => ("m", "some servers"),
        };
        Count {
            class,
            word,
            passed,
            all,
        }
    }
}
