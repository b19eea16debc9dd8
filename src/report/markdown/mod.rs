//! Markdown for tickets: CommonMark with GitHub's tables, which GitLab, Gitea and most trackers read too.
//!
//! What matters comes first: the verdict, the overview, what it means; then what came of every cell.

mod findings;
mod text;

use self::text::{code, escaped, prose as paragraph};
use super::changes;
use super::prose;
use super::style::Screen;
use super::table::{details, overview};
use crate::model::comparison::Comparison;
use crate::model::run::Run;

/// The run as Markdown.
pub fn render(run: &Run) -> String {
    let screen = Screen::of_a_file();
    let mut parts = vec![
        format!("# cardcheck: {}\n", escaped(&prose::verdict(run, &screen))),
        about(run),
        run.comparison
            .as_ref()
            .map(|comparison| changes(comparison, &screen))
            .unwrap_or_default(),
        overview(run, &screen),
        findings::render(run, &screen),
        results(run, &screen),
        notes(run),
        format!("{}\n", escaped(&prose::totals(run))),
    ];
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// Which module, which tokens, when.
fn about(run: &Run) -> String {
    let module = &run.module;
    let version = format!("{} {}", module.description, module.version);
    let mut lines = vec![format!(
        "module {} ({})",
        code(&module.path),
        code(&version)
    )];
    lines.extend(run.tokens.iter().map(|token| {
        format!(
            "token {}: {}, serial {}, slot {}",
            code(&token.label),
            code(&token.model),
            code(&token.serial),
            token.slot
        )
    }));
    lines.push(format!(
        "{} by cardcheck {}",
        escaped(&run.started),
        env!("CARGO_PKG_VERSION")
    ));
    items(lines)
}

/// What changed since the run that this one is held against.
fn changes(comparison: &Comparison, screen: &Screen) -> String {
    let item = |change: &changes::Told| {
        let places = change
            .places
            .iter()
            .map(|place| format!("  - {}\n", code(place)));
        let mark = change.mark(screen);
        format!(
            "- {mark}{}\n{}",
            paragraph(&change.text),
            places.collect::<String>()
        )
    };
    let told = changes::told(comparison, screen);
    let heading = escaped(&changes::heading(comparison));
    let items = told.iter().map(item).collect::<String>();
    format!("## {}\n\n{items}", prose::sentence(&heading))
}

fn overview(run: &Run, screen: &Screen) -> String {
    let all = overview::rows(run, screen);
    let plain = |cells: &[String]| {
        cells
            .iter()
            .map(|cell| escaped(&on_one_line(cell)))
            .collect()
    };
    let row = |row: &Vec<String>| match row.split_first() {
        Some((key, rest)) if !key.is_empty() => [vec![code(key)], plain(rest)].concat(),
        _ => plain(row),
    };
    let head: Vec<String> = all.first().map(|head| plain(head)).unwrap_or_default();
    let table = table(&head, all.iter().skip(1).map(row));
    let evidence = escaped(&overview::evidence(run));
    format!("## Logs in to how many servers\n\n{table}\nevidence: {evidence}\n")
}

fn results(run: &Run, screen: &Screen) -> String {
    let groups = details::groups(run, screen);
    let groups = groups.iter().map(|group| results_of(run, group));
    format!("## Results\n\n{}", groups.collect::<Vec<_>>().join("\n"))
}

fn results_of(run: &Run, group: &details::Group<'_>) -> String {
    let names: Vec<String> = group
        .keys
        .iter()
        .map(|key| code(&details::described(run, key)))
        .collect();
    let rows = group.lines.iter().map(|line| {
        vec![
            line.version.to_string(),
            escaped(&on_one_line(&details::clients(run, line))),
            escaped(&on_one_line(&line.result)),
            escaped(&line.servers.join(", ")),
        ]
    });
    let head = ["TLS", "client", "result", "servers"].map(str::to_owned);
    let mut parts = vec![format!("### {}\n", names.join(", "))];
    if !group.lines.is_empty() {
        parts.push(table(&head, rows));
    }
    if !group.untried.is_empty() {
        parts.push(items(group.untried.iter().map(|line| escaped(line))));
    }
    parts.join("\n")
}

fn notes(run: &Run) -> String {
    items(
        prose::notes(run)
            .iter()
            .map(|note| format!("note: {}", paragraph(note))),
    )
}

/// A list, or nothing.
fn items(lines: impl IntoIterator<Item = String>) -> String {
    lines
        .into_iter()
        .map(|line| format!("- {line}\n"))
        .collect()
}

/// Its cells are Markdown already.
fn table(head: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = format!("|{}\n", " --- |".repeat(head.len()));
    let rows = rows.into_iter().map(|row| line(&row));
    line(head) + &rule + &rows.collect::<String>()
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
