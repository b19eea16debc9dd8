//! Cells: key x profile x TLS version x client, and what came of each.

use super::ckr::Ckr;
use super::lost::Lost;
use super::route::Route;
use super::scheme::Scheme;
use super::version::TlsVersion;

/// What came of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The server accepted the signature.
    Pass,
    /// It did not come to that.
    Fail,
    /// The key's type can't match the profile at all.
    NotApplicable,
    /// Not run, and the reason is given.
    Skipped,
    /// The harness could not tell.
    Error,
}

impl Outcome {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::NotApplicable => "not_applicable",
            Outcome::Skipped => "skipped",
            Outcome::Error => "error",
        }
    }
}

/// Where a cell failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// No common scheme: an empty certificate went out.
    Select,
    /// The token.
    Sign,
    /// Its signature could not be put into TLS' encoding.
    Encode,
    /// The server refused.
    ServerVerify,
    /// The connection.
    Transport,
}

impl Stage {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Select => "select",
            Stage::Sign => "sign",
            Stage::Encode => "encode",
            Stage::ServerVerify => "server_verify",
            Stage::Transport => "transport",
        }
    }
}

/// One cell, judged.
#[derive(Clone, Debug)]
pub struct Cell {
    /// `k1`.
    pub key: String,
    /// The profile's name.
    pub profile: String,
    /// The version.
    pub version: TlsVersion,
    /// The client's name.
    pub client: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What should have.
    pub expected: Outcome,
    /// The scheme that the client chose.
    pub scheme: Option<Scheme>,
    /// The route that it signed over, the last one tried if it failed.
    pub route: Option<Route>,
    /// Where it failed.
    pub stage: Option<Stage>,
    /// The first CKR, if the token refused.
    pub ckr: Option<Ckr>,
    /// How the module was lost, if it hung or crashed.
    pub lost: Option<Lost>,
    /// The alert that ended the handshake, by name.
    pub alert: Option<String>,
    /// What the client's user sees.
    pub user_sees: Option<String>,
    /// What happened, for people.
    pub reason: Option<String>,
    /// Ids of the findings that explain it.
    pub findings: Vec<String>,
    /// Milliseconds on the token.
    pub sign_ms: Option<f64>,
    /// Milliseconds of the whole handshake.
    pub handshake_ms: Option<f64>,
    /// Did the cell have a handshake of its own?
    pub measured: bool,
    /// The cell whose handshake it shares.
    pub same_as: Option<usize>,
}

impl Cell {
    /// A cell that is expected to pass, and of which nothing is known yet.
    pub fn unjudged(key: &str, profile: &str, version: TlsVersion, client: &str) -> Cell {
        Cell {
            key: key.to_owned(),
            profile: profile.to_owned(),
            version,
            client: client.to_owned(),
            outcome: Outcome::Error,
            expected: Outcome::Pass,
            scheme: None,
            route: None,
            stage: None,
            ckr: None,
            lost: None,
            alert: None,
            user_sees: None,
            reason: None,
            findings: Vec::new(),
            sign_ms: None,
            handshake_ms: None,
            measured: false,
            same_as: None,
        }
    }

    /// Is the outcome the expected one? A skipped cell says nothing against its key.
    pub fn as_expected(&self) -> bool {
        self.outcome == self.expected || self.outcome == Outcome::Skipped
    }
}
