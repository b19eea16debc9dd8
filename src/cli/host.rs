//! Starting token hosts: cardcheck itself, under a hidden subcommand.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::args;
use super::error::CliError;
use super::exit::Exit;
use super::progress::Progress;
use crate::token::launch::{Launch, Notice};
use crate::token::serve;

/// The hidden subcommand, [`Command::TokenHost`](super::args::Command::TokenHost).
const NAME: &str = "token-host";

/// Runs as a token's host. Its stdin and stdout are the pipe to the cardcheck that started it.
///
/// # Errors
/// It was started by hand, or the pipe broke.
pub(super) fn run() -> Result<Exit, CliError> {
    if std::io::stdin().is_terminal() || std::io::stdout().is_terminal() {
        return Err(CliError::usage(format!("`{NAME}` is cardcheck's own"))
            .help("`cardcheck matrix` starts it where it needs it"));
    }
    let served = serve::serve().map(|()| Exit::AsExpected);
    served.map_err(|error| CliError::environment(format!("token host: {error}")))
}

/// How this run's hosts are started.
///
/// # Errors
/// The trace can't be written, or would hold the names that are to be left out.
pub(super) fn launch(
    module: PathBuf,
    token: &args::Token,
    pin: &args::Pin,
    privacy: args::Privacy,
    progress: &Arc<Progress>,
    cancelled: &Arc<AtomicBool>,
) -> Result<Launch, CliError> {
    let trace = token.trace_pkcs11.as_deref();
    if trace.is_some() && privacy.redact {
        return Err(CliError::usage("--trace-pkcs11 does not go with --redact")
            .help("a trace holds labels, serial numbers and certificates as the module gave them: make it in a run of its own"));
    }
    let progress = Arc::clone(progress);
    Ok(Launch {
        program: own_program()?,
        arguments: vec![NAME.to_owned()],
        without_variables: pin.pin_env.iter().cloned().collect(),
        trace: trace.map(|path| begin_trace(path, &module)).transpose()?,
        module,
        timeout: token.timeout,
        cancelled: Arc::clone(cancelled),
        discreet: privacy.redact,
        listener: Arc::new(move |notice| match notice {
            Notice::Said(line) => progress.say(&format!("module: {line}")),
            Notice::Trouble(text) => progress.warn(text),
        }),
    })
}

/// The running program, also after an update has put another one in its place.
fn own_program() -> Result<PathBuf, CliError> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().map_err(|error| {
        CliError::environment(format!("cardcheck can't find its own program: {error}"))
    })
}

/// Empties the file and says at its top what it is; hosts write behind that.
fn begin_trace(path: &Path, module: &Path) -> Result<PathBuf, CliError> {
    let unwritable = |error| CliError::unwritable(path, &error);
    let top = format!(
        "# cardcheck {}: the calls of PKCS#11 module {}; time in UTC, process, call or answer\n\
         # No PIN and no key material is in here. Labels and serial numbers are: look through it before you pass it on.\n",
        env!("CARGO_PKG_VERSION"),
        module.display(),
    );
    let mut file = File::create(path).map_err(unwritable)?;
    file.write_all(top.as_bytes()).map_err(unwritable)?;
    path.canonicalize().map_err(unwritable)
}
