//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::exit;
use crate::model::version::TlsVersion;

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
    /// Check card after card at a technician's desk: card in, verdict, card out, next
    Watch(Box<Watch>),
    /// Open ports that ask a browser, or any TLS client, for its certificate, and a page that tells what it did
    Serve(Box<Serve>),
    /// Print the long text of a finding, or the list of all findings
    Explain {
        /// The finding's id, such as pss-listed-but-refused
        finding: Option<String>,
    },
    /// Print the JSON Schema of the report
    Schema,
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
pub(super) struct Watch {
    #[command(flatten)]
    pub(super) token: Token,
    #[command(flatten)]
    pub(super) pin: Pin,
    #[command(flatten)]
    pub(super) servers: Servers,
    #[command(flatten)]
    pub(super) effort: Effort,
    /// Save each card's whole report: {serial}, {label}, {model} and {time} are filled in, the ending tells the format (.json, .txt)
    #[arg(long, value_name = "PATTERN", help_heading = "Output")]
    pub(super) save: Vec<String>,
    /// End after so many cards [default: go on until Ctrl-C]
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    pub(super) cards: Option<usize>,
    #[command(flatten)]
    pub(super) manner: Manner,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(super) struct Serve {
    /// Where the index page is; each profile's port is one further on. Port 0: free ones
    #[arg(long, value_name = "ADDRESS[:PORT]", default_value = "127.0.0.1:8440", value_parser = listen)]
    pub(super) listen: SocketAddr,
    /// Ask as this server does: a built-in name, or a TOML file; may be given several times [default: a handful that tell cards apart]
    #[arg(long, value_name = "NAME|FILE", value_delimiter = ',')]
    pub(super) profile: Vec<String>,
    /// Ask for a list in OpenSSL's syntax: RSA+SHA256:RSA-PSS+SHA256
    #[arg(long, value_name = "LIST")]
    pub(super) sigalgs: Vec<String>,
    /// Speak only this version of TLS
    #[arg(long, value_name = "VERSION")]
    pub(super) tls: Option<Version>,
    /// Send the names of the CAs in this file (PEM), and hold certificates against them [default: no names, any certificate]
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// End the handshake where a strict server would: no certificate, or one or a signature that it objects to
    #[arg(long)]
    pub(super) require: bool,
    /// How long a client may take to answer, such as 2m; people choose a certificate and type a PIN meanwhile
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = patience)]
    pub(super) timeout: Duration,
    #[command(flatten)]
    pub(super) identity: Identity,
    #[command(flatten)]
    pub(super) fixture: Fixture,
    #[command(flatten)]
    pub(super) manner: Manner,
}

/// Who the server is.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "The server's certificate [default: made for this run]")]
pub(super) struct Identity {
    /// A name or an address for the certificate that is made, besides localhost; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "cert")]
    pub(super) name: Vec<String>,
    /// Write the CA that issued it to this file (PEM), for clients to trust; it is made anew for each run, and its key is not kept
    #[arg(long, value_name = "FILE", conflicts_with = "cert")]
    pub(super) ca_out: Option<PathBuf>,
    /// Use this certificate, with its chain (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(super) cert: Option<PathBuf>,
    /// The private key of --cert (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) key: Option<PathBuf>,
}

/// What other programs' tests need.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "As a fixture for other programs' tests")]
pub(super) struct Fixture {
    /// End after the first visitor; exit code 0 if it logged in and no strict server objects, else 1
    #[arg(long)]
    pub(super) once: bool,
    /// Write the ports to this file once they are open: `PORT NAME` on each line, the index page's first
    #[arg(long, value_name = "FILE")]
    pub(super) port_file: Option<PathBuf>,
    /// How each visit is told on stdout; json: a document on a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Telling,
}

/// How visits are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Telling {
    /// For people
    Text,
    /// For programs
    Json,
}

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

#[derive(Debug, ClapArgs)]
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
    /// Write the table to this file as well, without colour; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) export_table: Vec<PathBuf>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For programs; `cardcheck schema` describes it
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

/// The port of `serve` if none is named; nothing else that is known is there.
const SERVE_PORT: u16 = 8440;

/// An address, with or without a port.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let with_port = text.parse::<SocketAddr>().ok();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let without = || Some(SocketAddr::new(bare.parse().ok()?, SERVE_PORT));
    with_port.or_else(without).ok_or_else(|| {
        "it must be an IP address, such as 127.0.0.1, 0.0.0.0:8440 or [::1]:8440".into()
    })
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
    fn a_port_may_be_left_out() {
        let listens = |text: &str| listen(text).map(|address| address.to_string());
        assert_eq!(listens("127.0.0.1"), Ok("127.0.0.1:8440".into()));
        assert_eq!(listens("0.0.0.0:0"), Ok("0.0.0.0:0".into()));
        assert_eq!(listens("::1"), Ok("[::1]:8440".into()));
        assert_eq!(listens("[::1]"), Ok("[::1]:8440".into()));
        for bad in ["localhost", "8440", "", "1.2.3.4:99999"] {
            assert!(listen(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_help_names_the_clients_that_are_taken_by_default() {
        use clap::CommandFactory;
        let args = Args::command();
        let matrix = args.find_subcommand("matrix").unwrap();
        let mut known = matrix.get_arguments();
        let client = known.find(|known| known.get_id() == "client").unwrap();
        let names: Vec<&str> = DEFAULT.iter().map(|client| client.name()).collect();
        let default = format!("[default: {}]", names.join(", "));
        assert!(client.get_help().unwrap().to_string().ends_with(&default));
    }
}
