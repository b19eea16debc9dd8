//! Cells: key x profile x TLS version x client, and what came of each.

use super::ckr::Ckr;
use super::lost::Lost;
use super::probe::HttpAnswer;
use super::route::Route;
use super::scheme::Scheme;
use super::trace::Message;
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
    /// All of them.
    pub const ALL: [Outcome; 5] = [
        Outcome::Pass,
        Outcome::Fail,
        Outcome::NotApplicable,
        Outcome::Skipped,
        Outcome::Error,
    ];

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

/// What came of a cell and how that was told, in the words of a report: what two runs are compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What came of it.
    pub outcome: Outcome,
    /// The scheme that the client chose.
    pub scheme: Option<String>,
    /// The mechanism of the route that was tried last.
    pub route: Option<String>,
    /// Where it failed.
    pub stage: Option<String>,
    /// The token's answer.
    pub ckr: Option<String>,
    /// The alert that ended the handshake.
    pub alert: Option<String>,
    /// How the module was lost over it.
    pub lost: Option<String>,
}

impl Verdict {
    /// A pass is one by whatever scheme and route, a failure is one only for the same cause.
    pub fn is_same(&self, other: &Verdict) -> bool {
        let cause = |verdict: &Verdict| {
            let failed = verdict.outcome == Outcome::Fail;
            failed.then(|| {
                [&verdict.stage, &verdict.ckr, &verdict.alert, &verdict.lost].map(Clone::clone)
            })
        };
        self.outcome == other.outcome && cause(self) == cause(other)
    }
}

impl From<&Cell> for Verdict {
    fn from(cell: &Cell) -> Verdict {
        let route = cell.scheme.zip(cell.route);
        Verdict {
            outcome: cell.outcome,
            scheme: cell.scheme.map(|scheme| scheme.to_string()),
            route: route.map(|(scheme, route)| route.mechanism(scheme).to_string()),
            stage: cell.stage.map(|stage| stage.name().to_owned()),
            ckr: cell.ckr.map(|ckr| ckr.to_string()),
            alert: cell.alert.clone(),
            lost: cell.lost.as_ref().map(|lost| lost.name().to_owned()),
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
    /// What came of it in the run that this one is held against.
    pub was: Option<Verdict>,
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
    /// Every message of its own handshake, both ways; what names the certificate's holder is left out.
    pub messages: Vec<Message>,
    /// What HTTP said after the handshake, at a server that exists; `None`: nobody asked.
    pub http: Option<HttpAnswer>,
    /// That it passed is inferred: the server said goodbye in good form, and no word of consent.
    pub inferred: bool,
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
            was: None,
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
            messages: Vec::new(),
            http: None,
            inferred: false,
        }
    }

    /// Is the outcome the expected one? A skipped cell says nothing against its key.
    pub fn as_expected(&self) -> bool {
        let same = match &self.was {
            Some(was) => was.is_same(&Verdict::from(self)),
            None => self.outcome == self.expected,
        };
        same || self.outcome == Outcome::Skipped
    }
}
