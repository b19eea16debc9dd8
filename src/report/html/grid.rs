//! The picture: a grid for each key, servers down, versions and clients across, a mark for each cell.

use std::collections::HashMap;

use super::super::names;
use super::outcome;
use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::version::TlsVersion;

/// A key's grid.
pub(super) struct Grid<'a> {
    /// The key's place in the run.
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) key: &'a Key,
    /// The versions that any server speaks in this run.
    pub(super) versions: Vec<TlsVersion>,
    /// The clients' names, as often as there are versions.
    pub(super) columns: Vec<Column<'a>>,
    pub(super) rows: Vec<Row<'a>>,
}

/// A client in a version.
pub(super) struct Column<'a> {
    /// The client's place in the run.
    pub(super) client: usize,
    pub(super) name: &'a str,
    pub(super) version: TlsVersion,
}

/// A server.
pub(super) struct Row<'a> {
    /// Its place in the run.
    pub(super) at: usize,
    pub(super) name: &'a str,
    pub(super) about: &'a str,
    pub(super) marks: Vec<Mark>,
}

/// A cell.
pub(super) struct Mark {
    pub(super) classes: String,
    /// `None`: the server doesn't speak that version.
    pub(super) cell: Option<usize>,
    pub(super) word: &'static str,
    /// It is not as expected.
    unexpected: bool,
}

/// Where a run's cells stand: by profile, version and client.
type Places<'a> = HashMap<(&'a str, TlsVersion, &'a str), usize>;

impl<'a> Grid<'a> {
    /// One for each key.
    pub(super) fn all(run: &'a Run) -> Vec<Grid<'a>> {
        let spoken = |version: &TlsVersion| run.cells.iter().any(|cell| cell.version == *version);
        let versions: Vec<TlsVersion> = TlsVersion::ALL.into_iter().filter(spoken).collect();
        let explained = explained(run);
        let keys = run.keys.iter().enumerate();
        keys.map(|(at, key)| Grid::of(run, at, key, &versions, &explained))
            .collect()
    }

    fn of(
        run: &'a Run,
        at: usize,
        key: &'a Key,
        versions: &[TlsVersion],
        explained: &[Vec<usize>],
    ) -> Grid<'a> {
        let columns = columns(run, versions);
        let cells = run.cells.iter().enumerate();
        let own = cells.filter(|(_, cell)| cell.key == key.id);
        let places: Places<'_> = own
            .map(|(at, cell)| ((&*cell.profile, cell.version, &*cell.client), at))
            .collect();
        let mark = |profile: &str, column: &Column<'a>| {
            let at = places.get(&(profile, column.version, column.name)).copied();
            Mark::of(run, column, at, explained)
        };
        let rows = run.profiles.iter().enumerate().map(|(at, profile)| Row {
            at,
            name: &profile.name,
            about: &profile.about,
            marks: columns
                .iter()
                .map(|column| mark(&profile.name, column))
                .collect(),
        });
        Grid {
            at,
            name: names::key(run, key),
            kind: key.type_for_people(),
            key,
            versions: versions.to_vec(),
            rows: rows.collect(),
            columns,
        }
    }

    /// Is any cell not as expected?
    pub(super) fn unexpected(&self) -> bool {
        self.rows.iter().any(Row::unexpected)
    }

    /// Columns of one version.
    pub(super) fn clients(&self) -> usize {
        self.columns.len() / self.versions.len().max(1)
    }
}

fn columns<'a>(run: &'a Run, versions: &[TlsVersion]) -> Vec<Column<'a>> {
    let of = |version: &TlsVersion| {
        let version = *version;
        let clients = run.clients.iter().enumerate();
        clients.map(move |(client, facts)| Column {
            client,
            name: &facts.name,
            version,
        })
    };
    versions.iter().flat_map(of).collect()
}

/// For each cell the findings that explain it, by their place in the run.
fn explained(run: &Run) -> Vec<Vec<usize>> {
    let mut explained = vec![Vec::new(); run.cells.len()];
    for (finding, found) in run.findings.iter().enumerate() {
        for cell in &found.cells {
            if let Some(known) = explained.get_mut(*cell) {
                known.push(finding);
            }
        }
    }
    explained
}

impl Row<'_> {
    /// Is any cell not as expected?
    pub(super) fn unexpected(&self) -> bool {
        self.marks.iter().any(|mark| mark.unexpected)
    }
}

impl Mark {
    fn of(run: &Run, column: &Column<'_>, at: Option<usize>, explained: &[Vec<usize>]) -> Mark {
        let place = format!("c{} v{}", column.client, version_class(column.version));
        let Some((at, cell)) = at.and_then(|at| Some((at, run.cells.get(at)?))) else {
            return Mark {
                classes: place,
                cell: None,
                word: "version not spoken",
                unexpected: false,
            };
        };
        let findings = explained.get(at).map_or(&[][..], Vec::as_slice);
        let findings: String = findings
            .iter()
            .map(|finding| format!(" g{finding}"))
            .collect();
        Mark {
            classes: format!("{} {place}{findings}", outcome::class(cell.outcome)),
            cell: Some(at),
            word: outcome::word(cell.outcome),
            unexpected: !cell.as_expected(),
        }
    }
}

/// A version as part of a class.
pub(super) fn version_class(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V1_2 => "12",
        TlsVersion::V1_3 => "13",
    }
}
