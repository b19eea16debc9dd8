//! `cardcheck probe`.

use super::args::{self, Probe as Wanted};
use super::check::Started;
use super::error::CliError;
use super::exit::Exit;
use super::output::{Output, Sink};
use super::progress::Progress;
use super::way;
use crate::live;
use crate::matrix::saved;
use crate::model::probe::{Asks, Probe};
use crate::report;

/// Looks at the server, prints what it asks for.
pub(super) fn run(wanted: &Wanted) -> Result<Exit, CliError> {
    let started = Started::now();
    let target = way::target(&wanted.host, &wanted.way, wanted.path.as_deref())?;
    let settings = way::settings(&wanted.way, wanted.timeout)?;
    let mut output = Output::plain(&wanted.output)?;
    let mut profile = wanted.save_profile.as_deref().map(Sink::open).transpose()?;

    let progress = Progress::new(wanted.output.manner.quiet).with_details(wanted.output.detail);
    let probed = live::probe(&target, &settings, &|what| progress.now(what));
    let (mut found, _) = probed.map_err(|error| way::no_probe(&error, "--timeout"))?;
    progress.end();
    found.started = started.to_the_second();
    found.duration_ms = started.milliseconds();
    if !wanted.trace {
        found.trace.clear();
    }

    output.write_as(|format, screen| report::render_probe(&found, format, screen))?;
    if let Some(file) = &mut profile {
        save(&found, file)?;
    }
    Ok(exit(&found, wanted.expect))
}

fn exit(found: &Probe, expected: Option<args::Expected>) -> Exit {
    let asks = |wanted: Asks| found.spoken().all(|facts| facts.asks == wanted);
    match expected {
        _ if !found.complete => Exit::Interrupted,
        Some(expected) if !asks(expected.into()) => Exit::Unexpected,
        _ if found.has_errors() => Exit::Unexpected,
        _ => Exit::AsExpected,
    }
}

fn save(found: &Probe, file: &mut Sink) -> Result<(), CliError> {
    let Some(profile) = found.profile() else {
        return Err(CliError::nothing_to_try(
            "there is no profile to save: no request for a certificate was seen",
        )
        .help("the report says when the server asks, if it does; --path names the page that needs a certificate"));
    };
    file.write(&saved::to_toml(&profile))
}
