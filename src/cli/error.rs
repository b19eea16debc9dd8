//! Errors for the person: what happened in the field's own name, the cause, and the next step.

use std::io::ErrorKind;
use std::path::Path;

use super::exit::Exit;
use crate::matrix::profiles::{ProfileError, UnknownProfile};
use crate::model::ckr::Ckr;
use crate::model::function::Function;
use crate::model::lost::Lost;
use crate::model::obstacle::Obstacle;
use crate::model::scheme::UnknownScheme;
use crate::model::{did_you_mean, nearest_name};
use crate::serve::CantListen;
use crate::tls::authority::AuthorityError;
use crate::token::ModuleError;
use crate::token::discover;
use crate::token::pin_rules::PinRefusal;
use crate::token::refusal::Refusal;
use crate::token::select::BadUri;

/// What went wrong, what to do next, and how the program ends.
#[derive(Debug)]
pub(super) struct CliError {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) exit: Exit,
}

impl CliError {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(super) fn environment(message: impl Into<String>) -> Self {
        Self::new(Exit::Environment, message)
    }

    pub(super) fn nothing_to_try(message: impl Into<String>) -> Self {
        Self::new(Exit::NothingToTry, message)
    }

    /// A file that the user named, before anything was run.
    pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> Self {
        Self::environment(format!("can't write {}: {error}", path.display()))
            .help("nothing was run; name a path in a directory that exists and is yours")
    }

    pub(super) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted before anything was tried")
    }

    /// A name that is none of the known ones, with the nearest of them.
    pub(super) fn unknown<'a>(
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let near = nearest_name(name, known.into_iter());
        Self::usage(format!("unknown {what} `{name}`{}", did_you_mean(near)))
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As a part of a report.
    pub(super) fn into_obstacle(self, id: &'static str) -> Obstacle {
        Obstacle {
            id,
            what: self.message,
            next: self.help.unwrap_or_default(),
        }
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        CliError {
            message: message.into(),
            help: None,
            exit,
        }
    }
}

/// No module was named, and none is where one would be looked for.
pub(super) fn no_module() -> CliError {
    let names = discover::names_looked_for();
    CliError::environment(format!("no PKCS#11 module found; looked for {names}"))
        .help("install one (Debian: opensc-pkcs11 or softhsm2), or name it with --module")
}

impl From<ModuleError> for CliError {
    fn from(error: ModuleError) -> Self {
        let help = match &error {
            ModuleError::NotFound(_) => "check the path; Debian puts modules in /usr/lib/<architecture>/ and /usr/lib/softhsm/".into(),
            ModuleError::Directory(_) => "name the library in it, such as opensc-pkcs11.so".into(),
            ModuleError::NotALibrary { .. } => format!(
                "a PKCS#11 module is a shared library (.so) for this machine's architecture, {}",
                std::env::consts::ARCH
            ),
            ModuleError::OtherArchitecture { ours, .. } => format!("install the module's package for {ours}, or a cardcheck for the module's architecture"),
            ModuleError::NotPkcs11(_) => "it is some other library; the module's documentation names the right file".into(),
            ModuleError::Refused(refusal) => refusal_help(refusal),
            ModuleError::Lost { lost, .. } => lost_help(lost).into(),
        };
        CliError::environment(error.to_string()).help(help)
    }
}

fn refusal_help(refusal: &Refusal) -> String {
    if let Some(lost) = refusal.lost() {
        return lost_help(lost).into();
    }
    match refusal.function {
        Function::Initialize if refusal.ckr() == Some(Ckr(0x07)) => {
            "the module wants arguments that only p11-kit can give: configure it there and use p11-kit-proxy.so".into()
        }
        Function::Initialize => "the module's own configuration may be missing or wrong; try it with `pkcs11-tool --module M -L`".into(),
        _ => "try the module with `pkcs11-tool --module M -L`; if that fails too, the module is to blame".into(),
    }
}

/// The module hung or crashed.
fn lost_help(lost: &Lost) -> &'static str {
    match (lost.hung(), lost.during) {
        (true, Some(Function::Login)) => {
            "the PIN was sent once and will not be sent again in this run; see how many tries are left before the next one"
        }
        (true, _) => {
            "a slow one may need a longer --timeout; else end other programs that use the reader, pull the card and put it back, or attach what --trace-pkcs11 writes to a report to the module's makers"
        }
        (false, Some(Function::Login)) => {
            "the PIN was sent once and will not be sent again in this run; the module is broken: try a newer version of it"
        }
        (false, _) => {
            "the module is broken, or not for this system: try a newer version, or attach what --trace-pkcs11 writes to a report to its makers"
        }
    }
}

/// Something is in a slot that the module doesn't count among those with a token.
pub(super) fn unreachable_token(refusal: &Refusal) -> CliError {
    match refusal.ckr() {
        Some(Ckr::TOKEN_NOT_RECOGNIZED) => {
            CliError::environment(format!("the module doesn't know the card that is in the reader ({refusal})"))
                .help("use the module that belongs to the card; what it is, `opensc-tool --atr --name` tells")
        }
        _ => CliError::environment(format!("the module can't get at what is in the reader ({refusal})")).help(
            "another program may hold the reader (a browser, an agent such as scdaemon, a VPN client): end it; else pull the card and put it back",
        ),
    }
}

/// A call on a token that was refused.
pub(super) fn token_refused(token: &str, refusal: &Refusal) -> CliError {
    if let Some(lost) = refusal.lost() {
        return CliError::environment(format!("token `{token}`: {lost}")).help(lost_help(lost));
    }
    let help = match refusal.ckr().map(|ckr| ckr.to_string()).as_deref() {
        Some("CKR_PIN_INCORRECT") => {
            "it was sent once and will not be sent again in this run; check the PIN before the next one: each wrong PIN costs a try"
        }
        Some("CKR_PIN_LOCKED") => {
            "unblock it with the PUK or the issuer's tool; cardcheck never does"
        }
        Some("CKR_PIN_LEN_RANGE" | "CKR_PIN_INVALID") => {
            "the token refused the PIN's form; no try was spent"
        }
        Some("CKR_PIN_EXPIRED") => "set a new PIN with the issuer's tool",
        Some("CKR_DEVICE_REMOVED" | "CKR_TOKEN_NOT_PRESENT") => "put the card back and run again",
        Some("CKR_TOKEN_NOT_RECOGNIZED") => {
            "this module doesn't know the card; try its issuer's module with --module"
        }
        Some("CKR_USER_PIN_NOT_INITIALIZED") => {
            "the token has no user PIN yet; set one with its issuer's tool"
        }
        _ => "pull the card and put it back; if it stays, try another module with --module",
    };
    CliError::environment(format!("token `{token}`: {refusal}")).help(help)
}

/// A PIN that is not sent.
pub(super) fn pin_refused(token: &str, refusal: PinRefusal) -> CliError {
    let help = match refusal {
        PinRefusal::Locked => "unblock it with the PUK or the issuer's tool; cardcheck never does",
        PinRefusal::FinalTry => "check the PIN with its owner; then --allow-final-try sends it",
        PinRefusal::Length { .. } => {
            "check --pin-file or --pin-env for a wrong file, blanks or a missing digit"
        }
    };
    CliError::environment(format!("token `{token}`: {refusal}")).help(help)
}

impl From<Obstacle> for CliError {
    fn from(obstacle: Obstacle) -> Self {
        CliError::environment(obstacle.what).help(obstacle.next)
    }
}

impl From<BadUri> for CliError {
    fn from(error: BadUri) -> Self {
        CliError::usage(error.to_string()).help(error.help)
    }
}

impl From<UnknownScheme> for CliError {
    fn from(error: UnknownScheme) -> Self {
        CliError::usage(error.to_string()).help(
            "OpenSSL's syntax: names with colons between, `RSA+SHA256:RSA-PSS+SHA256:ECDSA+SHA256`",
        )
    }
}

impl From<UnknownProfile> for CliError {
    fn from(error: UnknownProfile) -> Self {
        CliError::usage(error.to_string())
            .help("--profile takes a built-in name, or a file of your own (TOML) by its path")
    }
}

impl From<ProfileError> for CliError {
    fn from(error: ProfileError) -> Self {
        CliError::usage(error.to_string())
    }
}

impl From<CantListen> for CliError {
    fn from(error: CantListen) -> Self {
        let help = match error.error.kind() {
            ErrorKind::AddrInUse => {
                "another program has the port, perhaps another `cardcheck serve`; `--listen 127.0.0.1:0` takes free ones"
            }
            ErrorKind::PermissionDenied => {
                "ports below 1024 are the system's; --listen takes others"
            }
            ErrorKind::AddrNotAvailable => {
                "the address is not one of this machine's; `ip address` lists them"
            }
            _ => "try another address with --listen",
        };
        CliError::environment(error.to_string()).help(help)
    }
}

impl From<AuthorityError> for CliError {
    fn from(error: AuthorityError) -> Self {
        CliError::environment(error.to_string())
    }
}
