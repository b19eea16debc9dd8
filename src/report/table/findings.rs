//! What it means: each finding with its cause, the cells it explains in people's words, and what to change.

use super::super::style::{Screen, printable};
use super::key_name;
use crate::model::cell::Cell;
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::run::Run;

/// Names shown of a list before the rest is counted.
const MOST_NAMES: usize = 4;

/// All findings, in the order they came.
pub(super) fn render(run: &Run, screen: &Screen) -> String {
    if run.findings.is_empty() {
        return String::new();
    }
    let findings: Vec<String> = run
        .findings
        .iter()
        .map(|finding| one(run, screen, finding))
        .collect();
    format!(
        "{}\n\n{}",
        screen.heading("what it means"),
        findings.join("\n")
    )
}

fn one(run: &Run, screen: &Screen, finding: &Finding) -> String {
    let mut text = heading(screen, finding);
    text.push_str(&paragraph(screen, 2, &finding.cause));
    let cells: Vec<&Cell> = finding
        .cells
        .iter()
        .filter_map(|at| run.cells.get(*at))
        .collect();
    if !cells.is_empty() {
        text.push_str(&screen.dim(&paragraph(
            screen,
            2,
            &format!("where: {}", place(run, screen, &cells)),
        )));
    }
    for seen in seen(&cells) {
        text.push_str(&screen.dim(&paragraph(screen, 2, &seen)));
    }
    text.push_str(&remedies(screen, &finding.remedies));
    text
}

/// Severity, title and id; the id on a line of its own where there is no room for it.
fn heading(screen: &Screen, finding: &Finding) -> String {
    let name = finding.severity.name();
    let label = match finding.severity {
        Severity::Error => screen.bad(name),
        Severity::Warning => screen.mixed(name),
        Severity::Note => screen.dim(name),
    };
    let (title, id) = (
        printable(&finding.title),
        screen.dim(&format!("[{}]", finding.id)),
    );
    let width = [name, &title, finding.id]
        .iter()
        .map(|text| text.chars().count())
        .sum::<usize>();
    // two blanks and two brackets
    let gap = if width + 4 <= screen.width {
        " "
    } else {
        "\n  "
    };
    let title = screen.heading(&textwrap::fill(
        &title,
        screen.width.saturating_sub(name.len() + 1),
    ));
    format!("{label} {title}{gap}{id}\n")
}

fn paragraph(screen: &Screen, indent: usize, text: &str) -> String {
    screen.wrap(indent, &printable(text)) + "\n"
}

/// `rsa-2048, rsa-3072 · firefox · TLS 1.2, 1.3 · openssl-1.1.1 and 5 more`.
fn place(run: &Run, screen: &Screen, cells: &[&Cell]) -> String {
    let key = |cell: &&Cell| {
        let key = run.keys.iter().find(|key| key.id == cell.key);
        key.map_or_else(|| cell.key.clone(), |key| key_name(run, key))
    };
    let mut versions = distinct(cells.iter().map(|cell| cell.version.to_string()));
    versions.sort();
    let parts = [
        shortened(distinct(cells.iter().map(key))),
        distinct(cells.iter().map(|cell| cell.client.clone())).join(", "),
        format!("TLS {}", versions.join(", ")),
        shortened(distinct(cells.iter().map(|cell| cell.profile.clone()))),
    ];
    parts.join(&format!(" {} ", screen.dot()))
}

/// What the users of real clients see, each once.
fn seen(cells: &[&Cell]) -> Vec<String> {
    let said = |cell: &&Cell| {
        let sees = cell.user_sees.as_ref()?;
        Some(format!(
            "{} shows over TLS {}: {sees}",
            cell.client, cell.version
        ))
    };
    distinct(cells.iter().filter_map(said))
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

fn shortened(names: Vec<String>) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    match more {
        0 | 1 => names.join(", "),
        _ => {
            let shown: Vec<String> = names.into_iter().take(MOST_NAMES).collect();
            format!("{} and {more} more", shown.join(", "))
        }
    }
}

/// Remedies that differ only in the software stand under one title.
fn remedies(screen: &Screen, remedies: &[Remedy]) -> String {
    let mut text = String::new();
    let mut last: Option<&Remedy> = None;
    for remedy in remedies {
        let same =
            last.is_some_and(|last| (last.place, &last.title) == (remedy.place, &remedy.title));
        if !same {
            text.push_str(&title(screen, remedy));
        }
        last = Some(remedy);
        text.push_str(&snippet(screen, remedy));
    }
    text
}

fn title(screen: &Screen, remedy: &Remedy) -> String {
    let mut words = vec![format!("{}: {}", remedy.place.name(), remedy.title)];
    if !remedy.clients.is_empty() {
        words.push(format!("helps {} only", remedy.clients.join(", ")));
    }
    if remedy.change.is_some() {
        words.push(
            if remedy.proven {
                "proven"
            } else {
                "not proven"
            }
            .into(),
        );
    }
    if !remedy.breaks.is_empty() {
        words.push(format!("breaks {}", remedy.breaks.join("; ")));
    }
    let text = printable(&words.join(&format!(" {} ", screen.dot())));
    let bullet = format!("  {} ", screen.bullet());
    let options = textwrap::Options::new(screen.width)
        .initial_indent(&bullet)
        .subsequent_indent("    ");
    textwrap::fill(&text, options) + "\n"
}

/// To be copied: as it is, however long.
fn snippet(screen: &Screen, remedy: &Remedy) -> String {
    let Some(snippet) = &remedy.snippet else {
        return String::new();
    };
    let software = remedy.software.as_deref().unwrap_or_default();
    let mut text = String::new();
    if !software.is_empty() {
        text.push_str(&format!("      {}\n", screen.dim(&format!("{software}:"))));
    }
    for line in snippet.lines() {
        text.push_str(&format!("        {}\n", printable(line)));
    }
    text
}
