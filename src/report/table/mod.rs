//! The table for people: an overview first, then each key's results, then what they mean and what to change.

pub(super) mod columns;
pub mod connected;
pub(super) mod details;
pub(super) mod findings;
pub(super) mod overview;
pub mod probe;
pub(super) mod scope;
pub mod timeline;

use super::changes;
pub(super) use findings::remedies;

use super::prose;
use super::style::{Screen, printable};
use crate::model::run::Run;
use crate::model::token::{PinState, Token};

/// The run as a table that is `screen.width` columns wide.
pub fn render(run: &Run, screen: &Screen) -> String {
    let mut parts = vec![header(run, screen), overview::render(run, screen)];
    parts.push(details::render(run, screen));
    parts.push(findings::render(run, screen));
    parts.extend(
        run.comparison
            .as_ref()
            .map(|comparison| changes::render(comparison, screen)),
    );
    parts.push(notes(&prose::notes(run), screen));
    parts.push(totals(run, screen));
    parts.retain(|part| !part.is_empty());
    screen.shown(parts.join("\n"))
}

/// What a technician needs of it while the card is in: the verdict in a line, the overview and what it means.
pub fn brief(run: &Run, screen: &Screen) -> String {
    let mut parts = vec![overview::render(run, screen)];
    parts.push(findings::render(run, screen));
    parts.push(notes(&prose::notes(run), screen));
    parts.push(verdict(run, screen));
    parts.retain(|part| !part.is_empty());
    screen.shown(parts.join("\n"))
}

fn verdict(run: &Run, screen: &Screen) -> String {
    screen.heading(&screen.wrap(0, &prose::verdict(run, screen))) + "\n"
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

fn notes(notes: &[String], screen: &Screen) -> String {
    let dim = |note: &String| screen.dim(&screen.wrap(0, &format!("note: {}", printable(note))));
    joined(&notes.iter().map(dim).collect::<Vec<_>>())
}

fn totals(run: &Run, screen: &Screen) -> String {
    screen.heading(&screen.wrap(0, &prose::totals(run))) + "\n"
}

fn joined(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests;
