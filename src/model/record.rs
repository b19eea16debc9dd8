//! What a run left for later ones to be held against: taken from a run, or read back from its report.

use super::cell::{Outcome, Verdict};
use super::key::Key;
use super::token::Token;
use super::version::TlsVersion;

/// A run, as far as another is compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Under which conditions it was made.
    pub origin: Origin,
    /// Its keys.
    pub keys: Vec<KeyRecord>,
    /// Its cells.
    pub cells: Vec<CellRecord>,
    /// Its findings.
    pub findings: Vec<FindingRecord>,
}

/// When and with what a run was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Start, RFC 3339.
    pub started: String,
    /// cardcheck's version.
    pub cardcheck: String,
    /// The module's description and version.
    pub module: String,
    /// What the servers ran on.
    pub servers: String,
    /// Names are replaced by stand-ins.
    pub redacted: bool,
    /// It was neither interrupted, nor was a token given up.
    pub complete: bool,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// `k1`: its name in its own report.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// Its type and size: `RSA-2048`.
    pub kind: String,
    /// What it is known again by.
    pub marks: Marks,
}

/// What a key is known again by, whatever handles, slots and modules there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// SHA-256 of the SubjectPublicKeyInfo, hex.
    pub public_key: Option<String>,
    /// SHA-256 of the certificate, hex.
    pub certificate: Option<String>,
    /// CKA_ID, hex.
    pub cka_id: String,
    /// CKA_LABEL.
    pub label: String,
    /// The token's serial number.
    pub token_serial: String,
    /// The token's label.
    pub token_label: String,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellRecord {
    /// `k1`.
    pub key: String,
    /// The server.
    pub profile: String,
    /// The version.
    pub version: TlsVersion,
    /// The client.
    pub client: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRecord {
    /// Its id.
    pub id: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// One line.
    pub title: String,
    /// Indexes of the cells it explains.
    pub cells: Vec<usize>,
}

impl KeyRecord {
    /// `several`: the run has more tokens than this one, and a key is named with its own.
    pub fn new(key: &Key, token: Option<&Token>, several: bool) -> KeyRecord {
        let token_label = token.map_or("", |token| &token.label).to_owned();
        let certificate = key.certificate.as_ref();
        KeyRecord {
            id: key.id.clone(),
            name: named(&key.name_for_people(), &token_label, several),
            kind: key.type_for_people(),
            marks: Marks {
                public_key: key.public_key_sha256.clone(),
                certificate: certificate.map(|certificate| certificate.sha256.clone()),
                cka_id: hex::encode(&key.cka_id),
                label: key.label.clone(),
                token_serial: token.map_or("", |token| &token.serial).to_owned(),
                token_label,
            },
        }
    }
}

/// With several tokens a key is named with its own.
pub fn named(key: &str, token: &str, several: bool) -> String {
    match several {
        true => format!("{token}/{key}"),
        false => key.to_owned(),
    }
}

impl CellRecord {
    /// Does it say anything that another run can be held against?
    pub fn was_tried(&self) -> bool {
        self.verdict.outcome != Outcome::Skipped
    }
}
