//! What real servers object to in a certificate, and cardcheck's own server doesn't look at: warnings without cells.

use super::Facts;
use super::prose::{self, number, sentence};
use super::remedy::card;
use crate::model::finding::{Finding, Severity};
use crate::model::key::Key;

/// Something about the certificates of a token's keys.
pub(super) struct Objection<'a> {
    pub(super) id: &'static str,
    /// Is it true of the key's certificate?
    pub(super) is: &'a dyn Fn(&Key) -> bool,
    /// `has expired` and `have expired`.
    pub(super) verb: (&'static str, &'static str),
    /// A sentence about one key's certificate.
    pub(super) fact: &'a dyn Fn(&Key) -> String,
    /// What servers do about it; a sentence.
    pub(super) consequence: &'static str,
    /// What to change at the card; a sentence without a full stop.
    pub(super) cure: &'static str,
}

/// A warning for each token that holds such certificates.
pub(super) fn find(facts: &Facts<'_>, objection: &Objection<'_>) -> Vec<Finding> {
    let tokens = facts.tokens_with(|key| key.certificate.is_some() && (objection.is)(key));
    tokens
        .iter()
        .map(|(token, keys)| {
            let (one, many) = objection.verb;
            let certificates = number(keys.len(), "The certificate", "The certificates");
            let told: Vec<String> = keys.iter().map(|key| (objection.fact)(key)).collect();
            Finding {
                id: objection.id,
                severity: Severity::Warning,
                title: format!(
                    "{certificates} of {} on {} {}",
                    prose::keys(keys),
                    prose::token(Some(token)),
                    number(keys.len(), one, many)
                ),
                cause: format!(
                    "{} {} cardcheck's own server doesn't look at it.",
                    sentence(&told.join(" ")),
                    objection.consequence
                ),
                cells: Vec::new(),
                remedies: vec![card(objection.cure)],
            }
        })
        .collect()
}

/// `The certificate of key `auth`, `CN=Jo`,`.
pub(super) fn of(key: &Key) -> String {
    let certificate = key.certificate.as_ref().map(prose::certificate);
    let named = certificate.map_or(String::new(), |name| format!(", {name},"));
    format!("the certificate of {}{named}", prose::keys(&[key]))
}
