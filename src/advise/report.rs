//! A report as it is read back: only what the advice needs, borrowed from the text; whatever else stands there is passed over.

use std::borrow::Cow;

use serde::Deserialize;

/// The only version of the report that is understood.
pub(super) const SCHEMA: &str = "cardcheck.matrix.v1";
/// What the names of all versions begin with.
const MATRIX: &str = "cardcheck.matrix.";

/// Text that is borrowed where it has no escapes.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    pub(super) fn get(&self) -> &str {
        &self.0
    }
}

/// What every version has.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    schema: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Report<'a> {
    #[serde(borrow)]
    schema: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) started: Text<'a>,
    #[serde(borrow, default)]
    pub(super) tokens: Vec<Token<'a>>,
    #[serde(borrow, default)]
    pub(super) keys: Vec<Key<'a>>,
    #[serde(borrow, default)]
    pub(super) profiles: Vec<Profile<'a>>,
    #[serde(borrow, default)]
    pub(super) cells: Vec<Cell<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Token<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) label: Text<'a>,
    #[serde(borrow)]
    pub(super) serial: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) manufacturer: Text<'a>,
    #[serde(borrow, default)]
    pub(super) mechanisms: Vec<Mechanism<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Mechanism<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) info: Option<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Key<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) token: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) key_type: Text<'a>,
    pub(super) bits: Option<u32>,
    #[serde(borrow)]
    pub(super) curve: Option<Text<'a>>,
    /// Absent in no report of ours; a key signs unless it is said not to.
    pub(super) sign: Option<bool>,
    #[serde(borrow)]
    pub(super) allowed_mechanisms: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) pairing: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) certificate: Option<Certificate<'a>>,
    #[serde(borrow, default)]
    pub(super) capabilities: Vec<Capability<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Certificate<'a> {
    #[serde(borrow)]
    pub(super) not_before: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) not_after: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) sha256: Text<'a>,
    /// Reports of earlier cardchecks don't have it: such certificates are rare.
    #[serde(default)]
    pub(super) pss_only: bool,
    pub(super) digital_signature: Option<bool>,
    pub(super) client_auth: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Capability<'a> {
    #[serde(borrow)]
    pub(super) scheme: Text<'a>,
    #[serde(borrow)]
    pub(super) route: Text<'a>,
    pub(super) listed: bool,
    #[serde(borrow)]
    pub(super) info: Text<'a>,
    pub(super) allowed: bool,
    #[serde(borrow)]
    pub(super) sign_init: Text<'a>,
    #[serde(borrow)]
    pub(super) sign: Text<'a>,
    pub(super) verified: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Profile<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) schemes: Schemes<'a>,
    #[serde(default)]
    pub(super) min_rsa_bits: u32,
}

#[derive(Deserialize)]
pub(super) struct Schemes<'a> {
    #[serde(borrow, rename = "1.2")]
    pub(super) tls12: Option<Vec<Text<'a>>>,
    #[serde(borrow, rename = "1.3")]
    pub(super) tls13: Option<Vec<Text<'a>>>,
}

#[derive(Deserialize)]
pub(super) struct Cell<'a> {
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    #[serde(borrow)]
    pub(super) profile: Text<'a>,
    #[serde(borrow)]
    pub(super) tls: Text<'a>,
    #[serde(borrow)]
    pub(super) client: Text<'a>,
    #[serde(borrow)]
    pub(super) outcome: Text<'a>,
    #[serde(borrow)]
    pub(super) scheme: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) route: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) stage: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) ckr: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) findings: Vec<Text<'a>>,
    pub(super) same_as: Option<usize>,
}

impl Report<'_> {
    /// Is it a report of the version that is understood?
    ///
    /// # Errors
    /// What it is instead.
    pub(super) fn check(&self) -> Result<(), String> {
        check(self.schema.as_ref())
    }
}

impl Head<'_> {
    /// The same, of a report that could not be read whole.
    pub(super) fn check(&self) -> Result<(), String> {
        check(self.schema.as_ref())
    }
}

fn check(schema: Option<&Text<'_>>) -> Result<(), String> {
    match schema.map(Text::get) {
        Some(SCHEMA) => Ok(()),
        None => Err("no report of cardcheck: it has no `schema`".into()),
        Some(newer) if newer.starts_with(MATRIX) => Err(format!(
            "of another version, `{}`: this cardcheck reads `{SCHEMA}`",
            clipped(newer)
        )),
        Some(other) => Err(format!(
            "not what `cardcheck matrix` writes, but `{}`",
            clipped(other)
        )),
    }
}

/// A name of a few words; the rest of a longer one says nothing.
fn clipped(text: &str) -> String {
    text.chars().take(60).collect()
}
