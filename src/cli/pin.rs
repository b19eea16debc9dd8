//! Where the PIN comes from, and that a wrong one is sent only once.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use zeroize::{Zeroize, Zeroizing};

use super::args;
use super::error::{CliError, pin_refused};
use super::exit::Exit;
use super::speak;
use crate::model::token::Token;
use crate::report::style::printable;
use crate::token::limits;
use crate::token::pin_rules;
use crate::token::protocol::{Description, Login, Pin};
use crate::token::select::Uri;

/// A file that is longer holds no PIN, bytes.
const LONGEST_FILE: usize = 4095;

/// The PIN's source, and what became of the PIN so far.
pub(super) struct PinKeeper {
    source: Source,
    /// Which PIN which token refused: it does not go to that token a second time. One that was given for all goes to no other
    /// token either.
    refused: Vec<(Token, Pin)>,
    allow_final_try: bool,
}

enum Source {
    /// The same PIN for every token.
    Given(Pin),
    /// Each token's own, from its pad or from the terminal.
    Asked,
}

impl PinKeeper {
    /// Reads the PIN from where the user said it is; nothing is sent anywhere.
    ///
    /// # Errors
    /// The file or variable is missing or empty.
    pub(super) fn new(pin: &args::Pin, uri: Option<&Uri>) -> Result<PinKeeper, CliError> {
        // Ctrl-\ would leave one behind
        limits::leave_no_core_file();
        let source = match (&pin.pin_file, &pin.pin_env, uri) {
            (Some(file), ..) => Source::Given(from_file(file)?),
            (None, Some(name), _) => Source::Given(from_environment(name)?),
            (None, None, Some(uri)) => from_uri(uri)?,
            (None, None, None) => Source::Asked,
        };
        Ok(PinKeeper {
            source,
            refused: Vec::new(),
            allow_final_try: pin.allow_final_try,
        })
    }

    /// How to log in to this token. The token's flags and the PIN's length are looked at before anything is asked or sent.
    ///
    /// # Errors
    /// A rule at the card forbids it, or there is no PIN and nobody to ask.
    pub(super) fn login_for(&mut self, token: &Description) -> Result<Login, CliError> {
        let label = &token.token.label;
        pin_rules::may_log_in(token.token.pin, self.allow_final_try)
            .map_err(|refusal| pin_refused(label, refusal))?;
        let pin = match &self.source {
            Source::Given(_) if !self.refused.is_empty() => {
                return Err(CliError::environment(format!(
                    "token `{label}`: the PIN was not sent"
                ))
                .help("another token refused it in this run; name one token with --token"));
            }
            Source::Given(pin) => pin.clone(),
            Source::Asked if token.token.pad => {
                speak::say(&format!(
                    "token `{label}`: type the PIN at the reader's own keypad"
                ));
                return Ok(Login::Pad);
            }
            Source::Asked => self.not_refused(&token.token, prompt(label)?)?,
        };
        pin_rules::length_fits(pin.expose_secret().len(), token)
            .map_err(|refusal| pin_refused(label, refusal))?;
        Ok(Login::Pin(pin))
    }

    /// The token refused the PIN.
    pub(super) fn was_wrong(&mut self, token: &Token, login: Login) {
        if let Login::Pin(pin) = login {
            self.refused.push((token.clone(), pin));
        }
    }

    fn not_refused(&self, token: &Token, typed: Pin) -> Result<Pin, CliError> {
        let same = |(known, pin): &(Token, Pin)| {
            known.is_same(token) && pin.expose_secret() == typed.expose_secret()
        };
        match self.refused.iter().any(same) {
            false => Ok(typed),
            true => Err(CliError::environment(format!(
                "token `{}` refused this PIN before; it was not sent again",
                token.label
            ))
            .help("find out the right one first: each wrong PIN costs a try")),
        }
    }
}

fn from_file(path: &Path) -> Result<Pin, CliError> {
    let shown = path.display();
    let bytes = read_whole(path).map_err(|error| {
        CliError::environment(format!("PIN file {shown}: {error}"))
            .help("--pin-file takes a file that holds the PIN and nothing else")
    })?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| CliError::environment(format!("PIN file {shown}: not text")))?;
    let pin = text.strip_suffix('\n').unwrap_or(text);
    let pin = pin.strip_suffix('\r').unwrap_or(pin);
    if pin.is_empty() {
        return Err(
            CliError::environment(format!("PIN file {shown}: it is empty"))
                .help("write the PIN into it, and make it readable for you only (chmod 600)"),
        );
    }
    Ok(secret(pin))
}

/// Into one buffer that is large enough: one that grows leaves copies behind.
fn read_whole(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_FILE + 1));
    let most = u64::try_from(LONGEST_FILE).unwrap_or(u64::MAX);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    match bytes.len() < LONGEST_FILE {
        true => Ok(bytes),
        false => Err(io::Error::other("it is longer than any PIN")),
    }
}

fn secret(pin: &str) -> Pin {
    Pin::new(SecretString::from(pin))
}

fn from_environment(name: &str) -> Result<Pin, CliError> {
    let mut value = std::env::var(name).unwrap_or_default();
    if value.is_empty() {
        return Err(CliError::environment(format!(
            "the environment variable {name} is not set, or empty"
        ))
        .help("--pin-env takes the name of a variable that holds the PIN, not the PIN"));
    }
    let pin = secret(&value);
    value.zeroize();
    Ok(pin)
}

fn from_uri(uri: &Uri) -> Result<Source, CliError> {
    if let Some(source) = &uri.pin_source {
        let path = source
            .strip_prefix("file://")
            .or_else(|| source.strip_prefix("file:"));
        let path = path.unwrap_or(source);
        if path.starts_with('|') {
            return Err(
                CliError::usage("pin-source with a command is not supported")
                    .help("write the PIN to a file, or give it with --pin-env"),
            );
        }
        return Ok(Source::Given(from_file(Path::new(path))?));
    }
    if let Some(pin) = &uri.pin_value {
        speak::warning(
            "a PIN in a URI shows in the process list and in the shell's history; use pin-source or --pin-file",
        );
        return Ok(Source::Given(secret(&pin.0)));
    }
    Ok(Source::Asked)
}

/// Asks at the terminal, without echo; the prompt doesn't go to stdout.
fn prompt(label: &str) -> Result<Pin, CliError> {
    match rpassword::prompt_password(format!("PIN for token `{}`: ", printable(label))) {
        Ok(mut pin) if pin.is_empty() => {
            pin.zeroize();
            Err(CliError::environment(
                "no PIN was given; nothing was sent to the token",
            ))
        }
        Ok(mut pin) => {
            let given = secret(&pin);
            pin.zeroize();
            Ok(given)
        }
        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Err(CliError {
            exit: Exit::Interrupted,
            ..CliError::interrupted()
        }),
        Err(_) => Err(CliError::environment(format!(
            "token `{label}` wants a PIN, and there is no terminal to ask for it"
        ))
        .help("give it with --pin-file FILE or --pin-env NAME")),
    }
}
