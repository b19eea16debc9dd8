//! The commands that want a card: matrix, list, watch.

use std::path::PathBuf;

use clap::{ArgAction, Args as ClapArgs};

use super::super::exit;
use super::super::names;
use super::groups::{Detail, Effort, Manner, Output, Pin, Privacy, Servers, Token};
use super::values::{PlainFormat, at_least_one};

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE, after_long_help = names::names_for_help() + "\n\n" + exit::TABLE)]
pub(in crate::cli) struct Matrix {
    #[command(flatten)]
    pub(in crate::cli) token: Token,
    #[command(flatten)]
    pub(in crate::cli) pin: Pin,
    #[command(flatten)]
    pub(in crate::cli) servers: Servers,
    #[command(flatten)]
    pub(in crate::cli) effort: Effort,
    /// Hold the run against this JSON report of an earlier one: only what changed counts, failures of then are expected
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) output: Output,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(in crate::cli) token: Token,
    /// Log in, which shows the private keys; costs a try if the PIN is wrong
    #[arg(
        long,
        help_heading = "PIN (else the URI's pin-source, the reader's pad, or a prompt)"
    )]
    pub(in crate::cli) login: bool,
    #[command(flatten)]
    pub(in crate::cli) pin: Pin,
    /// What goes to stdout
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        help_heading = "Output"
    )]
    pub(in crate::cli) format: PlainFormat,
    /// Write the JSON report to this file as well; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append, help_heading = "Output")]
    pub(in crate::cli) export_json: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) privacy: Privacy,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = exit::TABLE)]
pub(in crate::cli) struct Watch {
    #[command(flatten)]
    pub(in crate::cli) token: Token,
    #[command(flatten)]
    pub(in crate::cli) pin: Pin,
    #[command(flatten)]
    pub(in crate::cli) servers: Servers,
    #[command(flatten)]
    pub(in crate::cli) effort: Effort,
    /// Save each card's whole report: {serial}, {label}, {model} and {time} are filled in, the ending tells the format (.json, .html, .txt, .xml for JUnit, .md)
    #[arg(long, value_name = "PATTERN", help_heading = "Output")]
    pub(in crate::cli) save: Vec<String>,
    /// End after so many cards [default: go on until Ctrl-C]
    #[arg(long, value_name = "N", help_heading = "Output", value_parser = at_least_one)]
    pub(in crate::cli) cards: Option<usize>,
    #[command(flatten)]
    pub(in crate::cli) privacy: Privacy,
    #[command(flatten)]
    pub(in crate::cli) detail: Detail,
    #[command(flatten)]
    pub(in crate::cli) manner: Manner,
}
