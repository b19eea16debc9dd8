//! The table in tests/modules/README.md: read, compared and, if asked, written.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::expected;
use crate::row::{COLUMNS, Row};
use crate::support;

const BEGIN: &str = "<!-- the suite's -->\n";
const END: &str = "<!-- until here -->\n";

/// Tests run side by side, and there is one file.
static FILE: Mutex<()> = Mutex::new(());

fn path() -> PathBuf {
    support::root().join("tests/modules/README.md")
}

/// The rows that are written down.
pub(crate) fn read() -> Vec<Row> {
    let text = std::fs::read_to_string(path()).unwrap();
    // the head and the line under it are no rows
    table(&text).lines().skip(2).map(parse).collect()
}

fn table(text: &str) -> &str {
    let inside = text
        .split_once(BEGIN)
        .and_then(|(_, rest)| rest.split_once(END));
    inside.expect("the marks of the table are in the file").0
}

fn parse(line: &str) -> Row {
    let mut cells = line
        .trim_matches('|')
        .split('|')
        .map(|cell| cell.trim().trim_matches('`').to_owned());
    Row {
        name: cells.next().unwrap_or_default(),
        cells: cells.collect(),
    }
}

/// The written row is the one seen; or it becomes so, where that was asked for. Another version of the module may differ, which is
/// said.
pub(crate) fn hold(seen: &Row) {
    if is_to_be_written() {
        return write(seen);
    }
    let rows = read();
    let written = rows.iter().find(|row| row.name == seen.name);
    let written =
        written.unwrap_or_else(|| panic!("no row for {}; it would be {seen:?}", seen.name));
    if written.version() == seen.version() {
        assert_eq!(
            seen, written,
            "CARDCHECK_WRITE_TABLE=1 writes what is seen now"
        );
        return;
    }
    let (name, here, there) = (&seen.name, seen.version(), written.version());
    say(&format!(
        "NOT COMPARED: {name}, which is `{here}` here and `{there}` in the table"
    ));
}

/// This system can't have the module. That is a row only as long as nobody else saw one.
pub(crate) fn not_here(name: &str, reason: &str) {
    say(&format!("NOT HERE: {name}: {reason}"));
    if is_to_be_written() && !read().iter().any(|row| row.name == name) {
        write(&Row::unseen(name, reason));
    }
}

/// Past the test harness, which shows no word of a test that passes.
pub(crate) fn say(line: &str) {
    // nobody may be listening
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn is_to_be_written() -> bool {
    std::env::var_os("CARDCHECK_WRITE_TABLE").is_some()
}

fn write(seen: &Row) {
    let _mine = FILE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut rows = read();
    rows.retain(|row| row.name != seen.name);
    rows.push(seen.clone());
    rows.sort_by_key(|row| {
        expected::ALL
            .iter()
            .position(|module| module.name == row.name)
    });
    let text = std::fs::read_to_string(path()).unwrap();
    let new = text.replace(
        &format!("{BEGIN}{}{END}", table(&text)),
        &format!("{BEGIN}{}{END}", shown(&rows)),
    );
    std::fs::write(path(), new).unwrap();
}

fn shown(rows: &[Row]) -> String {
    let line = |name: &str, cells: &[String]| format!("| {name} | {} |\n", cells.join(" | "));
    let head: Vec<String> = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    let under = format!("|{}\n", "---|".repeat(COLUMNS.len() + 1));
    let rows = rows
        .iter()
        .map(|row| line(&format!("`{}`", row.name), &row.cells));
    line("module", &head) + &under + &rows.collect::<String>()
}
