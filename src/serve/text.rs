//! Pages as plain text.

use super::index::IndexView;
use super::view::{FindingView, View};

/// Columns of a name.
const NAME: usize = 26;
/// Columns of a line that is prose.
const WIDTH: usize = 100;

/// A visit.
pub(super) fn visit(view: &View) -> String {
    let mut text = format!(
        "{} {}\n\nvisit {} to {} from {}, {}\n",
        view.verdict.symbol(),
        view.headline,
        view.number,
        view.door,
        view.from,
        view.began
    );
    text.extend(view.findings.iter().map(finding));
    for section in &view.sections {
        text.push_str(&format!("\n{}\n", section.title));
        for (name, value) in &section.rows {
            let first = format!("  {name:<NAME$} ");
            let further = " ".repeat(NAME + 3);
            let row = indented(&further).initial_indent(&first);
            text.push_str(&(textwrap::fill(value, row) + "\n"));
        }
    }
    if !view.pem.is_empty() {
        text.push_str(&format!("\n{}", view.pem));
    }
    text
}

fn finding(finding: &FindingView) -> String {
    let cause = textwrap::fill(&finding.cause, indented("  "));
    let remedies = finding
        .remedies
        .iter()
        .map(|remedy| textwrap::fill(remedy, indented("    ").initial_indent("  - ")) + "\n");
    format!(
        "\n{} ({})\n{cause}\n{}",
        finding.title,
        finding.id,
        remedies.collect::<String>()
    )
}

fn indented(by: &str) -> textwrap::Options<'_> {
    textwrap::Options::new(WIDTH)
        .initial_indent(by)
        .subsequent_indent(by)
}

/// The index.
pub(super) fn index(view: &IndexView) -> String {
    let mut text = String::from("Try these in order:\n");
    for (at, door) in view.doors.iter().enumerate() {
        text.push_str(&format!("{:>3}. {}  {}\n", at + 1, door.url, door.name));
        text.push_str(&textwrap::fill(&door.about, indented("     ")));
        text.push('\n');
    }
    text.push_str("\nVisits, the newest first:\n");
    if view.visits.is_empty() {
        text.push_str("  none yet\n");
    }
    for visit in &view.visits {
        text.push_str(&format!(
            "  {} {:>4}  {}  {}  {}\n",
            visit.verdict.symbol(),
            visit.number,
            visit.began,
            visit.door,
            visit.headline
        ));
    }
    text
}
