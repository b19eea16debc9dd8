//! `cardcheck list`: what is there, before anything is tried.

use super::args::{self, List};
use super::check::Started;
use super::error::{CliError, no_module};
use super::exit::Exit;
use super::output::{self, Sink};
use super::pin::PinKeeper;
use super::survey::{Opened, Survey};
use super::tokens::{self, Selection};
use crate::model::listing::Listing;
use crate::model::redact;
use crate::report::{json, listing};
use crate::token::discover::{self, Found};

/// Loads the modules one after the other, each in a process of its own, and shows what they have.
pub(super) fn run(wanted: &List) -> Result<Exit, CliError> {
    let selection = Selection::new(&wanted.token)?;
    let pins = pins(wanted, &selection)?;
    let files = wanted.export_json.iter();
    let files = files.map(|path| Sink::open(path));
    let mut files = files.collect::<Result<Vec<_>, _>>()?;
    let mut survey = Survey::new(wanted, &selection, pins);

    let modules = match tokens::named_module(&wanted.token, &selection) {
        Some(path) => vec![survey.open_named(path)?],
        None => survey.open_all(found(wanted)?)?,
    };
    only_one_gets_the_pin(wanted, &survey, &modules)?;
    let started = Started::now();
    let modules = survey.read(modules)?;
    let mut found = Listing {
        started: started.to_the_second(),
        now: started.at.unix_timestamp(),
        service: survey.service(),
        modules,
        default_module: discover::default_module().map(|path| path.display().to_string()),
    };

    if wanted.privacy.redact {
        redact::listing(&mut found);
    }
    if selection.names_one() && found.tokens().next().is_none() {
        return Err(CliError::environment("no token is the one you named")
            .help("without --token and --slot, `cardcheck list` shows all there are"));
    }
    for file in &mut files {
        file.write(&json::listing::render(&found))?;
    }
    output::stdout(&match wanted.format {
        args::PlainFormat::Table => listing::render(&found, &output::screen(wanted.manner.color)),
        args::PlainFormat::Json => json::listing::render(&found),
    })?;
    Ok(exit(&found))
}

/// Only with `--login`: otherwise no PIN is read, asked for or sent.
fn pins(wanted: &List, selection: &Selection) -> Result<Option<PinKeeper>, CliError> {
    let given = wanted.pin.pin_file.is_some() || wanted.pin.pin_env.is_some();
    match (wanted.login, given) {
        (true, _) => PinKeeper::new(&wanted.pin, selection.uri()).map(Some),
        (false, false) => Ok(None),
        (false, true) => Err(CliError::usage("a PIN is of no use without --login")
            .help("`cardcheck list` shows what is public; with --login it logs in and shows the private keys")),
    }
}

fn found(wanted: &List) -> Result<Vec<Found>, CliError> {
    if wanted.token.trace_pkcs11.is_some() {
        return Err(
            CliError::usage("--trace-pkcs11 takes the calls of one module")
                .help("name it with --module"),
        );
    }
    let found = discover::all();
    match found.is_empty() {
        true => Err(no_module()),
        false => Ok(found),
    }
}

/// A PIN goes to the token that it is for. Of several modules' tokens nobody has said which that is.
fn only_one_gets_the_pin(
    wanted: &List,
    survey: &Survey,
    modules: &[Opened],
) -> Result<(), CliError> {
    let locked = survey.wanting_login(modules);
    let named = wanted.token.module.is_some() || wanted.token.token.is_some();
    if !wanted.login || named || locked.len() < 2 {
        return Ok(());
    }
    let there_is = locked.join("; ");
    Err(
        CliError::environment(format!("--login: {} tokens want a PIN", locked.len())).help(
            format!("name one with --token, or its module with --module; there is: {there_is}"),
        ),
    )
}

/// There is a token that holds something, and each of them could be read as wanted. SoftHSM2 always has an empty one beside.
fn exit(found: &Listing) -> Exit {
    let tokens = found.tokens().filter(|token| token.initialized);
    let tokens: Vec<_> = tokens.collect();
    match tokens.is_empty() || tokens.iter().any(|token| token.obstacle.is_some()) {
        true => Exit::Environment,
        false => Exit::AsExpected,
    }
}
