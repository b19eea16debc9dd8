//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::exit;
use crate::matrix::real::Software;
use crate::model::version::TlsVersion;

/// As `--timeout` has it.
const PATIENCE: Duration = Duration::from_secs(30);
const LEAST_PATIENCE: Duration = Duration::from_millis(1);
const MOST_PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// With which TLS servers and clients the keys of a smartcard can log in, which not, why, and what to change.
#[derive(Debug, Parser)]
#[command(name = "cardcheck", version, about, after_help = exit::TABLE, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Try every key against servers with different signature algorithm lists, as each client would
    Matrix(Box<Matrix>),
    /// Show modules, readers, tokens, keys and certificates, and what is in the way; without a PIN
    List(Box<List>),
    /// Check card after card at a technician's desk: card in, verdict, card out, next
    Watch(Box<Watch>),
    /// Look at a certificate by itself, and say what servers make of it
    Inspect(Inspect),
    /// Weigh many cards' reports: which server setting lets how many of them in, with which clients
    Advise(Advise),
    /// Print the long text of a finding, or the list of all findings
    Explain {
        /// The finding's id, such as pss-listed-but-refused
        finding: Option<String>,
    },
    /// Print the JSON Schema of a report
    Schema {
        /// Of which command
        #[arg(value_name = "COMMAND", default_value = "matrix")]
        of: Reported,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Load a module and answer requests on a pipe; cardcheck starts it for itself
    #[command(hide = true)]
    TokenHost,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE, after_long_help = super::names::names_for_help() + "\n\n" + exit::TABLE)]
pub(super) struct Matrix {
    #[command(flatten)]
    pub(super) token: Token,
    #[command(flatten)]
    pub(super) pin: Pin,
    #[command(flatten)]
    pub(super) servers: Servers,
    #[command(flatten)]
    pub(super) effort: Effort,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) token: Token,
    /// Log in, which shows the private keys; costs a try if the PIN is wrong
    #[arg(
        long,
        help_heading = "PIN (else the URI's pin-source, the reader's pad, or a prompt)"
    )]
    pub(super) login: bool,
    #[command(flatten)]
    pub(super) pin: Pin,
    /// What goes to stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        help_heading = "Output"
    )]
    pub(super) format: PlainFormat,
    /// Write the JSON report to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append, help_heading = "Output")]
    pub(super) export_json: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) manner: Manner,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(super) struct Watch {
    #[command(flatten)]
    pub(super) token: Token,
    #[command(flatten)]
    pub(super) pin: Pin,
    #[command(flatten)]
    pub(super) servers: Servers,
    #[command(flatten)]
    pub(super) effort: Effort,
    /// Save each card's whole report: {serial}, {label}, {model} and {time} are filled in, the ending tells the format (.json, .txt, .xml for JUnit, .md)
    #[arg(long, value_name = "PATTERN", help_heading = "Output")]
    pub(super) save: Vec<String>,
    /// End after so many cards [default: go on until Ctrl-C]
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    pub(super) cards: Option<usize>,
    #[command(flatten)]
    pub(super) privacy: Privacy,
    #[command(flatten)]
    pub(super) manner: Manner,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(super) struct Inspect {
    /// A certificate in PEM or DER, its chain behind it if the file has one; or a PKCS#11 URI (RFC 7512) of one on a token
    #[arg(value_name = "FILE|URI")]
    pub(super) what: String,
    /// The CAs that the server trusts, PEM or DER: also follows the chain
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// The PKCS#11 module, for a URI [default: p11-kit's proxy, else a well-known path]
    #[arg(long, value_name = "PATH")]
    pub(super) module: Option<PathBuf>,
    /// What goes to stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: PlainFormat,
    #[command(flatten)]
    pub(super) manner: Manner,
}

impl Inspect {
    /// The token that the URI names.
    pub(super) fn token(&self) -> Token {
        Token {
            module: self.module.clone(),
            token: Some(self.what.clone()),
            slot: None,
            key: Vec::new(),
            timeout: PATIENCE,
            trace_pkcs11: None,
        }
    }
}

#[derive(Debug, ClapArgs)]
#[command(after_help = ADVISE_EXAMPLES)]
pub(super) struct Advise {
    /// JSON reports of `cardcheck matrix` or `watch`; directories of them, however deep (*.json, *.jsonl, *.ndjson); `-` for stdin
    #[arg(required = true, value_name = "REPORT|DIR|-")]
    pub(super) reports: Vec<PathBuf>,
    /// A client that is to log in, or `all`; may be given several times [default: firefox, chrome, openssl, java]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) client: Vec<String>,
    /// What your server asks for today, to compare with: a built-in profile or a TOML file; may be given several times
    #[arg(
        long,
        value_name = "NAME|FILE",
        value_delimiter = ',',
        default_value = "openssl-3.0"
    )]
    pub(super) profile: Vec<String>,
    /// Show this setting in full, with its lines for each server [default: the one that lets most in]
    #[arg(long, value_name = "NAME")]
    pub(super) setting: Option<String>,
    /// Write all settings as profiles to this file: `cardcheck matrix --profile FILE` measures on a card what is inferred here
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) save_profiles: Option<PathBuf>,
    /// What goes to stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        help_heading = "Output"
    )]
    pub(super) format: PlainFormat,
    #[command(flatten)]
    pub(super) manner: Manner,
}

const ADVISE_EXAMPLES: &str = "\
Examples:
  cardcheck advise reports/
  cardcheck advise reports/ --profile my-server.toml --client firefox,chrome
  cardcheck advise reports/ --setting tls1.3-ec-pss
  find /srv/reports -name '*.json' -mtime -30 -exec cat {} + | cardcheck advise -

Exit codes:
  0    here is the advice; reports that were left out are named
  2    the command line is wrong
  3    a file can't be read or written
  4    no report could be read, or there is no card in any";

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Token")]
pub(super) struct Token {
    /// The PKCS#11 module, a shared library [default: p11-kit's proxy, else a well-known path]
    #[arg(long, value_name = "PATH")]
    pub(super) module: Option<PathBuf>,
    /// Only this token: its label, serial number, `slot:N`, or a PKCS#11 URI (RFC 7512)
    #[arg(long, value_name = "LABEL|SERIAL|URI")]
    pub(super) token: Option<String>,
    /// Only the token in this slot
    #[arg(long, value_name = "N", conflicts_with = "token")]
    pub(super) slot: Option<u64>,
    /// Only this key: its label, CKA_ID in hex, or a PKCS#11 URI; may be given several times
    #[arg(long, value_name = "LABEL|ID|URI")]
    pub(super) key: Vec<String>,
    /// How long one call of the module may take before it counts as hanging, such as 30s or 1m; typing at a pad: at least 2m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = patience)]
    pub(super) timeout: Duration,
    /// Write every PKCS#11 call with its arguments, answer and duration to this file; no PIN and no key material, but names
    #[arg(long, value_name = "FILE")]
    pub(super) trace_pkcs11: Option<PathBuf>,
}

#[derive(Debug, Default, ClapArgs)]
#[command(next_help_heading = "PIN (else the URI's pin-source, the reader's pad, or a prompt)")]
pub(super) struct Pin {
    /// Read the PIN from this file; one newline at its end is left out
    #[arg(long, value_name = "FILE", conflicts_with = "pin_env")]
    pub(super) pin_file: Option<PathBuf>,
    /// Read the PIN from this environment variable
    #[arg(long, value_name = "NAME")]
    pub(super) pin_env: Option<String>,
    /// Send the PIN although a wrong one would lock the token
    #[arg(long)]
    pub(super) allow_final_try: bool,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Servers and clients")]
pub(super) struct Servers {
    /// A server's list: a built-in name, or a TOML file; may be given several times [default: all built-in ones]
    #[arg(long, value_name = "NAME|FILE", value_delimiter = ',')]
    pub(super) profile: Vec<String>,
    /// A server's list in OpenSSL's syntax, as `openssl s_server -client_sigalgs` takes it: RSA+SHA256:RSA-PSS+SHA256
    #[arg(long, value_name = "LIST")]
    pub(super) sigalgs: Vec<String>,
    /// A client to imitate, or `all`; may be given several times [default: firefox, chrome, openssl, java]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) client: Vec<String>,
    /// Only this version of TLS
    #[arg(long, value_name = "VERSION")]
    pub(super) tls: Option<Version>,
    /// Try the keys against a real server, started on loopback for each list: openssl, nginx or apache [default: a server inside cardcheck]
    #[arg(long, value_name = "NAME[=PATH]", value_parser = Software::parse)]
    pub(super) server: Option<Software>,
}

#[derive(Clone, Copy, Debug, ClapArgs)]
#[command(next_help_heading = "Effort")]
pub(super) struct Effort {
    /// Fewer signatures: servers whose lists lead to the same signature share a handshake
    #[arg(long)]
    pub(super) quick: bool,
    /// Try mechanisms, too, that the token doesn't list
    #[arg(long)]
    pub(super) probe_unlisted: bool,
    /// Don't run failing cells again to prove the remedies
    #[arg(long)]
    pub(super) no_prove: bool,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(super) struct Output {
    /// What goes to stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: Format,
    /// Write the JSON report to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) export_json: Vec<PathBuf>,
    /// Write JUnit's XML to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) export_junit: Vec<PathBuf>,
    /// Write Markdown to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) export_markdown: Vec<PathBuf>,
    /// Write the table to this file as well, without colour; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) export_table: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) privacy: Privacy,
    #[command(flatten)]
    pub(super) manner: Manner,
}

/// How it is said, whatever is said.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(super) struct Manner {
    /// Colour; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    /// No progress and no prose on stderr; warnings and errors remain
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What a report may tell of its card's owner.
#[derive(Clone, Copy, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(super) struct Privacy {
    /// Replace names and serial numbers in reports by stand-ins, the same in every report of the card: to pass them on
    ///
    /// A stand-in is keyed with a public key of the card. Nobody can guess it back to a name, but whoever has the card's
    /// certificate knows the card again, and whoever has its issuer's knows the issuer. Types, sizes, dates, mechanisms and
    /// answers stay. Only reports are redacted, not what is said on stderr meanwhile.
    #[arg(long)]
    pub(super) redact: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Version {
    /// TLS 1.2
    #[value(name = "1.2")]
    V1_2,
    /// TLS 1.3
    #[value(name = "1.3")]
    V1_3,
}

impl From<Version> for TlsVersion {
    fn from(version: Version) -> TlsVersion {
        match version {
            Version::V1_2 => TlsVersion::V1_2,
            Version::V1_3 => TlsVersion::V1_3,
        }
    }
}

/// A command that has a report of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Reported {
    /// cardcheck.matrix.v1
    Matrix,
    /// cardcheck.list.v1
    List,
    /// cardcheck.inspect.v1
    Inspect,
    /// cardcheck.advise.v1
    Advise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For programs; `cardcheck schema` describes it
    Json,
    /// For CI: a suite for each server, a case for each key, version and client
    Junit,
    /// For tickets
    Markdown,
}

/// The forms of reports that are not of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlainFormat {
    /// For people
    Table,
    /// For programs; `cardcheck schema COMMAND` describes it
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a number, 1 at least".into()),
        Ok(number) => Ok(number),
    }
}

/// A duration as people write it; a bare number is seconds.
fn patience(text: &str) -> Result<Duration, String> {
    let in_seconds = text.parse::<f64>().ok();
    let given = match in_seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string()),
        None => humantime::parse_duration(text).map_err(|error| error.to_string()),
    };
    let given = given.map_err(|why| format!("{why}; write it as 30s, 1m or 500ms"))?;
    match (LEAST_PATIENCE..=MOST_PATIENCE).contains(&given) {
        true => Ok(given),
        false => Err("it must be 1ms at least and a day at most".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::DEFAULT;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn a_time_is_written_as_people_write_it() {
        assert_eq!(patience("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(patience("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(patience("45"), Ok(Duration::from_secs(45)));
        assert_eq!(patience("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "soon", "", "inf", "NaN", "100d", "1e300"] {
            assert!(patience(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_help_names_the_clients_that_are_taken_by_default() {
        use clap::CommandFactory;
        let args = Args::command();
        for command in ["matrix", "watch", "advise"] {
            let command = args.find_subcommand(command).unwrap();
            let mut known = command.get_arguments();
            let client = known.find(|known| known.get_id() == "client").unwrap();
            let names: Vec<&str> = DEFAULT.iter().map(|client| client.name()).collect();
            let default = format!("[default: {}]", names.join(", "));
            assert!(client.get_help().unwrap().to_string().ends_with(&default));
        }
    }
}
