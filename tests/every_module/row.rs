//! What a module can, as a row of the table: made of a report, nothing else.

use std::collections::BTreeMap;

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

/// Findings that tell of the machine's load or the test's certificates rather than of the module.
const NOT_THE_MODULE_S: &[&str] = &["slow-card"];

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

    /// As which the module introduces itself.
    pub(crate) fn version(&self) -> &str {
        &self.cells[0]
    }
}

/// The key's type as people say it.
pub(crate) fn kind(key: &Value) -> String {
    match (key["type"].as_str(), key["curve"].as_str()) {
        (Some("rsa"), _) => format!("RSA-{}", key["bits"]),
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
    let kinds: Vec<String> = keys.iter().map(kind).collect();
    kinds.join(", ")
}

/// What came of a route with all keys and hashes: one word if it is the same for all, else each with its hashes.
fn route(keys: &[Value], belongs: fn(&str) -> bool) -> String {
    let rows = keys
        .iter()
        .flat_map(|key| key["capabilities"].as_array().unwrap());
    let rows = rows.filter(|row| belongs(row["route"].as_str().unwrap()));
    let mut by_result: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in rows {
        let hashes = by_result.entry(result(row)).or_default();
        let hash = hash(row["scheme"].as_str().unwrap());
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
    }
    match by_result.len() {
        0 => "no key".to_owned(),
        1 => by_result.into_keys().next().unwrap(),
        _ => each_with_its_hashes(by_result),
    }
}

fn each_with_its_hashes(by_result: BTreeMap<String, Vec<&str>>) -> String {
    let said = |(result, mut hashes): (String, Vec<&str>)| {
        hashes.sort_unstable();
        format!("{result}: {}", hashes.join(" "))
    };
    let said: Vec<String> = by_result.into_iter().map(said).collect();
    said.join("; ")
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
    ids.retain(|id| !NOT_THE_MODULE_S.contains(id));
    ids.sort_unstable();
    ids.dedup();
    match ids.is_empty() {
        true => "none".to_owned(),
        false => ids.join(", "),
    }
}
