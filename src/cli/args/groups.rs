//! Options that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args as ClapArgs};

use super::values::{Color, Format, PlainFormat, Telling, Version, patience};
use crate::matrix::real::Software;

/// How a server is reached.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "The way to the server")]
pub(in crate::cli) struct Way {
    /// Begin in this protocol and change to TLS: smtp, lmtp, pop3, imap, ftp, xmpp, xmpp-server, irc, postgres, mysql, nntp, sieve, ldap
    #[arg(long, value_name = "PROTOCOL")]
    pub(in crate::cli) starttls: Option<String>,
    /// Ask for this name instead of the host's (SNI), and hold the certificate against it
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) server_name: Option<String>,
    /// Go through this HTTP proxy, by CONNECT
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(in crate::cli) proxy: Option<String>,
    /// Trust these CAs (PEM) for the server's certificate [default: the system's]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ca: Option<PathBuf>,
}

/// Who the server is.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "The server's certificate [default: made for this run]")]
pub(in crate::cli) struct Identity {
    /// A name or an address for the certificate that is made, besides localhost; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "cert")]
    pub(in crate::cli) name: Vec<String>,
    /// Write the CA that issued it to this file (PEM), for clients to trust; it is made anew for each run, and its key is not kept
    #[arg(long, value_name = "FILE", conflicts_with = "cert")]
    pub(in crate::cli) ca_out: Option<PathBuf>,
    /// Use this certificate, with its chain (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(in crate::cli) cert: Option<PathBuf>,
    /// The private key of --cert (PEM, not encrypted)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(in crate::cli) key: Option<PathBuf>,
}

/// What other programs' tests need.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "As a fixture for other programs' tests")]
pub(in crate::cli) struct Fixture {
    /// End after the first visitor; exit code 0 if it logged in and no strict server objects, else 1
    #[arg(long)]
    pub(in crate::cli) once: bool,
    /// Write the ports to this file once they are open: `PORT NAME` on each line, the index page's first
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) port_file: Option<PathBuf>,
    /// How each visit is told on stdout; json: a document on a line
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(in crate::cli) format: Telling,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Token")]
pub(in crate::cli) struct Token {
    /// The PKCS#11 module, a shared library [default: p11-kit's proxy, else a well-known path]
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) module: Option<PathBuf>,
    /// Only this token: its label, serial number, `slot:N`, or a PKCS#11 URI (RFC 7512)
    #[arg(long, value_name = "LABEL|SERIAL|URI")]
    pub(in crate::cli) token: Option<String>,
    /// Only the token in this slot
    #[arg(long, value_name = "N", conflicts_with = "token")]
    pub(in crate::cli) slot: Option<u64>,
    /// Only this key: its label, CKA_ID in hex, or a PKCS#11 URI; may be given several times
    #[arg(long, value_name = "LABEL|ID|URI")]
    pub(in crate::cli) key: Vec<String>,
    /// How long one call of the module may take before it counts as hanging, such as 30s or 1m; typing at a pad: at least 2m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = patience)]
    pub(in crate::cli) timeout: Duration,
    /// Write every PKCS#11 call with its arguments, answer and duration to this file; no PIN and no key material, but names
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) trace_pkcs11: Option<PathBuf>,
}

#[derive(Debug, Default, ClapArgs)]
#[command(next_help_heading = "PIN (else the URI's pin-source, the reader's pad, or a prompt)")]
pub(in crate::cli) struct Pin {
    /// Read the PIN from this file; one newline at its end is left out
    #[arg(long, value_name = "FILE", conflicts_with = "pin_env")]
    pub(in crate::cli) pin_file: Option<PathBuf>,
    /// Read the PIN from this environment variable
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) pin_env: Option<String>,
    /// Send the PIN although a wrong one would lock the token
    #[arg(long)]
    pub(in crate::cli) allow_final_try: bool,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Servers and clients")]
pub(in crate::cli) struct Servers {
    /// A server's list: a built-in name, or a TOML file; may be given several times [default: all built-in ones]
    #[arg(long, value_name = "NAME|FILE", value_delimiter = ',')]
    pub(in crate::cli) profile: Vec<String>,
    /// A server's list in OpenSSL's syntax, as `openssl s_server -client_sigalgs` takes it: RSA+SHA256:RSA-PSS+SHA256
    #[arg(long, value_name = "LIST")]
    pub(in crate::cli) sigalgs: Vec<String>,
    /// A client to imitate, or `all`; may be given several times [default: firefox, chrome, openssl, java]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(in crate::cli) client: Vec<String>,
    /// Only this version of TLS
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) tls: Option<Version>,
    /// Try the keys against a real server, started on loopback for each list: openssl, nginx or apache [default: a server inside cardcheck]
    #[arg(long, value_name = "NAME[=PATH]", value_parser = Software::parse)]
    pub(in crate::cli) server: Option<Software>,
}

#[derive(Clone, Copy, Debug, ClapArgs)]
#[command(next_help_heading = "Effort")]
pub(in crate::cli) struct Effort {
    /// Fewer signatures: servers whose lists lead to the same signature share a handshake
    #[arg(long)]
    pub(in crate::cli) quick: bool,
    /// Try mechanisms, too, that the token doesn't list
    #[arg(long)]
    pub(in crate::cli) probe_unlisted: bool,
    /// Don't run failing cells again to prove the remedies
    #[arg(long)]
    pub(in crate::cli) no_prove: bool,
}

#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct Output {
    /// What goes to stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(in crate::cli) format: Format,
    /// Write the JSON report to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(in crate::cli) export_json: Vec<PathBuf>,
    /// Write the report as a page for a browser to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(in crate::cli) export_html: Vec<PathBuf>,
    /// Write JUnit's XML to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(in crate::cli) export_junit: Vec<PathBuf>,
    /// Write Markdown to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(in crate::cli) export_markdown: Vec<PathBuf>,
    /// Write the table to this file as well, without colour; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(in crate::cli) export_table: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) privacy: Privacy,
    #[command(flatten)]
    pub(in crate::cli) detail: Detail,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}

/// The same of a report that is not of a run.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct PlainOutput {
    /// What goes to stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(in crate::cli) format: PlainFormat,
    /// Write the JSON report to this file as well; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_json: Vec<PathBuf>,
    /// Write the table to this file as well, without colour; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) export_table: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) detail: Detail,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}

/// How it is said, whatever is said.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct Manner {
    /// Colour; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(in crate::cli) color: Color,
    /// No progress and no prose on stderr; warnings and errors remain
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
}

/// How much is said of what is being done.
#[derive(Clone, Copy, Debug, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct Detail {
    /// Say on stderr what is being done, step by step
    #[arg(long, short, conflicts_with = "quiet")]
    pub(in crate::cli) verbose: bool,
}

/// What a report may tell of its card's owner.
#[derive(Clone, Copy, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct Privacy {
    /// Replace names and serial numbers in reports by stand-ins, the same in every report of the card: to pass them on
    ///
    /// A stand-in is keyed with a public key of the card. Nobody can guess it back to a name, but whoever has the card's
    /// certificate knows the card again, and whoever has its issuer's knows the issuer. Types, sizes, dates, mechanisms and
    /// answers stay. Only reports are redacted, not what is said on stderr meanwhile.
    #[arg(long)]
    pub(in crate::cli) redact: bool,
}
