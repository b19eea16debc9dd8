//! The details: for each key what came of it with which servers and clients. What is alike stands together.

use super::super::names;
use super::super::prose;
use super::super::style::{Screen, printable};
use super::columns::{Column, lay_out, up_to};
use super::joined;
use crate::model::cell::{Cell, Outcome, Verdict};
use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::version::TlsVersion;

/// Longer results are wrapped; the CKR with the longest name that cards answer with stays whole.
const WIDEST_RESULT: usize = "  CKR_KEY_FUNCTION_NOT_PERMITTED".len();
/// More clients are wrapped, but for a name that is longer than this.
const WIDEST_CLIENTS: usize = "every client".len();
/// From so many clients on, those that share a line get the place for it.
const MANY_CLIENTS: usize = 5;
/// The width then.
const WIDEST_OF_MANY: usize = "openssl, openssl-provider,".len();
/// On a narrower screen the servers stand below the result; each letter of a longer name makes it narrower.
const NARROW: usize = 76;
/// A list is said by what it lacks if that is at most so many.
const MOST_EXCEPTIONS: usize = 5;
/// The same for clients, whose column is narrow.
const MOST_CLIENTS_LACKING: usize = 2;

/// One line of a key's table: clients and servers for which the same came of the same version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::report) struct Line {
    pub(in crate::report) version: TlsVersion,
    rank: u8,
    clients: Vec<String>,
    /// Of two lines where it failed with a scheme.
    pub(in crate::report) result: String,
    pub(in crate::report) servers: Vec<String>,
}

/// Keys to which the same happened.
pub(in crate::report) struct Group<'a> {
    pub(in crate::report) keys: Vec<&'a Key>,
    pub(in crate::report) lines: Vec<Line>,
    /// What was not tried with them, and why.
    pub(in crate::report) untried: Vec<String>,
}

/// Keys of the same results under one heading, each line wrapped to the screen.
pub(super) fn render(run: &Run, screen: &Screen) -> String {
    let group = |group: &Group<'_>| {
        let untried: Vec<String> = group
            .untried
            .iter()
            .map(|line| screen.dim(&screen.wrap(2, line)))
            .collect();
        format!(
            "{}\n{}{}",
            heading(run, screen, &group.keys),
            table(run, screen, &group.lines),
            joined(&untried)
        )
    };
    let groups = groups(run, screen);
    groups.iter().map(group).collect::<Vec<_>>().join("\n")
}

/// The keys, those together whose results are alike.
pub(in crate::report) fn groups<'a>(run: &'a Run, screen: &Screen) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for key in &run.keys {
        let (lines, untried) = (lines(run, screen, key), untried(run, key));
        let alike = |group: &&mut Group<'_>| group.lines == lines && group.untried == untried;
        match groups.iter_mut().find(alike) {
            Some(group) => group.keys.push(key),
            None => groups.push(Group {
                keys: vec![key],
                lines,
                untried,
            }),
        }
    }
    groups
}

fn heading(run: &Run, screen: &Screen, keys: &[&Key]) -> String {
    let names: Vec<String> = keys.iter().map(|key| described(run, key)).collect();
    screen.heading(&screen.wrap_items(&names))
}

fn table(run: &Run, screen: &Screen, lines: &[Line]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut rows = vec![["TLS", "client", "result", "servers"].map(str::to_owned)];
    let mut shown: Option<TlsVersion> = None;
    for line in lines {
        let version = if shown == Some(line.version) {
            String::new()
        } else {
            line.version.to_string()
        };
        shown = Some(line.version);
        rows.push([
            version,
            clients(run, line),
            line.result.clone(),
            line.servers.join(", "),
        ]);
    }
    let widest = widest_clients(run);
    let (version, clients) = (up_to("TLS".len()), up_to(widest));
    let result = Column {
        widest: WIDEST_RESULT,
        hangs: true,
    };
    if screen.width >= NARROW + widest - WIDEST_CLIENTS {
        let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
        return lay_out(
            screen,
            &[version, clients, result, up_to(usize::MAX)],
            &rows,
        );
    }
    let below = |[version, clients, result, servers]: [String; 4]| {
        vec![version, clients, format!("{result}\n{servers}")]
    };
    let mut rows: Vec<Vec<String>> = rows.into_iter().map(below).collect();
    if let Some(title) = rows.first_mut().and_then(|row| row.last_mut()) {
        *title = "result, servers".into();
    }
    lay_out(
        screen,
        &[
            version,
            clients,
            Column {
                widest: usize::MAX,
                ..result
            },
        ],
        &rows,
    )
}

/// No name is broken, nor the comma behind it taken away.
fn widest_clients(run: &Run) -> usize {
    let names = run.clients.iter().map(|client| client.name.len() + 1);
    let usual = match run.clients.len() {
        MANY_CLIENTS.. => WIDEST_OF_MANY,
        _ => WIDEST_CLIENTS,
    };
    names.max().unwrap_or(0).max(usual)
}

pub(in crate::report) fn clients(run: &Run, line: &Line) -> String {
    let all = run.clients.iter().map(|client| client.name.as_str());
    let lacking: Vec<&str> = all
        .filter(|name| !line.clients.iter().any(|known| known == name))
        .collect();
    match (line.clients.len(), lacking.len()) {
        (count, 0) if count > 2 => "every client".into(),
        (count, few) if few <= MOST_CLIENTS_LACKING && count > 2 * few.max(2) => {
            format!("all but {}", lacking.join(", "))
        }
        _ => line.clients.join(", "),
    }
}

/// `login (RSA-2048, id 01)`.
pub(in crate::report) fn described(run: &Run, key: &Key) -> String {
    let id = hex::encode(&key.cka_id);
    format!(
        "{} ({}, id {id})",
        names::key(run, key),
        key.type_for_people()
    )
}

fn lines(run: &Run, screen: &Screen, key: &Key) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for cell in run.cells.iter().filter(|cell| cell.key == key.id) {
        let Some((rank, result)) = result(cell, screen) else {
            continue;
        };
        let alike = lines.iter_mut().find(|line| {
            line.version == cell.version
                && line.result == result
                && line.clients == [cell.client.as_str()]
        });
        match alike {
            Some(line) => line.servers.push(printable(&cell.profile)),
            None => lines.push(Line {
                version: cell.version,
                rank,
                clients: vec![cell.client.clone()],
                result,
                servers: vec![printable(&cell.profile)],
            }),
        }
    }
    let mut lines = clients_joined(lines);
    lines.sort_by_key(|line| (line.version, line.rank));
    lines.iter_mut().for_each(|line| say_all(run, key, line));
    lines
}

/// Clients to which the same happened with the same servers share a line.
fn clients_joined(lines: Vec<Line>) -> Vec<Line> {
    let mut joined: Vec<Line> = Vec::new();
    for line in lines {
        let alike = joined.iter_mut().find(|known| {
            (known.version, &known.result, &known.servers)
                == (line.version, &line.result, &line.servers)
        });
        match alike {
            Some(known) => known.clients.extend(line.clients),
            None => joined.push(line),
        }
    }
    joined
}

/// A list of all or nearly all servers that take this type of key is said in few words.
fn say_all(run: &Run, key: &Key, line: &mut Line) {
    let takes = |cell: &&Cell| {
        cell.key == key.id
            && cell.version == line.version
            && line.clients.first() == Some(&cell.client)
            && cell.outcome != Outcome::NotApplicable
    };
    let all: Vec<String> = run
        .cells
        .iter()
        .filter(takes)
        .map(|cell| printable(&cell.profile))
        .collect();
    let mut missing = all.clone();
    missing.retain(|server| !line.servers.contains(server));
    if missing.is_empty() && all.len() > 2 {
        line.servers = vec![format!("all {}", all.len())];
    } else if missing.len() <= MOST_EXCEPTIONS && line.servers.len() > 2 * missing.len().max(2) {
        line.servers = vec![format!("all {} but {}", all.len(), missing.join(", "))];
    }
}

/// Failures first. `None`: nothing was tried.
fn result(cell: &Cell, screen: &Screen) -> Option<(u8, String)> {
    let scheme = cell.scheme.map(|scheme| scheme.to_string());
    match cell.outcome {
        Outcome::Pass => Some((
            2,
            format!("{} {}", screen.tick(), scheme.unwrap_or_default()),
        )),
        Outcome::Fail => Some((0, failure(cell, screen, scheme))),
        Outcome::Error => {
            let why = cell.reason.clone().unwrap_or_default();
            Some((1, format!("? could not tell: {}", printable(&why))))
        }
        Outcome::NotApplicable | Outcome::Skipped => None,
    }
}

fn failure(cell: &Cell, screen: &Screen, scheme: Option<String>) -> String {
    let mut text = format!(
        "{} {}",
        screen.cross(),
        prose::failure(&Verdict::from(cell))
    );
    if let Some(scheme) = scheme {
        text.push_str(&format!("\n  with {scheme}"));
    }
    text
}

/// Servers that were not tried with this key, and why: a line for each reason.
fn untried(run: &Run, key: &Key) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for cell in run.cells.iter().filter(|cell| cell.key == key.id) {
        let reason = match cell.outcome {
            Outcome::NotApplicable => "not for this type of key".to_owned(),
            Outcome::Skipped => format!("skipped: {}", cell.reason.clone().unwrap_or_default()),
            _ => continue,
        };
        let at = match reasons.iter().position(|(known, _)| *known == reason) {
            Some(at) => at,
            None => {
                reasons.push((reason, Vec::new()));
                reasons.len() - 1
            }
        };
        if let Some((_, servers)) = reasons.get_mut(at) {
            let server = printable(&cell.profile);
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
    }
    let all = run.profiles.len();
    let line = |(reason, servers): (String, Vec<String>)| {
        let servers = match servers.len() {
            count if count == all && count > 2 => format!("all {all} servers"),
            _ => servers.join(", "),
        };
        format!("{} ({servers})", printable(&reason))
    };
    reasons.into_iter().map(line).collect()
}
