//! What a server's alert can mean that nothing on this side of the connection can tell (RFC 8446 §6.2).

use super::evidence::Evidence;
use crate::model::fit::FitRule;

/// Alerts that say what is wrong: a fact that fits one needs no other explanation.
pub(super) const SPECIFIC: &[&str] = &[
    "unsupported_certificate",
    "certificate_expired",
    "unknown_ca",
    "decrypt_error",
];

/// What an alert can mean, as the end of "it may be"; `None`: there was no alert. The facts that rule it out are looked at before
/// it is told.
struct Meaning {
    alert: Option<&'static str>,
    text: &'static str,
    ruled_out: fn(&Evidence<'_>) -> bool,
}

const fn meaning(
    alert: &'static str,
    text: &'static str,
    ruled_out: fn(&Evidence<'_>) -> bool,
) -> Meaning {
    Meaning {
        alert: Some(alert),
        text,
        ruled_out,
    }
}

const REVOKED: &str =
    "a revocation list that the server wants and does not have, or that has expired";
const POLICY: &str = "the server's policy on keys, hashes or certificate policies";
const NOT_KNOWN_PERSON: &str = "this person, who is not on the server's list";

#[rustfmt::skip] // one row, one meaning; the likeliest of an alert first
const MEANINGS: &[Meaning] = &[
    meaning("unknown_ca", "a root that the server does not have in its CA file for clients", never),
    meaning("unknown_ca", "an intermediate certificate that the server does not have, and that did not go out", leads_to_a_root),
    meaning("unknown_ca", "a chain that is longer than the server looks (nginx: ssl_verify_depth, 1 if not set; Apache: SSLVerifyDepth)", is_short),
    meaning("unknown_ca", REVOKED, never),
    meaning("bad_certificate", POLICY, never),
    meaning("bad_certificate", "a chain that the server could not check", never),
    meaning("unsupported_certificate", "a kind of certificate that the server does not take", never),
    meaning("certificate_revoked", "a revocation, of which the issuer knows the reason", never),
    meaning("certificate_expired", "the server's clock", never),
    meaning("certificate_expired", "a certificate above it that has expired, or a revocation list of the server's", never),
    meaning("certificate_unknown", "anything, since some servers say so of all that they dislike (Java does)", never),
    meaning("certificate_unknown", NOT_KNOWN_PERSON, never),
    meaning("access_denied", NOT_KNOWN_PERSON, never),
    meaning("decrypt_error", "the server's TLS library, since here the signature checks", never),
    meaning("insufficient_security", POLICY, never),
    meaning("illegal_parameter", "a scheme that the server does not take with this key or in this version", never),
    meaning("handshake_failure", "anything, the server's policy above all, since this alert tells no reason", never),
    meaning("internal_error", "something that went wrong inside the server", never),
    meaning("certificate_required", "a certificate that the server takes for none", never),
    Meaning { alert: None, text: "anything, since the server says nothing", ruled_out: never },
];

fn never(_: &Evidence<'_>) -> bool {
    false
}

/// All that lies between the certificate and a self-signed one went out.
fn leads_to_a_root(evidence: &Evidence<'_>) -> bool {
    let key = evidence.key;
    let top = key.chain_on_token.last().or(key.certificate.as_ref());
    // without names every issuer fits
    let named_by_server = evidence.fit.is_some_and(|fit| {
        fit.bridge.is_none() && !fit.is_excluded_by(FitRule::IssuerNotInCaNames)
    });
    let tried = evidence.retries.iter().any(|retry| !retry.sent.is_empty());
    top.is_some_and(|top| top.is_self_issued() && tried) || named_by_server && evidence.names_cas
}

/// No intermediate is known.
fn is_short(evidence: &Evidence<'_>) -> bool {
    let mut chain = evidence.key.chain_on_token.iter();
    !chain.any(|certificate| !certificate.is_self_issued())
}

/// What the alert of this login can mean.
pub(super) fn possible(evidence: &Evidence<'_>) -> impl Iterator<Item = String> {
    let alert = evidence.cell.alert.as_deref();
    let meanings = MEANINGS
        .iter()
        .filter(move |meaning| meaning.alert == alert);
    let left = meanings.filter(|meaning| !(meaning.ruled_out)(evidence));
    left.map(|meaning| meaning.text.to_owned())
}
