//! A run held against an earlier one: what changed, and only that.

mod matching;

use std::collections::HashMap;

use super::cell::{Outcome, Verdict};
use super::record::{CellRecord, FindingRecord, KeyRecord, Origin, Record};
use super::version::TlsVersion;
use matching::Pairs;

pub use matching::By;

/// What a run was asked for, if it was less than all: what lies outside did not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every key of every token.
    Everything,
    /// Every key, but only of tokens that were named.
    NamedTokens,
    /// Only keys that were named.
    NamedKeys,
}

/// What two runs differ in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The earlier run.
    pub before: Origin,
    /// The later one.
    pub now: Origin,
    /// The keys that both have.
    pub keys: Vec<SameKey>,
    /// Keys that only the later one has.
    pub new_keys: Vec<KeyRecord>,
    /// Keys that only the earlier one has.
    pub gone_keys: Vec<KeyRecord>,
    /// The cells that came out differently, in the later run's order.
    pub changes: Vec<Change>,
    /// The later run's findings that the earlier one didn't have, with their indexes.
    pub new_findings: Vec<(usize, FindingRecord)>,
    /// The earlier run's findings about what was tried again, that the later one doesn't have.
    pub gone_findings: Vec<FindingRecord>,
    /// Cells that both runs tried.
    pub compared: usize,
    /// Cells of the later run of which the earlier one says nothing.
    pub untold: usize,
}

/// A key of both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameKey {
    /// Its id in the earlier report.
    pub before: String,
    /// Its id in the later one.
    pub now: String,
    /// What it is called now.
    pub name: String,
    /// What it was known again by.
    pub by: By,
    /// Another key lies in its place.
    pub replaced: bool,
}

/// A cell that came out differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its index in the later run.
    pub at: usize,
    /// What its key is called now.
    pub key: String,
    /// The server.
    pub profile: String,
    /// The version.
    pub version: TlsVersion,
    /// The client.
    pub client: String,
    /// What came of it before.
    pub was: Verdict,
    /// What came of it now.
    pub now: Verdict,
    /// For better or worse.
    pub direction: Direction,
}

/// For better or worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It passed, and doesn't any more.
    Worse,
    /// It passes, and didn't.
    Better,
    /// It came to something else that is no pass, or fails for another cause.
    Otherwise,
    /// It passes as before, by another scheme or route.
    OtherWay,
}

impl Direction {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Worse => "worse",
            Direction::Better => "better",
            Direction::Otherwise => "otherwise",
            Direction::OtherWay => "other_way",
        }
    }

    fn of(was: &Verdict, now: &Verdict) -> Option<Direction> {
        let passes = |verdict: &Verdict| verdict.outcome == Outcome::Pass;
        match (passes(was), passes(now)) {
            (true, true) => {
                let way = |verdict: &Verdict| (verdict.scheme.clone(), verdict.route.clone());
                (way(was) != way(now)).then_some(Direction::OtherWay)
            }
            (true, false) => Some(Direction::Worse),
            (false, true) => Some(Direction::Better),
            (false, false) => (!was.is_same(now)).then_some(Direction::Otherwise),
        }
    }
}

impl Comparison {
    /// Holds a run against an earlier one.
    pub fn new(before: &Record, now: &Record, scope: Scope) -> Comparison {
        let pairs = Pairs::new(&before.keys, &now.keys);
        let cells = Cells::new(before, now, &pairs);
        Comparison {
            before: before.origin.clone(),
            now: now.origin.clone(),
            keys: pairs.same(),
            new_keys: pairs.new_keys(),
            gone_keys: gone(&pairs, now, scope),
            changes: cells.changes(now, &pairs),
            new_findings: new_findings(before, now),
            gone_findings: gone_findings(before, now, &cells),
            compared: cells.both().count(),
            untold: now.cells.iter().filter(|cell| cell.was_tried()).count() - cells.both().count(),
        }
    }

    /// What came of the later run's cells in the earlier one; `None`: nothing is known.
    pub fn verdicts(before: &Record, now: &Record) -> Vec<Option<Verdict>> {
        let pairs = Pairs::new(&before.keys, &now.keys);
        let cells = Cells::new(before, now, &pairs);
        let verdict = |cell: &Option<&CellRecord>| cell.map(|cell| cell.verdict.clone());
        cells
            .0
            .iter()
            .map(|(_, earlier)| verdict(earlier))
            .collect()
    }

    /// Is there nothing to tell?
    pub fn is_empty(&self) -> bool {
        self.new_keys.is_empty()
            && self.gone_keys.is_empty()
            && self.changes.is_empty()
            && self.new_findings.is_empty()
            && self.gone_findings.is_empty()
    }

    /// Changes of this direction.
    pub fn count(&self, direction: Direction) -> usize {
        let same = |change: &&Change| change.direction == direction;
        self.changes.iter().filter(same).count()
    }
}

fn gone(pairs: &Pairs<'_>, now: &Record, scope: Scope) -> Vec<KeyRecord> {
    let token = |key: &KeyRecord| {
        (
            key.marks.token_serial.clone(),
            key.marks.token_label.clone(),
        )
    };
    let asked_for = |key: &KeyRecord| match scope {
        Scope::Everything => true,
        Scope::NamedTokens => now.keys.iter().any(|known| token(known) == token(key)),
        Scope::NamedKeys => false,
    };
    let mut gone = pairs.gone_keys();
    gone.retain(asked_for);
    gone
}

/// The later run's cells, each with the earlier one's that it is held against.
struct Cells<'a>(Vec<(&'a CellRecord, Option<&'a CellRecord>)>);

type Place<'a> = (&'a str, &'a str, TlsVersion, &'a str);

impl<'a> Cells<'a> {
    fn new(before: &'a Record, now: &'a Record, pairs: &Pairs<'a>) -> Cells<'a> {
        let place = |key: &'a str, cell: &'a CellRecord| -> Place<'a> {
            (key, &cell.profile, cell.version, &cell.client)
        };
        let tried = before.cells.iter().filter(|cell| cell.was_tried());
        let known: HashMap<Place<'a>, &CellRecord> =
            tried.map(|cell| (place(&cell.key, cell), cell)).collect();
        let earlier = |cell: &'a CellRecord| {
            let key = pairs.earlier(&cell.key)?;
            known.get(&place(key, cell)).copied()
        };
        Cells(now.cells.iter().map(|cell| (cell, earlier(cell))).collect())
    }

    /// Those that both runs tried, with their index in the later one.
    fn both(&self) -> impl Iterator<Item = (usize, &'a CellRecord, &'a CellRecord)> {
        let tried = self.0.iter().enumerate();
        tried.filter_map(|(at, (now, before))| {
            Some((at, *now, (*before)?)).filter(|_| now.was_tried())
        })
    }

    fn changes(&self, now: &Record, pairs: &Pairs<'_>) -> Vec<Change> {
        debug_assert_eq!(self.0.len(), now.cells.len());
        let change = |(at, now, before): (usize, &CellRecord, &CellRecord)| {
            let direction = Direction::of(&before.verdict, &now.verdict)?;
            Some(Change {
                at,
                key: pairs.name(&now.key),
                profile: now.profile.clone(),
                version: now.version,
                client: now.client.clone(),
                was: before.verdict.clone(),
                now: now.verdict.clone(),
                direction,
            })
        };
        self.both().filter_map(change).collect()
    }
}

/// A finding is known by its id and title; where a title changed (a key's name stands in it, or cardcheck says it better), by its
/// id, as often as that was there.
fn new_findings(before: &Record, now: &Record) -> Vec<(usize, FindingRecord)> {
    let new = left_over(&now.findings, &before.findings).into_iter();
    new.filter_map(|at| Some((at, now.findings.get(at)?.clone())))
        .collect()
}

/// Of those whose cells were all left out this time nothing is known.
fn gone_findings(before: &Record, now: &Record, cells: &Cells<'_>) -> Vec<FindingRecord> {
    let tried_again = |at: &usize| {
        let earlier = before.cells.get(*at);
        cells
            .both()
            .any(|(_, _, known)| earlier.is_some_and(|cell| std::ptr::eq(cell, known)))
    };
    let known = |finding: &&FindingRecord| {
        finding.cells.is_empty() || finding.cells.iter().any(tried_again)
    };
    let gone = left_over(&before.findings, &now.findings);
    let gone = gone.iter().filter_map(|at| before.findings.get(*at));
    gone.filter(known).cloned().collect()
}

/// Indexes of those of `findings` that none of the `others` stands for.
fn left_over(findings: &[FindingRecord], others: &[FindingRecord]) -> Vec<usize> {
    let mut others: Vec<&FindingRecord> = others.iter().collect();
    let mut left: Vec<usize> = (0..findings.len()).collect();
    let same: [fn(&FindingRecord, &FindingRecord) -> bool; 2] = [
        |one, other| (&one.id, &one.title) == (&other.id, &other.title),
        |one, other| one.id == other.id,
    ];
    for same in same {
        left.retain(|at| {
            let finding = findings.get(*at);
            let found = others
                .iter()
                .position(|other| finding.is_some_and(|one| same(one, other)));
            found.map(|place| others.swap_remove(place)).is_none()
        });
    }
    left
}

#[cfg(test)]
mod tests;
