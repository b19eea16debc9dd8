//! The table for people: an overview first, then each key's results, then what they mean and what to change.

mod columns;
mod details;
mod findings;
mod overview;
pub mod probe;
mod scope;
pub mod timeline;

use super::style::{Screen, counted, printable};
use crate::model::cell::Outcome;
use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::token::{PinState, Token};

/// The run as a table that is `screen.width` columns wide.
pub fn render(run: &Run, screen: &Screen) -> String {
    let mut parts = vec![header(run, screen), overview::render(run, screen)];
    parts.push(details::render(run, screen));
    parts.push(findings::render(run, screen));
    parts.push(notes(run, screen));
    parts.push(totals(run, screen));
    parts.retain(|part| !part.is_empty());
    screen.shown(parts.join("\n"))
}

/// What a technician needs of it while the card is in: the verdict in a line, the overview and what it means.
pub fn brief(run: &Run, screen: &Screen) -> String {
    let mut parts = vec![overview::render(run, screen)];
    parts.push(findings::render(run, screen));
    parts.push(notes(run, screen));
    parts.push(verdict(run, screen));
    parts.retain(|part| !part.is_empty());
    screen.shown(parts.join("\n"))
}

fn verdict(run: &Run, screen: &Screen) -> String {
    let passed = run.count(Outcome::Pass);
    let all = run.cells.len() - run.count(Outcome::NotApplicable);
    let logins = format!("{passed} of {} work", counted(all, "login"));
    let text = match (run.complete, run.is_as_expected()) {
        (false, _) => format!("? not all was tried: {logins}"),
        (true, true) => format!("{} good: {logins}", screen.tick()),
        (true, false) => format!("{} not good: {logins}", screen.cross()),
    };
    screen.heading(&screen.wrap(0, &text)) + "\n"
}

fn header(run: &Run, screen: &Screen) -> String {
    let module = &run.module;
    let text = format!(
        "module {} ({} {})",
        module.path, module.description, module.version
    );
    let mut lines = vec![screen.dim(&screen.wrap(0, &printable(&text)))];
    lines.extend(run.tokens.iter().map(|token| about_token(token, screen)));
    joined(&lines)
}

fn about_token(token: &Token, screen: &Screen) -> String {
    let label = printable(&token.label);
    let text = screen.fill("", "  ", &format!("token {label}  {}", about(token)));
    // a label that had to be wrapped stays plain
    match text.strip_prefix(&format!("token {label}")) {
        Some(rest) => format!("token {}{}", screen.heading(&label), screen.dim(rest)),
        None => text,
    }
}

fn about(token: &Token) -> String {
    let mut about = printable(&format!(
        "{}, serial {}, slot {}",
        token.model, token.serial, token.slot
    ));
    let pin = match token.pin {
        PinState::Ok => "",
        PinState::Low => ", a wrong PIN was given before",
        PinState::FinalTry => ", one PIN try left",
        PinState::Locked => ", PIN locked",
        PinState::NotSet => ", no PIN set",
    };
    about.push_str(pin);
    about
}

/// What the harness could not do. Which list lacks which scheme is in the JSON report; here it takes a sentence.
fn notes(run: &Run, screen: &Screen) -> String {
    let mut notes = run.notes.clone();
    if run.servers != Run::IN_PROCESS {
        notes.push(format!("the servers were real ones: {}", run.servers));
    }
    if let Some(first) = run.short_lists.first() {
        let servers = match run.short_lists.len() {
            1 => format!("the list of {} was", first.profile),
            many => format!("{many} lists were"),
        };
        notes.push(format!(
            "{servers} sent without schemes that {} can't offer in TLS {}, such as {}; no result here depends on \
             them, and the JSON report names them all",
            run.servers,
            first.version,
            first.schemes.first().map(ToString::to_string).unwrap_or_default(),
        ));
    }
    let dim = |note: &String| screen.dim(&screen.wrap(0, &format!("note: {}", printable(note))));
    joined(&notes.iter().map(dim).collect::<Vec<_>>())
}

fn totals(run: &Run, screen: &Screen) -> String {
    let counts = [
        (Outcome::Pass, "pass"),
        (Outcome::Fail, "fail"),
        (Outcome::NotApplicable, "not applicable"),
        (Outcome::Skipped, "skipped"),
        (Outcome::Error, "could not tell"),
    ];
    let counts = counts
        .iter()
        .map(|(outcome, name)| (run.count(*outcome), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let seconds = run.duration_ms as f64 / 1000.0;
    let (cells, signatures) = (
        counted(run.cells.len(), "cell"),
        counted(run.signatures, "signature"),
    );
    let mut text = format!("{cells}: {counts}; {signatures} in {seconds:.1} s");
    let unexpected = run.unexpected();
    if unexpected > 0 {
        text.push_str(&format!("; {unexpected} not as expected"));
    }
    if !run.complete {
        text.push_str("; interrupted, the rest was not tried");
    }
    screen.heading(&screen.wrap(0, &text)) + "\n"
}

fn joined(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    lines.join("\n") + "\n"
}

/// The key as a person tells it from the others: with several tokens, by its token too.
fn key_name(run: &Run, key: &Key) -> String {
    let name = printable(&key.name_for_people());
    match run.tokens.iter().find(|token| token.id == key.token) {
        Some(token) if run.tokens.len() > 1 => format!("{}/{name}", printable(&token.label)),
        _ => name,
    }
}

#[cfg(test)]
mod tests;
