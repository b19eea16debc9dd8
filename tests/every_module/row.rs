//! What a module can, as a row of the table: made of a report, nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Report;

/// A row: the module's name, then a cell for each of [`COLUMNS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) cells: Vec<String>,
}

/// The names of the columns after the module's own.
pub(crate) const COLUMNS: &[&str] = &[
    "version",
    "keys",
    "PKCS1",
    "hash+PKCS1",
    "raw RSA",
    "PSS",
    "hash+PSS",
    "ECDSA",
    "hash+ECDSA",
    "EdDSA",
    "PIN each time",
    "PIN after a wrong one",
    "findings",
];

/// The routes of these columns, by the ends of their mechanisms' names.
const ROUTES: &[fn(&str) -> bool] = &[
    |route| route == "CKM_RSA_PKCS",
    |route| route.starts_with("CKM_SHA") && route.ends_with("_RSA_PKCS"),
    |route| route == "CKM_RSA_X_509",
    |route| route == "CKM_RSA_PKCS_PSS",
    |route| route.starts_with("CKM_SHA") && route.ends_with("_RSA_PKCS_PSS"),
    |route| route == "CKM_ECDSA",
    |route| route.starts_with("CKM_ECDSA_SHA"),
    |route| route == "CKM_EDDSA",
];

/// Findings that come and go: with the machine's load, and with what was signed before.
const NOT_STEADY: &[&str] = &["slow-card", "login-lost"];

impl Row {
    pub(crate) fn of(name: &str, report: &Report) -> Row {
        let keys = report.0["keys"].as_array().unwrap();
        let mut cells = vec![version(&report.0), kinds(keys)];
        cells.extend(ROUTES.iter().map(|belongs| route(keys, *belongs)));
        cells.push(pin_each_time(keys));
        cells.push(text(&report.0["tokens"][0]["pin"]["state"]));
        cells.push(findings(report));
        Row {
            name: name.to_owned(),
            cells,
        }
    }

    /// Of a module that could not be brought up.
    pub(crate) fn unseen(name: &str, reason: &str) -> Row {
        let mut cells = vec![String::new(); COLUMNS.len()];
        cells[0] = format!("not brought up: {reason}");
        Row {
            name: name.to_owned(),
            cells,
        }
    }

    /// As which the module introduces itself.
    pub(crate) fn version(&self) -> &str {
        &self.cells[0]
    }
}

/// The smallest size of an RSA key that anybody has made, in bits.
const SMALLEST_RSA: u64 = 512;

/// The key's type as people say it. CACKey reads the point of an EC key as a modulus: what comes out has some size or none.
pub(crate) fn kind(key: &Value) -> String {
    match (key["type"].as_str(), key["curve"].as_str()) {
        (Some("rsa"), _) => match key["bits"].as_u64() {
            Some(bits @ SMALLEST_RSA..) => format!("RSA-{bits}"),
            _ => "RSA".to_owned(),
        },
        (Some("ed25519"), _) => "Ed25519".to_owned(),
        (_, Some(curve)) => curve.to_owned(),
        (other, None) => format!("{other:?}"),
    }
}

fn version(report: &Value) -> String {
    let [description, version] =
        ["description", "version"].map(|name| text(&report["module"][name]));
    // a proxy's own version says nothing of the token behind it
    format!(
        "{description} {version}; {}",
        text(&report["tokens"][0]["model"])
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}

fn kinds(keys: &[Value]) -> String {
    // a token that makes up CKA_IDs has another order each time
    let mut kinds: Vec<String> = keys.iter().map(kind).collect();
    kinds.sort_unstable();
    kinds.join(", ")
}

/// What came of a route with all keys and hashes: one word if it is the same for all, else each with its hashes, and with the key where
/// it depends on that too.
fn route(keys: &[Value], belongs: fn(&str) -> bool) -> String {
    let mut trials: Vec<Trial> = Vec::new();
    for key in keys {
        let rows = key["capabilities"].as_array().unwrap().iter();
        let rows = rows.filter(|row| belongs(row["route"].as_str().unwrap()));
        trials.extend(rows.map(|row| Trial {
            kind: kind(key),
            hash: hash(row["scheme"].as_str().unwrap()),
            result: result(row),
        }));
    }
    let results: BTreeSet<&str> = trials.iter().map(|trial| trial.result.as_str()).collect();
    match results.len() {
        0 => "no key".to_owned(),
        1 => results.into_iter().collect(),
        _ => each(&results, &trials),
    }
}

struct Trial<'a> {
    kind: String,
    hash: &'a str,
    result: String,
}

fn each(results: &BTreeSet<&str>, trials: &[Trial<'_>]) -> String {
    let of = |result: &&str| {
        let same = trials.iter().filter(|trial| trial.result == *result);
        let names: BTreeSet<String> = same.map(|trial| name(trial, trials)).collect();
        let names: Vec<String> = names.into_iter().collect();
        format!("{result}: {}", names.join(" "))
    };
    let each: Vec<String> = results.iter().map(of).collect();
    each.join("; ")
}

/// `sha256`; `P-384` where another key gave another result, `P-384/sha256` where another hash did, too.
fn name(trial: &Trial<'_>, trials: &[Trial<'_>]) -> String {
    let alike = |same: &dyn Fn(&Trial<'_>) -> bool| {
        let mut others = trials.iter().filter(|other| same(other));
        others.all(|other| other.result == trial.result)
    };
    if alike(&|other| other.hash == trial.hash) {
        return trial.hash.to_owned();
    }
    match alike(&|other| other.kind == trial.kind) {
        true => trial.kind.clone(),
        false => format!("{}/{}", trial.kind, trial.hash),
    }
}

fn result(row: &Value) -> String {
    let refused = |step: &str| row[step].as_str().filter(|ckr| ckr.starts_with("CKR_"));
    match (refused("sign_init"), refused("sign")) {
        (Some(ckr), _) => format!("{ckr} at C_SignInit"),
        (_, Some(ckr)) => format!("{ckr} at C_Sign"),
        _ if row["verified"] == true => "yes".to_owned(),
        _ if row["verified"] == false => "a wrong signature".to_owned(),
        _ if row["listed"] == false => "not listed".to_owned(),
        _ => "not tried".to_owned(),
    }
}

/// `sha256` of `rsa_pss_rsae_sha256`, `ed25519` of itself.
fn hash(scheme: &str) -> &str {
    scheme.rsplit('_').next().unwrap()
}

fn pin_each_time(keys: &[Value]) -> String {
    let labels: Vec<String> = keys
        .iter()
        .filter(|key| key["always_authenticate"] == true)
        .map(|key| text(&key["label"]))
        .collect();
    match labels.is_empty() {
        true => "no key says so".to_owned(),
        false => labels.join(", "),
    }
}

fn findings(report: &Report) -> String {
    let mut ids = report.findings();
    ids.retain(|id| !NOT_STEADY.contains(id));
    ids.sort_unstable();
    ids.dedup();
    match ids.is_empty() {
        true => "none".to_owned(),
        false => ids.join(", "),
    }
}
