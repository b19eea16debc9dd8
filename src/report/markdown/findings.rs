//! What it means, and what to change.

use super::super::prose;
use super::super::style::Screen;
use super::super::table::findings::seen;
use super::super::table::scope;
use super::text::{block, code, escaped, prose as paragraph};
use crate::model::cell::Cell;
use crate::model::finding::{Finding, Remedy};
use crate::model::run::Run;

/// All findings, in the order they came; nothing if there is none.
pub(super) fn render(run: &Run, screen: &Screen) -> String {
    if run.findings.is_empty() {
        return String::new();
    }
    let findings = run.findings.iter().map(|finding| one(run, screen, finding));
    format!(
        "## What it means\n\n{}",
        findings.collect::<Vec<_>>().join("\n")
    )
}

fn one(run: &Run, screen: &Screen, finding: &Finding) -> String {
    let mut text = format!(
        "### {}: {} ({})\n\n{}\n\n",
        finding.severity.name(),
        paragraph(&finding.title),
        finding.id,
        paragraph(&finding.cause),
    );
    let cells = finding.cells.iter().filter_map(|at| run.cells.get(*at));
    let cells: Vec<&Cell> = cells.collect();
    for line in scope::lines(run, screen, &cells) {
        text.push_str(&format!("- where: {}\n", code(&line)));
    }
    for line in seen(&cells) {
        text.push_str(&format!("- {}\n", escaped(&line)));
    }
    if !cells.is_empty() {
        text.push('\n');
    }
    text + &remedies(&finding.remedies)
}

fn remedies(remedies: &[Remedy]) -> String {
    let mut text = String::new();
    for (first, group) in prose::by_title(remedies) {
        text.push_str(&format!("* {}\n", paragraph(&prose::remedy(first))));
        text.extend(group.iter().map(snippet));
    }
    text
}

fn snippet(remedy: &Remedy) -> String {
    let Some(snippet) = &remedy.snippet else {
        return String::new();
    };
    let software = remedy.software.as_deref();
    let software = software.map(|name| format!("\n  {}:\n", escaped(name)));
    format!("{}\n{}", software.unwrap_or_default(), block("  ", snippet))
}
