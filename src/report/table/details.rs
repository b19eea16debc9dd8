//! The details: for each key what came of it with which servers and clients. What is alike stands together.

use comfy_table::{ColumnConstraint, Width};

use super::super::style::{Screen, printable};
use super::{columns, joined, key_name, laid_out};
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::version::TlsVersion;

/// Of longer results (what could not be told) the text is broken.
const WIDEST_RESULT: usize = "✗ sign: CKR_MECHANISM_PARAM_INVALID".len();

/// One line of a key's table: clients and servers for which the same came of the same version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    version: TlsVersion,
    rank: u8,
    clients: Vec<String>,
    result: String,
    servers: Vec<String>,
}

/// Keys of the same results under one heading, each line wrapped to the screen.
pub(super) fn render(run: &Run, screen: &Screen) -> String {
    let mut groups: Vec<(Vec<&Key>, Vec<Line>)> = Vec::new();
    for key in &run.keys {
        let lines = lines(run, screen, key);
        match groups.iter_mut().find(|(_, known)| *known == lines) {
            Some((keys, _)) => keys.push(key),
            None => groups.push((vec![key], lines)),
        }
    }
    let parts: Vec<String> = groups
        .iter()
        .map(|(keys, lines)| group(run, screen, keys, lines))
        .collect();
    parts.join("\n")
}

fn group(run: &Run, screen: &Screen, keys: &[&Key], lines: &[Line]) -> String {
    let names: Vec<String> = keys.iter().map(|key| described(run, key)).collect();
    let heading = screen.heading(&screen.wrap(0, &names.join(&format!(" {} ", screen.dot()))));
    let mut table = columns(screen);
    table.set_header(["TLS", "client", "result", "servers"]);
    table.set_constraints(widths(lines));
    let mut shown: Option<TlsVersion> = None;
    for line in lines {
        let version = if shown == Some(line.version) {
            String::new()
        } else {
            line.version.to_string()
        };
        shown = Some(line.version);
        table.add_row([
            version,
            line.clients.join(", "),
            line.result.clone(),
            line.servers.join(", "),
        ]);
    }
    let rest = keys
        .first()
        .map_or_else(Vec::new, |key| untried(run, screen, key));
    let body = if lines.is_empty() {
        String::new()
    } else {
        laid_out(&table, screen)
    };
    format!("{heading}\n{body}{}", joined(&rest))
}

/// Results and versions are not broken; clients and servers share what is left.
fn widths(lines: &[Line]) -> [ColumnConstraint; 4] {
    let results = lines.iter().flat_map(|line| line.result.lines());
    let widest = results
        .map(|result| result.chars().count())
        .max()
        .unwrap_or(0)
        .min(WIDEST_RESULT);
    // a blank on either side
    let fixed = |width: usize| Width::Fixed(u16::try_from(width + 2).unwrap_or(u16::MAX));
    [
        ColumnConstraint::Absolute(fixed("1.2".len())),
        ColumnConstraint::UpperBoundary(fixed("firefox, openssl".len())),
        ColumnConstraint::LowerBoundary(fixed(widest)),
        ColumnConstraint::LowerBoundary(fixed("openssl-1.1.1-blog,".len())),
    ]
}

fn described(run: &Run, key: &Key) -> String {
    let id = hex::encode(&key.cka_id);
    format!(
        "{} ({}, id {id})",
        key_name(run, key),
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

/// A list of every server that takes this type of key is said in a word.
fn say_all(run: &Run, key: &Key, line: &mut Line) {
    let asks = |cell: &&Cell| {
        cell.key == key.id
            && cell.version == line.version
            && line.clients.first() == Some(&cell.client)
            && cell.outcome != Outcome::NotApplicable
    };
    let all = run.cells.iter().filter(asks).count();
    if all > 2 && line.servers.len() == all {
        line.servers = vec![format!("all {all}")];
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
    let stage = cell.stage.map_or("", |stage| stage.name());
    let ckr = cell.ckr.map(|ckr| ckr.to_string());
    let what = match cell.stage {
        // whatever alert followed, this is what went wrong
        Some(Stage::Select) => Some("no certificate sent".to_owned()),
        _ => ckr.or_else(|| cell.alert.clone()),
    };
    let mut text = format!("{} {stage}", screen.cross());
    if let Some(what) = what {
        text.push_str(&format!(": {what}"));
    }
    if let Some(scheme) = scheme {
        text.push_str(&format!("\n  with {scheme}"));
    }
    text
}

/// Servers that were not tried with this key, and why: dim, a line for each reason.
fn untried(run: &Run, screen: &Screen, key: &Key) -> Vec<String> {
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
        screen.dim(&screen.wrap(2, &format!("{} ({servers})", printable(&reason))))
    };
    reasons.into_iter().map(line).collect()
}
