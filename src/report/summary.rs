//! A run in a few words, the same in every format for people.

use super::style::{counted, printable};
use crate::model::cell::Outcome;
use crate::model::key::Key;
use crate::model::run::Run;
use crate::model::token::{PinState, Token};

/// What a technician needs to know first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every cell is as expected, and no finding is an error.
    Good,
    /// One is not.
    NotGood,
    /// Not all was tried.
    CutShort,
}

impl Verdict {
    /// What a run comes to.
    pub(super) fn of(run: &Run) -> Verdict {
        match (run.complete, run.is_as_expected()) {
            (false, _) => Verdict::CutShort,
            (true, true) => Verdict::Good,
            (true, false) => Verdict::NotGood,
        }
    }
}

/// `good: 12 of 12 logins work`.
pub(super) fn verdict(run: &Run) -> String {
    let passed = run.count(Outcome::Pass);
    let all = run.cells.len() - run.count(Outcome::NotApplicable);
    let logins = format!("{passed} of {} work", counted(all, "login"));
    match Verdict::of(run) {
        Verdict::Good => format!("good: {logins}"),
        Verdict::NotGood => format!("not good: {logins}"),
        Verdict::CutShort => format!("not all was tried: {logins}"),
    }
}

/// `6 cells: 4 pass, 2 fail; 30 signatures in 0.1 s; 2 not as expected`.
pub(super) fn totals(run: &Run) -> String {
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
    text
}

/// What the harness could not do. Which list lacks which scheme is in the JSON report; here it takes a sentence.
pub(super) fn notes(run: &Run) -> Vec<String> {
    let mut notes = run.notes.clone();
    if let Some(first) = run.short_lists.first() {
        let servers = match run.short_lists.len() {
            1 => format!("the list of {} was", first.profile),
            many => format!("{many} lists were"),
        };
        notes.push(format!(
            "{servers} sent without schemes that rustls can't offer in TLS {}, such as {}; no result here depends on \
             them, and the JSON report names them all",
            first.version,
            first.schemes.first().map(ToString::to_string).unwrap_or_default(),
        ));
    }
    notes
}

/// The key as a person tells it from the others: with several tokens, by its token too.
pub(super) fn key_name(run: &Run, key: &Key) -> String {
    let name = printable(&key.name_for_people());
    match run.tokens.iter().find(|token| token.id == key.token) {
        Some(token) if run.tokens.len() > 1 => format!("{}/{name}", printable(&token.label)),
        _ => name,
    }
}

/// What is to be said of the PIN; `None`: all is well.
pub(super) fn pin_state(token: &Token) -> Option<&'static str> {
    match token.pin {
        PinState::Ok => None,
        PinState::Low => Some("a wrong PIN was given before"),
        PinState::FinalTry => Some("one PIN try left"),
        PinState::Locked => Some("PIN locked"),
        PinState::NotSet => Some("no PIN set"),
    }
}
