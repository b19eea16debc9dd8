//! The clients floor: one file for each real client that is imitated, a pure rule over what the model knows.
//!
//! A rule says which scheme its client takes from a server's list, what of the token it looks at before, over which
//! routes it signs, and what its user sees when it fails. A new client is a file here and a line in [`ALL`].
#![forbid(unsafe_code)]

mod any;
mod firefox;
#[cfg(test)]
mod fixtures;
mod openssl;

use crate::model::alert::Alert;
use crate::model::cell::Stage;
use crate::model::choice::Choice;
use crate::model::ckr::Ckr;
use crate::model::key::Key;
use crate::model::request::Request;
use crate::model::scheme::Scheme;
use crate::model::token::Token;
use crate::model::version::TlsVersion;

/// Every client, in the order in which tables show them.
pub static ALL: &[&dyn Client] = &[&any::Any, &firefox::Firefox, &openssl::OpenSsl];

/// A rule that imitates one real client.
pub trait Client: Sync {
    /// The name in tables, reports and on the command line.
    fn name(&self) -> &'static str;

    /// A line for people: which program, which versions.
    fn about(&self) -> &'static str;

    /// What the rule rests on.
    fn evidence(&self) -> Evidence;

    /// What the client does with this key when it is asked for a certificate.
    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice;

    /// What its user sees of a failure; `None` where that is not known.
    fn user_sees(&self, failure: &Failure<'_>) -> Option<String>;
}

/// What a rule may look at: the key with its capabilities, and its token.
#[derive(Clone, Copy)]
pub struct Card<'a> {
    /// The key.
    pub key: &'a Key,
    /// The token it lies on.
    pub token: &'a Token,
}

/// What a rule rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Held against what the real program did.
    Observed,
    /// It is cardcheck's own rule, not an imitation.
    Own,
}

impl Evidence {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::Observed => "observed",
            Evidence::Own => "own",
        }
    }
}

/// A failure, as far as it decides what a user sees.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The list in the server's request.
    pub offered: &'a [Scheme],
    /// Where.
    pub stage: Stage,
    /// The version.
    pub version: TlsVersion,
    /// The token's answer.
    pub ckr: Option<Ckr>,
    /// The server's alert.
    pub alert: Option<Alert>,
}

/// The client of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Client> {
    ALL.iter().copied().find(|client| client.name() == name)
}

/// An empty certificate, and the rule that left nothing else.
fn no_certificate(why: impl Into<String>) -> Choice {
    Choice::NoCertificate { why: why.into() }
}
