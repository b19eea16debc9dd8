//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::exit;
use crate::matrix::real::Software;
use crate::model::probe::Asks;
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
    /// Ask a server what it wants of its clients: whether a certificate, when, from whom, signed how; needs no card
    Probe(Box<Probe>),
    /// Try every key at a server that exists: which certificate fits, which is let in, and why the others are not
    Connect(Box<Connect>),
    /// Open ports that ask a browser, or any TLS client, for its certificate, and a page that tells what it did
    Serve(Box<Serve>),
    /// Look at a certificate by itself, and say what servers make of it
    Inspect(Inspect),
    /// Weigh many cards' reports: which server setting lets how many of them in, with which clients
    Advise(Advise),
    /// Compare two JSON reports: what works no longer, what works now, which keys came and went
    Diff(Diff),
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
    /// Print the manual page of cardcheck, or of one of its commands
    Man {
        /// The command, such as matrix
        command: Option<String>,
    },
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
    /// Hold the run against this JSON report of an earlier one: only what changed counts, failures of then are expected
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(super) struct Diff {
    /// The earlier JSON report, of `cardcheck matrix` or `watch`; - reads it from stdin
    #[arg(value_name = "BEFORE")]
    pub(super) before: PathBuf,
    /// The later one
    #[arg(value_name = "NOW")]
    pub(super) now: PathBuf,
    /// What goes to stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(super) format: PlainFormat,
    /// Colour; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
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
    pub(super) privacy: Privacy,
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
    /// Save each card's whole report: {serial}, {label}, {model} and {time} are filled in, the ending tells the format (.json, .html, .txt, .xml for JUnit, .md)
    #[arg(long, value_name = "PATTERN", help_heading = "Output")]
    pub(super) save: Vec<String>,
    /// End after so many cards [default: go on until Ctrl-C]
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    pub(super) cards: Option<usize>,
    #[command(flatten)]
    pub(super) privacy: Privacy,
    #[command(flatten)]
    pub(super) detail: Detail,
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

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(super) struct Probe {
    /// The server: HOST, HOST:PORT, [IPV6]:PORT or an https address [default port: 443, or the protocol's]
    pub(super) host: String,
    #[command(flatten)]
    pub(super) way: Way,
    /// How long the server may take to connect, to shake hands and to answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience, help_heading = "The way to the server")]
    pub(super) timeout: Duration,
    /// Ask for this page [default: / where the server is one of the Web]
    #[arg(long, value_name = "/PATH", help_heading = "What to look at")]
    pub(super) path: Option<String>,
    /// Write what the server asks for to this file, for `cardcheck matrix --profile FILE`
    #[arg(long, value_name = "FILE", help_heading = "What to look at")]
    pub(super) save_profile: Option<PathBuf>,
    /// Show every handshake, message by message, both ways, with times
    #[arg(long, help_heading = "What to look at")]
    pub(super) trace: bool,
    /// Exit with 1 unless the server asks so, in every version that it speaks
    #[arg(long, value_name = "HOW", help_heading = "What to look at")]
    pub(super) expect: Option<Expected>,
    /// What goes to stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        help_heading = "Output"
    )]
    pub(super) format: PlainFormat,
    /// Write the JSON report to this file as well; may be given several times
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) export_json: Vec<PathBuf>,
    /// Write the table to this file as well, without colour; may be given several times
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) export_table: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) detail: Detail,
    #[command(flatten)]
    pub(super) manner: Manner,
}

/// How a server is reached.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "The way to the server")]
pub(super) struct Way {
    /// Begin in this protocol and change to TLS: smtp, lmtp, pop3, imap, ftp, xmpp, xmpp-server, irc, postgres, mysql, nntp, sieve, ldap
    #[arg(long, value_name = "PROTOCOL")]
    pub(super) starttls: Option<String>,
    /// Ask for this name instead of the host's (SNI), and hold the certificate against it
    #[arg(long, value_name = "NAME")]
    pub(super) server_name: Option<String>,
    /// Go through this HTTP proxy, by CONNECT
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(super) proxy: Option<String>,
    /// Trust these CAs (PEM) for the server's certificate [default: the system's]
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = CONNECT_EXITS)]
pub(super) struct Connect {
    /// The server: HOST, HOST:PORT, [IPV6]:PORT or an https address [default port: 443, or the protocol's]
    pub(super) host: String,
    #[command(flatten)]
    pub(super) token: Token,
    #[command(flatten)]
    pub(super) pin: Pin,
    #[command(flatten)]
    pub(super) way: Way,
    /// How long the server may take to connect, to shake hands and to answer; a token that signs meanwhile doesn't count
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = patience, help_heading = "The way to the server")]
    pub(super) server_timeout: Duration,
    /// Log in although the server's certificate does not verify: whoever it is gets the certificates and signatures
    #[arg(long, help_heading = "The way to the server")]
    pub(super) insecure: bool,
    /// Ask for this page once logged in [default: / where the server is one of the Web]
    #[arg(long, value_name = "/PATH", help_heading = "What to try")]
    pub(super) path: Option<String>,
    /// A client to imitate besides `any`, or `all`; may be given several times
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "What to try"
    )]
    pub(super) client: Vec<String>,
    /// Only this version of TLS [default: each in which the server asks for a certificate]
    #[arg(long, value_name = "VERSION", help_heading = "What to try")]
    pub(super) tls: Option<Version>,
    /// Intermediate certificates (PEM or DER) to send where the server refuses a certificate without
    #[arg(long, value_name = "FILE", help_heading = "What to try")]
    pub(super) chain: Option<PathBuf>,
    /// Don't run failing logins again to prove the remedies
    #[arg(long, help_heading = "What to try")]
    pub(super) no_prove: bool,
    /// Show every handshake, message by message, both ways, with times
    #[arg(long, help_heading = "Output")]
    pub(super) trace: bool,
    /// What goes to stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        help_heading = "Output"
    )]
    pub(super) format: PlainFormat,
    /// Write the JSON report to this file as well; may be given several times
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) export_json: Vec<PathBuf>,
    /// Write the table to this file as well, without colour; may be given several times
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) export_table: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) detail: Detail,
    #[command(flatten)]
    pub(super) manner: Manner,
}

const CONNECT_EXITS: &str = "\
Exit codes:
  0    a key is let in, and every one whose certificate fits what the server asks for
  1    none is, or one whose certificate fits is not
  2    the command line is wrong
  3    module, token, PIN, network or file system; or the server's certificate does not verify
  4    nothing to try: no key, or the server asks for no certificate
  130  interrupted";

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
#[command(after_help = ADVISE_EXITS)]
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

const ADVISE_EXITS: &str = "\
Exit codes:
  0    here is the advice; reports that were left out are named
  2    the command line is wrong
  3    a file can't be read or written
  4    no report could be read, or there is no card in any";

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
    /// Write the report as a page for a browser to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) export_html: Vec<PathBuf>,
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
    pub(super) detail: Detail,
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

/// How much is said of what is being done.
#[derive(Clone, Copy, Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(super) struct Detail {
    /// Say on stderr what is being done, step by step
    #[arg(long, short, conflicts_with = "quiet")]
    pub(super) verbose: bool,
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

/// How a server is expected to ask for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Expected {
    /// Not at all
    None,
    /// It goes on without one
    Optional,
    /// It refuses who has none
    Required,
}

/// A command that has a report of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Reported {
    /// cardcheck.matrix.v1
    Matrix,
    /// cardcheck.diff.v1
    Diff,
    /// cardcheck.list.v1
    List,
    /// cardcheck.probe.v1
    Probe,
    /// cardcheck.connect.v1
    Connect,
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
    /// For a browser: one page that needs nothing else
    Html,
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

impl From<Expected> for Asks {
    fn from(expected: Expected) -> Asks {
        match expected {
            Expected::None => Asks::None,
            Expected::Optional => Asks::Optional,
            Expected::Required => Asks::Required,
        }
    }
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
