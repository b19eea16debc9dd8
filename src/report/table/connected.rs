//! Keys at a server for people: the server, which certificate fits, who was let in, what it means.

use super::super::prose;
use super::super::style::{Screen, counted, printable};
use super::columns::{lay_out, up_to};
use super::{findings, header, notes, probe};
use crate::model::cell::{Cell, Outcome, Stage, Verdict};
use crate::model::connected::Connected;
use crate::model::fit::{Fit, Place};
use crate::model::key::Key;
use crate::model::run::Run;

/// Columns of a key's name, and of the clients, at most.
const NAME: usize = 24;
const CLIENTS: usize = 24;

/// What was found, as a table that is `screen.width` columns wide.
pub fn render(connected: &Connected, screen: &Screen) -> String {
    let mut parts = probe::server(&connected.probe, screen);
    if let Some(run) = &connected.run {
        parts.push(header(run, screen));
        parts.push(certificates(connected, run, screen));
        parts.push(logins(run, screen));
    }
    let run = connected.run.as_ref();
    parts.push(findings::both(run, &connected.probe.findings, screen));
    parts.extend(run.map(|run| notes(&run.notes, screen)));
    parts.push(screen.heading(&screen.wrap(0, &total(connected))) + "\n");
    parts.retain(|part| !part.is_empty());
    screen.shown(parts.join("\n"))
}

fn total(connected: &Connected) -> String {
    match (&connected.run, &connected.not_tried) {
        (Some(run), _) => let_in_at_all(run),
        (None, Some(why)) => printable(&format!("no key was tried: {why}")),
        (None, None) => "no key was tried".into(),
    }
}

fn let_in_at_all(run: &Run) -> String {
    let passes = |key: &&Key| {
        let mut cells = run.cells.iter();
        cells.any(|cell| cell.key == key.id && cell.outcome == Outcome::Pass)
    };
    let names: Vec<String> = run
        .keys
        .iter()
        .filter(passes)
        .map(Key::name_for_people)
        .collect();
    let (all, seconds) = (run.keys.len(), run.duration_ms as f64 / 1000.0);
    let who = match (names.len(), all) {
        (0, 1) => "the key is not let in".to_owned(),
        (0, _) => format!("none of {all} keys is let in"),
        (some, _) => format!(
            "{some} of {} let in: {}",
            counted(all, "key"),
            names.join(", ")
        ),
    };
    let signatures = counted(run.signatures, "signature");
    printable(&format!("{who}; {signatures} in {seconds:.1} s")) + prose::cut_short(run)
}

/// Each certificate once; the versions apart only where they differ.
fn certificates(connected: &Connected, run: &Run, screen: &Screen) -> String {
    let mut seen: Vec<&Fit> = Vec::new();
    let mut text = screen.heading("which certificate fits what it asks for") + "\n";
    for fit in &connected.fits {
        let same = |other: &&Fit| (&other.key, &other.sha256) == (&fit.key, &fit.sha256);
        if seen.iter().any(&same) {
            continue;
        }
        seen.push(fit);
        let versions: Vec<&Fit> = connected.fits.iter().filter(same).collect();
        text.push_str(&certificate(run, &versions, screen));
    }
    text
}

fn certificate(run: &Run, versions: &[&Fit], screen: &Screen) -> String {
    let Some(first) = versions.first() else {
        return String::new();
    };
    let symbol = match versions.iter().filter(|fit| fit.fits()).count() {
        0 => screen.cross(),
        fitting if fitting == versions.len() => screen.tick(),
        _ => "!",
    };
    let subject = first.subject.as_deref().unwrap_or("no certificate");
    let heading = printable(&format!("{}  {subject}", key_named(run, first)));
    let mut text =
        screen.colour_symbols(&(screen.fill(&format!("  {symbol} "), "    ", &heading) + "\n"));
    let alike = versions
        .iter()
        .all(|fit| (&fit.exclusions, &fit.bridge) == (&first.exclusions, &first.bridge));
    if alike {
        text.push_str(&reasons(first, "", screen));
    } else {
        for fit in versions {
            let version = format!("TLS {}: ", fit.version);
            text.push_str(&reasons(fit, &version, screen));
        }
    }
    text
}

fn key_named(run: &Run, fit: &Fit) -> String {
    let key = run
        .keys
        .iter()
        .find(|key| Some(&key.id) == fit.key.as_ref());
    match key {
        Some(key) => format!("{} ({})", key.name_for_people(), key.type_for_people()),
        None => "no key".to_owned(),
    }
}

fn reasons(fit: &Fit, version: &str, screen: &Screen) -> String {
    let mut lines: Vec<String> = fit
        .exclusions
        .iter()
        .enumerate()
        .map(|(at, exclusion)| match at {
            0 => format!("{version}does not fit: {}", exclusion.reason),
            _ => format!("{version}besides: {}", exclusion.reason),
        })
        .collect();
    if fit.fits() {
        lines.push(format!("{version}fits"));
    }
    lines.extend(fit.bridge.as_ref().map(|bridge| {
        let place = match bridge.place {
            Place::Token => "it lies on the token",
            Place::File => "it is in the file named with --chain",
        };
        format!(
            "{version}only through {}, which has to be sent too: {place}",
            bridge.subject
        )
    }));
    let shown = |line: &String| screen.fill("      ", "        ", &printable(line)) + "\n";
    lines.iter().map(shown).collect()
}

/// A key's clients and versions that come to the same stand together.
struct Row {
    key: String,
    versions: Vec<&'static str>,
    clients: Vec<String>,
    result: String,
}

fn logins(run: &Run, screen: &Screen) -> String {
    let heading = ["key", "TLS", "client", "result"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(of_keys(run, screen).iter().map(|row| {
        let columns = [
            row.key.clone(),
            row.versions.join(", "),
            row.clients.join(", "),
            row.result.clone(),
        ];
        columns.iter().map(|column| printable(column)).collect()
    }));
    let columns = [up_to(NAME), up_to(8), up_to(CLIENTS), up_to(usize::MAX)];
    let title = screen.heading("who is let in");
    format!("{title}\n{}", lay_out(screen, &columns, &rows))
}

fn of_keys(run: &Run, screen: &Screen) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for cell in &run.cells {
        let key = run.keys.iter().find(|key| key.id == cell.key);
        let key = key.map_or_else(|| cell.key.clone(), |key| key.name_for_people());
        let (version, result) = (cell.version.name(), result(cell, screen));
        let same = |row: &&mut Row| {
            row.key == key && row.result == result && row.versions.last() == Some(&version)
        };
        match rows.iter_mut().find(same) {
            Some(row) => row.clients.push(cell.client.clone()),
            None => rows.push(Row {
                key,
                versions: vec![version],
                clients: vec![cell.client.clone()],
                result,
            }),
        }
    }
    with_versions_together(rows)
}

fn with_versions_together(rows: Vec<Row>) -> Vec<Row> {
    let mut together: Vec<Row> = Vec::new();
    for row in rows {
        let same = |known: &&mut Row| {
            (&known.key, &known.clients, &known.result) == (&row.key, &row.clients, &row.result)
        };
        match together.iter_mut().find(same) {
            Some(known) => known.versions.extend(row.versions),
            None => together.push(row),
        }
    }
    together
}

fn result(cell: &Cell, screen: &Screen) -> String {
    let because = |what: &str| match &cell.reason {
        Some(reason) => format!("{what}: {reason}"),
        None => what.to_owned(),
    };
    match cell.outcome {
        Outcome::Pass => format!("{} {}", screen.tick(), let_in(cell)),
        Outcome::Fail => {
            let failure = because(&failed(cell));
            format!("{} {failure}{}", screen.cross(), without(cell))
        }
        Outcome::NotApplicable => format!("{} {}", screen.dot(), because("not applicable")),
        Outcome::Skipped => format!("{} {}", screen.dot(), because("skipped")),
        Outcome::Error => format!("? {}", because("could not tell")),
    }
}

/// Where, and the word for it; only where, if the reason has the word.
fn failed(cell: &Cell) -> String {
    let (verdict, reason) = (Verdict::from(cell), cell.reason.as_deref());
    let said = |word: &String| reason.is_some_and(|reason| reason.contains(word));
    match (verdict.ckr.as_ref().filter(|ckr| said(ckr)), &verdict.stage) {
        (Some(_), Some(stage)) => stage.clone(),
        _ => prose::failure(&verdict),
    }
}

/// What the alert to an empty certificate says.
fn without(cell: &Cell) -> String {
    let alert = cell
        .alert
        .as_ref()
        .filter(|_| cell.stage == Some(Stage::Select));
    alert.map_or(String::new(), |alert| {
        format!("; {alert} without one: a certificate is required")
    })
}

fn let_in(cell: &Cell) -> String {
    let mut words: Vec<String> = cell.scheme.iter().map(ToString::to_string).collect();
    if let Some(http) = &cell.http {
        words.push(format!("GET {} answers {}", http.path, http.status));
        let leads = http.location.as_ref();
        words.extend(leads.map(|location| format!("leads to {location}")));
    }
    if cell.inferred {
        words.push("inferred: it says goodbye in good form, and does not refuse".into());
    }
    words.extend(cell.reason.clone());
    words.join(", ")
}
