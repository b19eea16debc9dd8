//! `refused-by-server`: a certificate went out, and the server refused it.

use super::super::Facts;
use super::super::case::{Case, cases};
use super::causes::{Cause, Certainty, causes};
use super::evidence::Evidence;
use super::{ConnectRule, Visit};
use crate::model::cell::{Cell, Stage};
use crate::model::finding::{Finding, Remedy, Severity};
use crate::model::fit::Fit;

pub(super) static RULE: ConnectRule = ConnectRule {
    id: "refused-by-server",
    title: "the server refused the login",
    explanation: "\
A certificate went out with a signature, and the server ended the connection with an alert, without one, or by a page that says so. An \
alert says little, and servers differ in which they send: unknown_ca (48) is about the issuer or a missing intermediate certificate, \
unsupported_certificate (43) often about the extended key usage, certificate_expired (45) about the date or a clock, decrypt_error (51) \
about the signature; handshake_failure (40) and certificate_unknown (46) can be about anything.

How it is told: the alert is joined with what is known of the certificate, of the signature, which cardcheck checked itself, and of \
what the server asks for. A login that was refused is made again with all certificates that lie on the token, or in the file named with \
--chain, behind the key's own, and with the key's own alone: if one of these is accepted, the cause is proven. Where several causes are \
possible they are told, the likeliest first. None is made up: what nothing here can tell is said to be possible, no more.

What helps: what the cause says; and the server's own log, which knows more than its alert.",
    find,
};

fn find(facts: &Facts<'_>, visit: &Visit<'_>) -> Vec<Finding> {
    let refused = facts.failed_at(Stage::ServerVerify);
    let alike = |cell: &Cell| {
        let (key, answer) = (cell.key.clone(), answer(cell));
        let texts = texts(&causes_of(facts, visit, cell));
        (key, answer, texts)
    };
    let cases = cases(facts, refused, alike);
    cases
        .iter()
        .filter_map(|case| finding(facts, visit, case))
        .collect()
}

fn causes_of(facts: &Facts<'_>, visit: &Visit<'_>, cell: &Cell) -> Vec<Cause> {
    let Some(key) = facts.key(&cell.key) else {
        return Vec::new();
    };
    let retries = visit.retries.iter();
    causes(&Evidence {
        cell,
        key,
        fit: visit.fit(cell),
        retries: retries
            .filter(|retry| retry.key == cell.key && retry.version == cell.version)
            .collect(),
        names_cas: visit.names_cas,
        now: facts.now,
    })
}

/// The alert with its number, or the server's words.
fn answer(cell: &Cell) -> String {
    match (&cell.alert, &cell.reason) {
        (Some(alert), _) => match crate::model::alert::Alert::by_name(alert) {
            Some(known) => format!("answers with alert {alert} ({})", known.0),
            None => format!("answers with {alert}"),
        },
        (None, Some(reason)) => format!("refuses: {reason}"),
        (None, None) => "refuses".into(),
    }
}

fn texts(causes: &[Cause]) -> Vec<String> {
    causes.iter().map(|cause| cause.text.clone()).collect()
}

fn finding(facts: &Facts<'_>, visit: &Visit<'_>, case: &Case<'_>) -> Option<Finding> {
    let (_, cell) = case.cells.first()?;
    let causes = causes_of(facts, visit, cell);
    let answer = answer(cell);
    let fits = visit.fit(cell).is_none_or(Fit::fits);
    let severity = if fits {
        Severity::Error
    } else {
        Severity::Warning
    };
    let title = format!("{} {answer} to {}", visit.server, case.keys_named());
    let cause = format!("{} {answer}. {}", visit.server, told(&causes));
    let remedies: Vec<Remedy> = causes
        .iter()
        .flat_map(|cause| cause.remedies.clone())
        .collect();
    Some(case.finding(RULE.id, severity, title, cause, remedies))
}

/// What is known, then what nothing here can tell.
fn told(causes: &[Cause]) -> String {
    let (possible, known): (Vec<&Cause>, Vec<&Cause>) = causes
        .iter()
        .partition(|cause| cause.certainty == Certainty::Possible);
    let known = facts_told(&known);
    let possible: Vec<&str> = possible.iter().map(|cause| cause.text.as_str()).collect();
    match (known.is_empty(), possible.is_empty()) {
        (true, true) => "Why can't be told from here: the server's log has the reason.".into(),
        (false, true) => known,
        (true, false) => format!(
            "Nothing that is known of the certificate explains it. It may be {}; the server's log knows.",
            alternatives(&possible)
        ),
        (false, false) => format!(
            "{known} If it is not that, it may be {}; the server's log knows.",
            alternatives(&possible)
        ),
    }
}

fn facts_told(known: &[&Cause]) -> String {
    match known {
        [] => String::new(),
        [only] if only.certainty == Certainty::Fitting => {
            format!("That fits what is known: {}", lower(&only.text))
        }
        [only] => only.text.clone(),
        several => {
            let numbered = several.iter().enumerate();
            let numbered = numbered.map(|(at, cause)| format!("({}) {}", at + 1, cause.text));
            let all: Vec<String> = numbered.collect();
            format!("Likeliest first: {}", all.join(" "))
        }
    }
}

/// `a; b; or c`, for what has commas of its own.
fn alternatives(items: &[&str]) -> String {
    match items.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{}; or {last}", rest.join("; ")),
        None => String::new(),
    }
}

/// As the end of another sentence.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
