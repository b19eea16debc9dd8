//! Matrix reports read back, as far as a later run is compared with them. Fields that are more are passed over, so that the
//! report of a newer cardcheck of the same version of the contract can be read.

use serde::Deserialize;

use super::SCHEMA;
use crate::model::cell::{Outcome, Verdict};
use crate::model::record::{CellRecord, FindingRecord, KeyRecord, Marks, Origin, Record, named};
use crate::model::version::TlsVersion;

/// The contract's name without its version.
const NAME: &str = "cardcheck.matrix.v";

/// A file that is no report to compare with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON, or a field is missing; where and what.
    #[error("{0}")]
    Broken(String),
    /// It is JSON, and no report of cardcheck's.
    #[error("it is JSON, but no report of cardcheck's: there is no `schema`")]
    NoReport,
    /// Another report of cardcheck's.
    #[error("it is a {0} report, not a matrix report")]
    OtherReport(String),
    /// A matrix report that only a newer cardcheck can read.
    #[error("it is a {schema} report, made by cardcheck {by}; this is cardcheck {own}, which reads {SCHEMA}", own = env!("CARGO_PKG_VERSION"))]
    Newer {
        /// Its schema.
        schema: String,
        /// The cardcheck that made it.
        by: String,
    },
}

/// Reads a matrix report.
///
/// # Errors
/// It is none, or of a newer version.
pub fn read(text: &str) -> Result<Record, Unreadable> {
    let broken = |error: serde_json::Error| Unreadable::Broken(error.to_string());
    let head: Head = serde_json::from_str(text).map_err(broken)?;
    head.check()?;
    let report: Report = serde_json::from_str(text).map_err(broken)?;
    report.record().map_err(Unreadable::Broken)
}

/// What every report begins with.
#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
    tool: Option<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    version: String,
}

#[derive(Deserialize)]
struct Report {
    tool: Tool,
    started: String,
    complete: bool,
    #[serde(default)]
    redacted: bool,
    module: Module,
    #[serde(default)]
    servers: String,
    tokens: Vec<Token>,
    keys: Vec<Key>,
    cells: Vec<Cell>,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Module {
    description: String,
    version: String,
}

#[derive(Deserialize)]
struct Token {
    id: String,
    label: String,
    serial: String,
}

#[derive(Deserialize)]
struct Key {
    id: String,
    token: String,
    label: String,
    cka_id: String,
    #[serde(rename = "type")]
    key_type: String,
    bits: Option<u32>,
    curve: Option<String>,
    #[serde(default)]
    public_key_sha256: Option<String>,
    certificate: Option<Certificate>,
}

#[derive(Deserialize)]
struct Certificate {
    sha256: String,
}

#[derive(Deserialize)]
struct Cell {
    key: String,
    profile: String,
    tls: String,
    client: String,
    outcome: String,
    scheme: Option<String>,
    route: Option<String>,
    stage: Option<String>,
    ckr: Option<String>,
    alert: Option<String>,
    #[serde(default)]
    lost: Option<String>,
}

#[derive(Deserialize)]
struct Finding {
    id: String,
    severity: String,
    title: String,
    cells: Vec<usize>,
}

impl Head {
    fn check(self) -> Result<(), Unreadable> {
        let Some(schema) = self.schema else {
            return Err(Unreadable::NoReport);
        };
        let by = self.tool.map_or("unknown".into(), |tool| tool.version);
        match schema.as_str() {
            SCHEMA => Ok(()),
            newer if newer.starts_with(NAME) => Err(Unreadable::Newer { schema, by }),
            _ => Err(Unreadable::OtherReport(schema)),
        }
    }
}

impl Report {
    /// # Errors
    /// A word that the contract doesn't have.
    fn record(self) -> Result<Record, String> {
        let keys = self.keys.iter().map(|key| self.key(key)).collect();
        let cells = self.cells.into_iter().map(Cell::record);
        let findings = self.findings.into_iter().map(Finding::record);
        Ok(Record {
            origin: Origin {
                started: self.started,
                cardcheck: self.tool.version,
                module: format!("{} {}", self.module.description, self.module.version),
                servers: self.servers,
                redacted: self.redacted,
                complete: self.complete,
            },
            keys,
            cells: cells.collect::<Result<_, _>>()?,
            findings: findings.collect(),
        })
    }

    fn key(&self, key: &Key) -> KeyRecord {
        let token = self.tokens.iter().find(|token| token.id == key.token);
        let label = token.map_or("", |token| &token.label);
        let name = [&key.label, &key.cka_id, &key.id];
        let name = name.into_iter().find(|name| !name.is_empty());
        KeyRecord {
            id: key.id.clone(),
            name: named(name.map_or("", |name| name), label, self.tokens.len() > 1),
            kind: key.kind(),
            marks: Marks {
                public_key: key.public_key_sha256.clone(),
                certificate: key.certificate.as_ref().map(|one| one.sha256.clone()),
                cka_id: key.cka_id.clone(),
                label: key.label.clone(),
                token_serial: token.map_or("", |token| &token.serial).to_owned(),
                token_label: label.to_owned(),
            },
        }
    }
}

impl Key {
    /// As [`Key::type_for_people`](crate::model::key::Key::type_for_people) says it.
    fn kind(&self) -> String {
        let bits = self.bits.map_or(String::new(), |bits| format!("-{bits}"));
        match (self.key_type.as_str(), &self.curve) {
            ("rsa", _) => format!("RSA{bits}"),
            ("ec", Some(curve)) => format!("EC {curve}"),
            ("ec", None) => "EC, unknown curve".into(),
            ("ed25519", _) => "Ed25519".into(),
            ("ed448", _) => "Ed448".into(),
            ("ml_dsa", _) => format!("ML-DSA{bits}"),
            (other, _) => other.to_owned(),
        }
    }
}

impl Cell {
    fn record(self) -> Result<CellRecord, String> {
        let outcomes = Outcome::ALL.iter().copied();
        let outcome = known(outcomes, Outcome::name, "outcome", &self.outcome)?;
        let versions = TlsVersion::ALL.iter().copied();
        Ok(CellRecord {
            version: known(versions, TlsVersion::name, "version of TLS", &self.tls)?,
            key: self.key,
            profile: self.profile,
            client: self.client,
            verdict: Verdict {
                outcome,
                scheme: self.scheme,
                route: self.route,
                stage: self.stage,
                ckr: self.ckr,
                alert: self.alert,
                lost: self.lost,
            },
        })
    }
}

fn known<T: Copy>(
    mut all: impl Iterator<Item = T>,
    name: fn(T) -> &'static str,
    what: &str,
    said: &str,
) -> Result<T, String> {
    all.find(|one| name(*one) == said)
        .ok_or_else(|| format!("`{said}` is no {what}"))
}

impl Finding {
    fn record(self) -> FindingRecord {
        FindingRecord {
            id: self.id,
            severity: self.severity,
            title: self.title,
            cells: self.cells,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::super::render;
    use super::*;
    use crate::model::token::Token;

    #[test]
    fn a_report_read_back_is_what_the_run_was() {
        let mut two = sample::lying();
        two.tokens.push(Token {
            id: "t2".into(),
            ..sample::token("t2", "other")
        });
        two.keys.push(sample::p256("k2", ""));
        for run in [sample::lying(), sample::crowd(), two] {
            assert_eq!(read(&render(&run)), Ok(Record::from(&run)));
        }
    }

    #[test]
    fn fields_that_are_more_are_passed_over_and_new_ones_may_be_missing() {
        let mut report: serde_json::Value =
            serde_json::from_str(&render(&sample::lying())).unwrap();
        report["weather"] = "fine".into();
        report["cells"][0]["mood"] = 3.into();
        let keys = report["keys"][0].as_object_mut().unwrap();
        keys.remove("public_key_sha256");
        report.as_object_mut().unwrap().remove("redacted");
        assert!(read(&report.to_string()).is_ok());
    }

    #[test]
    fn what_is_no_report_is_told_apart() {
        let told = |text: &str| read(text).unwrap_err().to_string();
        insta::assert_snapshot!(told(""), @r"EOF while parsing a value at line 1 column 0");
        insta::assert_snapshot!(told("{\"schema\": \"cardcheck.matrix.v1\", \n \"tool\": {\"version\": \"1\"}}"), @r"missing field `started` at line 2 column 26");
        insta::assert_snapshot!(told("{}"), @r"it is JSON, but no report of cardcheck's: there is no `schema`");
        insta::assert_snapshot!(told("{\"schema\": \"cardcheck.probe.v1\"}"), @r"it is a cardcheck.probe.v1 report, not a matrix report");
        insta::assert_snapshot!(told("{\"schema\": \"cardcheck.matrix.v2\", \"tool\": {\"version\": \"9.0.0\"}}"), @r"it is a cardcheck.matrix.v2 report, made by cardcheck 9.0.0; this is cardcheck 0.1.0, which reads cardcheck.matrix.v1");
        let report =
            render(&sample::lying()).replace("\"outcome\": \"fail\"", "\"outcome\": \"lost\"");
        insta::assert_snapshot!(told(&report), @r"`lost` is no outcome");
    }
}
