//! The overview: with how many servers each key logs in, for each client.

use super::super::names;
use super::super::style::Screen;
use super::columns::{lay_out, natural_width, up_to};
use crate::model::cell::{Cell, Outcome};
use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::version::TlsVersion;

/// Longer names of keys are wrapped.
const WIDEST_NAME: usize = 24;
/// Name, type and version of a key come before the clients.
const BEFORE_CLIENTS: usize = 3;

/// Keys and versions down, clients across: `12/19`, servers that let it in of those that could. Clients to whom the same
/// happened everywhere share a column; those for whom there is no room across get a table of their own below.
pub(super) fn render(run: &Run, screen: &Screen) -> String {
    let rows = rows(run, screen);
    let tables = blocks(screen, &rows)
        .into_iter()
        .map(|block| table(screen, &rows, &block));
    let title = screen.heading("logs in to how many servers");
    let tables = tables.collect::<Vec<_>>().join("\n");
    let evidence = screen.wrap(2, &format!("evidence: {}", evidence(run)));
    format!("{title}\n{tables}{}\n", screen.dim(&evidence))
}

/// What the clients' rules rest on: `observed (firefox, openssl), own (any)`.
pub(in crate::report) fn evidence(run: &Run) -> String {
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for client in &run.clients {
        match kinds.iter_mut().find(|(kind, _)| *kind == client.evidence) {
            Some((_, names)) => names.push(&client.name),
            None => kinds.push((client.evidence, vec![&client.name])),
        }
    }
    let kind = |(kind, names): &(&str, Vec<&str>)| format!("{kind} ({})", names.join(", "));
    kinds.iter().map(kind).collect::<Vec<_>>().join(", ")
}

fn table(screen: &Screen, rows: &[Vec<String>], block: &[usize]) -> String {
    let shown = |row: &Vec<String>| {
        let before = row.iter().take(BEFORE_CLIENTS);
        let clients = block.iter().filter_map(|at| row.get(*at));
        before.chain(clients).cloned().collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
    let columns = vec![up_to(WIDEST_NAME); BEFORE_CLIENTS + block.len()];
    lay_out(screen, &columns, &rows)
}

/// The clients' columns, as many together as the screen is wide.
fn blocks(screen: &Screen, rows: &[Vec<String>]) -> Vec<Vec<usize>> {
    let width = |at: usize| natural_width(rows, at).min(WIDEST_NAME) + 2;
    let before: usize = (0..BEFORE_CLIENTS).map(width).sum();
    let columns = rows.first().map_or(0, Vec::len);
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    let mut used = usize::MAX;
    for at in BEFORE_CLIENTS..columns {
        match blocks.last_mut() {
            Some(block) if used + width(at) <= screen.width => block.push(at),
            _ => {
                blocks.push(vec![at]);
                used = before;
            }
        }
        used += width(at);
    }
    blocks
}

/// A row for each key and version: its name and type where they begin, the version, what came of each group of clients. The
/// first row is the head.
pub(in crate::report) fn rows(run: &Run, screen: &Screen) -> Vec<Vec<String>> {
    let groups = groups(run);
    let clients = groups.iter().map(|names| names.join(",\n"));
    let head = ["key".to_owned(), String::new(), "TLS".to_owned()];
    let mut rows = vec![head.into_iter().chain(clients).collect()];
    for key in &run.keys {
        let mut name = [names::key(run, key), key.type_for_people()];
        for version in TlsVersion::ALL {
            if let Some(counts) = counts(run, screen, &groups, key, version) {
                let [name, kind] = std::mem::take(&mut name);
                rows.push(
                    [name, kind, version.to_string()]
                        .into_iter()
                        .chain(counts)
                        .collect(),
                );
            }
        }
    }
    rows
}

/// The clients, those together whose every cell came to the same outcome.
fn groups(run: &Run) -> Vec<Vec<&str>> {
    let mut groups: Vec<(Vec<Outcome>, Vec<&str>)> = Vec::new();
    for client in &run.clients {
        let own = run.cells.iter().filter(|cell| cell.client == client.name);
        let outcomes: Vec<Outcome> = own.map(|cell| cell.outcome).collect();
        match groups.iter_mut().find(|(known, _)| *known == outcomes) {
            Some((_, names)) => names.push(&client.name),
            None => groups.push((outcomes, vec![&client.name])),
        }
    }
    groups.into_iter().map(|(_, names)| names).collect()
}

/// `None`: no server was tried in this version.
fn counts(
    run: &Run,
    screen: &Screen,
    groups: &[Vec<&str>],
    key: &Key,
    version: TlsVersion,
) -> Option<Vec<String>> {
    let cells = run
        .cells
        .iter()
        .filter(|cell| cell.key == key.id && cell.version == version);
    let cells: Vec<&Cell> = cells.collect();
    let of = |client: &str| count(cells.iter().filter(|cell| cell.client == client), screen);
    let firsts = groups.iter().filter_map(|names| names.first());
    let counts = firsts.map(|client| of(client));
    (!cells.is_empty()).then(|| counts.collect())
}

/// A tick or a cross only if every server that takes the key was tried.
fn count<'a>(cells: impl Iterator<Item = &'a &'a Cell> + Clone, screen: &Screen) -> String {
    let with = |outcome| cells.clone().filter(|cell| cell.outcome == outcome).count();
    let (passed, failed) = (with(Outcome::Pass), with(Outcome::Fail));
    let (skipped, unclear) = (with(Outcome::Skipped), with(Outcome::Error));
    let all = passed + failed + skipped + unclear;
    let mark = match (passed, failed) {
        _ if all == 0 => return "-".into(),
        _ if skipped == all => return "skipped".into(),
        (passed, _) if passed == all => screen.tick(),
        (_, failed) if failed == all => screen.cross(),
        (_, 0) => "?",
        _ => "!",
    };
    format!("{mark} {passed}/{all}")
}
