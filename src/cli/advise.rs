//! `cardcheck advise`.

use std::path::{Path, PathBuf};

use super::args::{Advise, PlainFormat};
use super::counter::Counter;
use super::error::CliError;
use super::exit::Exit;
use super::output::{screen, stdout};
use super::servers;
use super::speak;
use crate::advise::{self, Question, Source, of_profile, proposed};
use crate::clients::Client;
use crate::model::advice::{Advice, Weighed};
use crate::report::advice;

/// Left-out reports that get a line of their own.
const MOST_WARNINGS: usize = 10;

/// Reads the reports, weighs the settings, prints the advice.
pub(super) fn run(wanted: &Advise) -> Result<Exit, CliError> {
    let question = question(wanted)?;
    check_setting(wanted, &question)?;
    let sources = sources(&wanted.reports)?;
    let counter = Counter::new(wanted.manner.quiet, "reports");
    let advice = advise::survey(sources, &question, &|done| counter.at(done));
    counter.finish();

    warn_of_skipped(&advice);
    if advice.cards == 0 {
        return Err(nothing_read(&advice));
    }
    if let Some(path) = &wanted.save_profiles {
        save_profiles(path, &advice)?;
    }
    stdout(&match wanted.format {
        PlainFormat::Json => advice::json(&advice),
        PlainFormat::Table => {
            let screen = screen(wanted.manner.color);
            advice::table(&advice, chosen(wanted, &advice), &screen)
        }
    })?;
    Ok(Exit::AsExpected)
}

fn question(wanted: &Advise) -> Result<Question, CliError> {
    let today = servers::named(&wanted.profile, &[])?;
    let today = today.iter().filter_map(of_profile);
    let clients: Vec<&'static dyn Client> = servers::clients(&wanted.client)?;
    Ok(Question {
        settings: today.chain(proposed()).collect(),
        clients,
    })
}

/// A misspelt name is told before an hour of reading.
fn check_setting(wanted: &Advise, question: &Question) -> Result<(), CliError> {
    let Some(name) = wanted.setting.as_deref() else {
        return Ok(());
    };
    let names = || {
        question
            .settings
            .iter()
            .map(|setting| setting.name.as_str())
    };
    if names().any(|known| known == name) {
        return Ok(());
    }
    let all: Vec<&str> = names().collect();
    Err(CliError::unknown("setting", name, names())
        .help(format!("--setting takes {}", all.join(", "))))
}

fn sources(wanted: &[PathBuf]) -> Result<Vec<Source>, CliError> {
    let mut sources = Vec::new();
    let mut piped = false;
    for path in wanted {
        if path == Path::new("-") {
            // the second one would find nothing left
            if !piped {
                sources.push(Source::Pipe("standard input", Box::new(std::io::stdin())));
            }
            piped = true;
            continue;
        }
        path.metadata().map_err(|error| {
            CliError::environment(format!("can't read {}: {error}", path.display())).help(
                "name a JSON report that `cardcheck matrix --export-json FILE` wrote, a directory of them, or `-`",
            )
        })?;
        sources.push(Source::Path(path.clone()));
    }
    Ok(sources)
}

fn warn_of_skipped(advice: &Advice) {
    let named = advice.skipped_named.iter().take(MOST_WARNINGS);
    let mut told = 0;
    for skipped in named {
        speak::warning(&format!("left out {}: {}", skipped.name, skipped.why));
        told += 1;
    }
    if advice.skipped > told {
        let rest = advice.skipped - told;
        speak::warning(&format!(
            "{rest} more reports were left out; `--format json` names a hundred"
        ));
    }
}

fn nothing_read(advice: &Advice) -> CliError {
    let (why, help) = match (advice.reports, advice.skipped) {
        (0, 0) => (
            "there is no report",
            "a directory is searched for *.json, *.jsonl and *.ndjson; `cardcheck matrix --export-json FILE` writes a report",
        ),
        (0, _) => (
            "none of the reports could be read",
            "`cardcheck matrix --export-json FILE` and `cardcheck watch --save '{serial}.json'` write what is read here",
        ),
        _ => (
            "there is no card in any report",
            "run `cardcheck matrix --export-json FILE` with a card in the reader",
        ),
    };
    CliError::nothing_to_try(why).help(help)
}

fn save_profiles(path: &Path, advice: &Advice) -> Result<(), CliError> {
    let unwritable = |error| {
        CliError::environment(format!("can't write {}: {error}", path.display()))
            .help("name a path in a directory that exists and is yours")
    };
    std::fs::write(path, advice::profiles(advice)).map_err(unwritable)
}

fn chosen<'a>(wanted: &Advise, advice: &'a Advice) -> Option<&'a Weighed> {
    match &wanted.setting {
        Some(name) => advice.setting(name),
        None => advice.best(),
    }
}
