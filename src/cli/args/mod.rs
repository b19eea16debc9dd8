//! The command line.

mod cards;
mod groups;
mod papers;
mod sites;
mod values;

use clap::{Parser, Subcommand};

pub(super) use cards::{List, Matrix, Watch};
pub(super) use groups::{
    Detail, Effort, Identity, Manner, Output, Pin, PlainOutput, Privacy, Servers, Token, Way,
};
pub(super) use papers::{Advise, Diff, Inspect};
pub(super) use sites::{Connect, Probe, Serve};
pub(super) use values::{Color, Expected, Format, PlainFormat, Reported, Telling};

use super::exit;

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
