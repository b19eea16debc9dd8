//! What reports call a key.

use super::style::printable;
use crate::model::key::Key;
use crate::model::run::Run;

/// The key as a person tells it from the others: with several tokens, by its token too.
pub(super) fn key(run: &Run, key: &Key) -> String {
    let name = printable(&key.name_for_people());
    match run.tokens.iter().find(|token| token.id == key.token) {
        Some(token) if run.tokens.len() > 1 => format!("{}/{name}", printable(&token.label)),
        _ => name,
    }
}

/// The same, and told from a namesake by CKA_ID: what a program tells keys by from one run to the next.
pub(super) fn distinct_key(run: &Run, id: &str) -> String {
    let Some(wanted) = run.keys.iter().find(|key| key.id == id) else {
        return id.to_owned();
    };
    let name = key(run, wanted);
    let namesakes = run.keys.iter().filter(|other| key(run, other) == name);
    match namesakes.count() {
        0 | 1 => name,
        _ => format!("{name} ({})", hex::encode(&wanted.cka_id)),
    }
}
