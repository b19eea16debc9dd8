//! `cardcheck matrix`.

use std::sync::Arc;

use super::args::Matrix;
use super::baseline::Baseline;
use super::check::{Check, Started};
use super::error::CliError;
use super::exit::Exit;
use super::host;
use super::interrupt;
use super::output::Output;
use super::pin::PinKeeper;
use super::progress::Progress;
use super::tokens::{self, Selection};
use crate::token::Module;

/// Reads the tokens, tries every key, prints the report.
pub(super) fn run(wanted: &Matrix) -> Result<Exit, CliError> {
    let started = Started::now();
    let progress = Progress::new(wanted.output.manner.quiet);
    let progress = Arc::new(progress.with_details(wanted.output.detail));
    let privacy = wanted.output.privacy;
    let mut check = Check::new(&wanted.servers, wanted.effort, privacy.redact, &progress)?;
    let selection = Selection::new(&wanted.token)?;
    let mut baseline = Baseline::of(wanted)?;
    let mut pins = PinKeeper::new(&wanted.pin, selection.uri())?;
    let mut output = Output::open(&wanted.output)?;
    let cancelled = interrupt::flag();

    check.prepare();
    let path = tokens::module_path(&wanted.token, &selection)?;
    let launch = host::launch(
        path,
        &wanted.token,
        &wanted.pin,
        privacy,
        &progress,
        &cancelled,
    )?;
    let mut module = Module::load(launch)?;
    let (open, incomplete) = tokens::open(&mut module, &selection, &mut pins)?;
    if open.is_empty() {
        return Err(tokens::no_keys(&wanted.token));
    }
    if let Some(baseline) = &mut baseline {
        baseline.look_at(&open);
    }
    let mut found = check.run(module.facts(), open, started, &cancelled)?;
    if let Some(baseline) = &baseline {
        baseline.hold_against(&mut found);
    }

    output.write(&found)?;
    Ok(Exit::of(&found, incomplete))
}
