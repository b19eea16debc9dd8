//! The commands that look at what is there already: inspect, diff, advise.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::super::exit;
use super::groups::{Manner, Token};
use super::values::{Color, PATIENCE, PlainFormat};

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(in crate::cli) struct Diff {
    /// The earlier JSON report, of `cardcheck matrix` or `watch`; - reads it from stdin
    #[arg(value_name = "BEFORE")]
    pub(in crate::cli) before: PathBuf,
    /// The later one
    #[arg(value_name = "NOW")]
    pub(in crate::cli) now: PathBuf,
    /// What goes to stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(in crate::cli) format: PlainFormat,
    /// Colour; NO_COLOR is obeyed
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(in crate::cli) color: Color,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(in crate::cli) struct Inspect {
    /// A certificate in PEM or DER, its chain behind it if the file has one; or a PKCS#11 URI (RFC 7512) of one on a token
    #[arg(value_name = "FILE|URI")]
    pub(in crate::cli) what: String,
    /// The CAs that the server trusts, PEM or DER: also follows the chain
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ca: Option<PathBuf>,
    /// The PKCS#11 module, for a URI [default: p11-kit's proxy, else a well-known path]
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) module: Option<PathBuf>,
    /// What goes to stdout
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(in crate::cli) format: PlainFormat,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}

impl Inspect {
    /// The certificates that the URI names, on whichever tokens they are.
    pub(in crate::cli) fn token(&self) -> Token {
        Token {
            module: self.module.clone(),
            token: None,
            slot: None,
            key: vec![self.what.clone()],
            timeout: PATIENCE,
            trace_pkcs11: None,
        }
    }
}

#[derive(Debug, ClapArgs)]
#[command(after_help = ADVISE_EXITS)]
pub(in crate::cli) struct Advise {
    /// JSON reports of `cardcheck matrix` or `watch`; directories of them, however deep (*.json, *.jsonl, *.ndjson); `-` for stdin
    #[arg(required = true, value_name = "REPORT|DIR|-")]
    pub(in crate::cli) reports: Vec<PathBuf>,
    /// A client that is to log in, or `all`; may be given several times [default: firefox, chrome, openssl, java]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(in crate::cli) client: Vec<String>,
    /// What your server asks for today, to compare with: a built-in profile or a TOML file; may be given several times
    #[arg(
        long,
        value_name = "NAME|FILE",
        value_delimiter = ',',
        default_value = "openssl-3.0"
    )]
    pub(in crate::cli) profile: Vec<String>,
    /// Show this setting in full, with its lines for each server [default: the one that lets most in]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) setting: Option<String>,
    /// Write all settings as profiles to this file: `cardcheck matrix --profile FILE` measures on a card what is inferred here
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::cli) save_profiles: Option<PathBuf>,
    /// What goes to stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        help_heading = "Output"
    )]
    pub(in crate::cli) format: PlainFormat,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}

const ADVISE_EXITS: &str = "\
Exit codes:
  0    here is the advice; reports that were left out are named
  2    the command line is wrong
  3    a file can't be read or written
  4    no report could be read, or there is no card in any";
