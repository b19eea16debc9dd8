//! What it means: each finding with its cause, the cells it explains in people's words, and what to change.

use super::super::style::{Screen, printable};
use super::scope;
use crate::model::cell::Cell;
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::run::Run;
use crate::model::version::TlsVersion;

/// All findings, in the order they came.
pub(super) fn render(run: &Run, screen: &Screen) -> String {
    under_a_heading(&of_cells(run, screen), screen)
}

/// Findings that are about no cells.
pub(super) fn without_cells(findings: &[Finding], screen: &Screen) -> String {
    under_a_heading(&plain(findings, screen), screen)
}

/// Those of a run, then others.
pub(super) fn both(run: Option<&Run>, others: &[Finding], screen: &Screen) -> String {
    let mut findings = run.map_or_else(Vec::new, |run| of_cells(run, screen));
    findings.extend(plain(others, screen));
    under_a_heading(&findings, screen)
}

fn of_cells(run: &Run, screen: &Screen) -> Vec<String> {
    let findings = run.findings.iter();
    findings.map(|finding| one(run, screen, finding)).collect()
}

fn plain(findings: &[Finding], screen: &Screen) -> Vec<String> {
    let one = |finding: &Finding| {
        let mut text = heading(screen, finding);
        text.push_str(&paragraph(screen, 2, &finding.cause));
        text.push_str(&remedies(screen, &finding.remedies));
        text
    };
    findings.iter().map(one).collect()
}

fn under_a_heading(findings: &[String], screen: &Screen) -> String {
    match findings.is_empty() {
        true => String::new(),
        false => format!(
            "{}\n\n{}",
            screen.heading("what it means"),
            findings.join("\n")
        ),
    }
}

fn one(run: &Run, screen: &Screen, finding: &Finding) -> String {
    let mut text = heading(screen, finding);
    text.push_str(&paragraph(screen, 2, &finding.cause));
    let cells: Vec<&Cell> = finding
        .cells
        .iter()
        .filter_map(|at| run.cells.get(*at))
        .collect();
    for (at, line) in scope::lines(run, screen, &cells).iter().enumerate() {
        let label = if at == 0 { "where: " } else { "       " };
        text.push_str(&screen.dim(&hanging(screen, &format!("  {label}"), &printable(line))));
    }
    for seen in seen(&cells) {
        text.push_str(&screen.dim(&paragraph(screen, 2, &seen)));
    }
    text.push_str(&remedies(screen, &finding.remedies));
    text
}

/// Severity, title and id.
fn heading(screen: &Screen, finding: &Finding) -> String {
    let name = finding.severity.name();
    let id = format!("[{}]", finding.id);
    let text = hanging(
        screen,
        "",
        &format!("{name} {} {id}", printable(&finding.title)),
    );
    let painted = match finding.severity {
        Severity::Error => screen.bad(name),
        Severity::Warning => screen.mixed(name),
        Severity::Note => screen.dim(name),
    };
    // an id is one word, which only a screen too narrow for it breaks
    let rest = text.trim_end().trim_start_matches(name);
    match rest.strip_suffix(&id) {
        Some(title) => format!("{painted}{}{}\n", screen.heading(title), screen.dim(&id)),
        None => format!("{painted}{}\n", screen.heading(rest)),
    }
}

/// Wrapped, with what follows the first line set in as far as `label`, at least by two.
fn hanging(screen: &Screen, label: &str, text: &str) -> String {
    let blanks = " ".repeat(textwrap::core::display_width(label).max(2));
    screen.fill(label, &blanks, text) + "\n"
}

fn paragraph(screen: &Screen, indent: usize, text: &str) -> String {
    screen.wrap(indent, &printable(text)) + "\n"
}

/// What the users of real clients see: a line for each client and text.
pub(in crate::report) fn seen(cells: &[&Cell]) -> Vec<String> {
    let mut seen: Vec<(&str, &str, Vec<TlsVersion>)> = Vec::new();
    for cell in cells {
        let Some(sees) = cell.user_sees.as_deref() else {
            continue;
        };
        let same = |known: &&mut (&str, &str, Vec<TlsVersion>)| {
            (known.0, known.1) == (cell.client.as_str(), sees)
        };
        match seen.iter_mut().find(same) {
            Some((.., versions)) if versions.contains(&cell.version) => {}
            Some((.., versions)) => versions.push(cell.version),
            None => seen.push((&cell.client, sees, vec![cell.version])),
        }
    }
    let line = |(client, sees, versions): (&str, &str, Vec<TlsVersion>)| {
        let versions: Vec<&str> = versions.iter().map(|version| version.name()).collect();
        format!("{client} shows over TLS {}: {sees}", versions.join(", "))
    };
    seen.into_iter().map(line).collect()
}

/// Remedies that differ only in the software stand under one title.
pub(in crate::report) fn remedies(screen: &Screen, remedies: &[Remedy]) -> String {
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
    words.extend(remedy.proof().map(str::to_owned));
    if !remedy.breaks.is_empty() {
        words.push(format!("breaks {}", remedy.breaks.join("; ")));
    }
    let text = printable(&words.join(&format!(" {} ", screen.dot())));
    let bullet = format!("  {} ", screen.bullet());
    hanging(screen, &bullet, &text)
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
