//! Sentences that more than one format says.

use super::style::{Screen, counted};
use crate::model::cell::{Outcome, Stage, Verdict};
use crate::model::finding::Remedy;
use crate::model::run::{Reach, Run};

/// `✗ not good: 4 of 10 logins work`.
pub(super) fn verdict(run: &Run, screen: &Screen) -> String {
    let passed = run.count(Outcome::Pass);
    let all = run.cells.len() - run.count(Outcome::NotApplicable);
    let logins = format!("{passed} of {} work", counted(all, "login"));
    let good = match run.comparison {
        Some(_) => "as before",
        None => "good",
    };
    match (run.is_conclusive(), run.is_as_expected()) {
        (false, _) => format!("? not all was tried: {logins}"),
        (true, true) => format!("{} {good}: {logins}", screen.tick()),
        (true, false) => format!("{} not {good}: {logins}", screen.cross()),
    }
}

/// `10 cells: 6 pass, 4 fail; 12 signatures in 1.2 s; 4 not as expected`.
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
    match (run.unexpected(), run.count(Outcome::Fail)) {
        (0, 0) => {}
        (0, _) => text.push_str("; all as expected"),
        (unexpected, _) => text.push_str(&format!("; {unexpected} not as expected")),
    }
    text + cut_short(run)
}

/// What stands behind a run's totals if not all came to its turn.
pub(super) fn cut_short(run: &Run) -> &'static str {
    match run.reach {
        Reach::Whole => "",
        Reach::Interrupted => "; interrupted, the rest was not tried",
        Reach::GivenUp => "; a token was given up, the rest of it was not tried",
    }
}

/// What the harness could not do. Which list lacks which scheme is in the JSON report; elsewhere it takes a sentence.
pub(super) fn notes(run: &Run) -> Vec<String> {
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
    notes
}

/// With its first letter in upper case.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// `pass with rsa_pkcs1_sha256 (CKM_RSA_PKCS)`, `sign: CKR_MECHANISM_INVALID with rsa_pss_rsae_sha256 (CKM_RSA_PKCS_PSS)`.
pub(super) fn result(verdict: &Verdict) -> String {
    let what = match verdict.outcome {
        Outcome::Pass => "pass".to_owned(),
        Outcome::Fail => failure(verdict),
        Outcome::NotApplicable => "not applicable".to_owned(),
        Outcome::Skipped => "skipped".to_owned(),
        Outcome::Error => "could not tell".to_owned(),
    };
    match (&verdict.scheme, &verdict.route) {
        (Some(scheme), Some(route)) => format!("{what} with {scheme} ({route})"),
        (Some(scheme), None) => format!("{what} with {scheme}"),
        (None, _) => what,
    }
}

/// The stage, and the token's or the server's own word for it.
pub(super) fn failure(verdict: &Verdict) -> String {
    let stage = verdict.stage.as_deref().unwrap_or("fail");
    let what = match (stage == Stage::Select.name(), &verdict.alert) {
        // whatever alert followed, this is what went wrong; without one it was the client that ended it
        (true, Some(_)) => Some("no certificate sent"),
        (true, None) => Some("no way to sign"),
        (false, alert) => verdict.ckr.as_deref().or(alert.as_deref()),
    };
    what.map_or_else(|| stage.to_owned(), |what| format!("{stage}: {what}"))
}

/// `server: Ask for PKCS1 only (proven; breaks TLS 1.3)`.
pub(super) fn remedy(remedy: &Remedy) -> String {
    let mut about = Vec::new();
    if !remedy.clients.is_empty() {
        about.push(format!("helps {} only", remedy.clients.join(", ")));
    }
    about.extend(remedy.proof().map(str::to_owned));
    if !remedy.breaks.is_empty() {
        about.push(format!("breaks {}", remedy.breaks.join("; ")));
    }
    let title = format!("{}: {}", remedy.place.name(), remedy.title);
    match about.is_empty() {
        true => title,
        false => format!("{title} ({})", about.join("; ")),
    }
}

/// Remedies that differ only in the software, under one title.
pub(super) fn by_title(remedies: &[Remedy]) -> impl Iterator<Item = (&Remedy, &[Remedy])> {
    let alike = |a: &Remedy, b: &Remedy| (a.place, &a.title) == (b.place, &b.title);
    let groups = remedies.chunk_by(alike);
    groups.filter_map(|group| group.first().map(|first| (first, group)))
}

/// A line for each, and, if wanted, below it the settings to copy.
pub(super) fn remedies(remedies: &[Remedy], snippets: bool) -> String {
    let mut text = String::new();
    for (first, group) in by_title(remedies) {
        text.push_str(&format!("- {}\n", remedy(first)));
        for remedy in group.iter().filter(|_| snippets) {
            text.push_str(&snippet(remedy));
        }
    }
    text
}

fn snippet(remedy: &Remedy) -> String {
    let Some(snippet) = &remedy.snippet else {
        return String::new();
    };
    let software = remedy
        .software
        .as_deref()
        .map(|name| format!("    {name}:\n"));
    let lines = snippet.lines().map(|line| format!("      {line}\n"));
    software.into_iter().chain(lines).collect()
}
