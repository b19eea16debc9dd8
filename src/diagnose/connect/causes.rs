//! Why a server refused: what is known of the certificate and the signature, joined with the alert, likeliest first.
//!
//! A cause is *proven* if the login was made again without it and was accepted; *known* if it is a fact that servers refuse
//! for; *possible* if the alert can mean it and nothing here can tell. What the facts rule out is not listed.

use super::super::prose::{self, quoted};
use super::super::remedy::{card, client, server};
use super::alerts::{self, SPECIFIC};
use super::evidence::Evidence;
use crate::model::capability::Capability;
use crate::model::finding::Remedy;
use crate::model::fit::FitRule;
use crate::model::public_key::PublicKey;

/// Why it may have been refused.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    pub(super) certainty: Certainty,
    /// A sentence; of what is only possible, the end of one.
    pub(super) text: String,
    pub(super) remedies: Vec<Remedy>,
}

/// How sure it is, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// Without it the server accepted.
    Proven,
    /// A fact that the alert fits.
    Fitting,
    /// A fact; the alert says nothing, or nothing of its kind.
    Known,
    /// Nothing here can tell.
    Possible,
}

/// A fact, and the alerts by which servers tell it.
struct Suspect {
    alerts: &'static [&'static str],
    text: String,
    remedies: Vec<Remedy>,
}

/// All of them, likeliest first.
pub(super) fn causes(evidence: &Evidence<'_>) -> Vec<Cause> {
    if let Some(proven) = one_too_many(evidence) {
        return vec![proven];
    }
    let alert = evidence.cell.alert.as_deref();
    let suspects = SUSPECTS.iter().filter_map(|suspect| suspect(evidence));
    let mut causes: Vec<Cause> = suspects
        .map(|suspect: Suspect| Cause {
            certainty: match alert.is_some_and(|alert| suspect.alerts.contains(&alert)) {
                true => Certainty::Fitting,
                false => Certainty::Known,
            },
            text: suspect.text,
            remedies: suspect.remedies,
        })
        .collect();
    causes.sort_by_key(|cause| cause.certainty);
    let explained = causes
        .first()
        .is_some_and(|cause| cause.certainty == Certainty::Fitting);
    let specific = alert.is_some_and(|alert| SPECIFIC.contains(&alert));
    if !(explained && specific) {
        causes.extend(alerts::possible(evidence).map(|text| Cause {
            certainty: Certainty::Possible,
            text,
            remedies: Vec::new(),
        }));
    }
    causes
}

/// The server accepted once nothing went out behind the key's own certificate.
fn one_too_many(evidence: &Evidence<'_>) -> Option<Cause> {
    let mut retries = evidence.retries.iter();
    let retry = retries.find(|retry| retry.accepted && retry.sent.is_empty())?;
    Some(Cause {
        certainty: Certainty::Proven,
        text: format!(
            "It does not take the {} that went out behind it: without, it accepts.",
            prose::number(retry.before, "certificate", "certificates")
        ),
        remedies: vec![Remedy {
            proven: true,
            ..client("Send the certificate alone")
        }],
    })
}

const SUSPECTS: &[fn(&Evidence<'_>) -> Option<Suspect>] = &[
    signature,
    expired,
    not_yet_valid,
    extended_key_usage,
    key_usage,
    issuer,
    schemes,
    broken_hash,
    small_key,
    any_purpose_only,
    chain_expired,
];

fn suspect(
    alerts: &'static [&'static str],
    text: impl Into<String>,
    remedies: Vec<Remedy>,
) -> Option<Suspect> {
    Some(Suspect {
        alerts,
        text: text.into(),
        remedies,
    })
}

/// The reason that the fit gives for a rule.
fn unfit(evidence: &Evidence<'_>, rules: &[FitRule]) -> Option<String> {
    let exclusions = &evidence.fit?.exclusions;
    let found = exclusions.iter().find(|one| rules.contains(&one.rule));
    found.map(|exclusion| exclusion.reason.clone())
}

/// cardcheck checked such a signature itself, before any server saw one.
fn signature(evidence: &Evidence<'_>) -> Option<Suspect> {
    let (scheme, route) = (evidence.cell.scheme?, evidence.cell.route?);
    let same = |trial: &&Capability| trial.scheme == scheme && trial.route == route;
    let trial = evidence.key.capabilities.iter().find(same)?;
    if trial.verified != Some(false) {
        return None;
    }
    suspect(
        &["decrypt_error", "handshake_failure", "illegal_parameter"],
        format!(
            "The token's signature with {} does not check against the certificate's public key.",
            prose::way(scheme, route)
        ),
        vec![card("See the finding about the signature itself")],
    )
}

fn expired(evidence: &Evidence<'_>) -> Option<Suspect> {
    suspect(
        &["certificate_expired"],
        unfit(evidence, &[FitRule::Expired])?,
        vec![card("Have the certificate renewed")],
    )
}

fn not_yet_valid(evidence: &Evidence<'_>) -> Option<Suspect> {
    suspect(
        &["certificate_expired", "bad_certificate"],
        unfit(evidence, &[FitRule::NotYetValid])?,
        vec![server(
            "Check the clocks: the server's, the issuer's and this one's",
        )],
    )
}

fn extended_key_usage(evidence: &Evidence<'_>) -> Option<Suspect> {
    suspect(
        &["unsupported_certificate"],
        unfit(evidence, &[FitRule::EkuLacksClientAuth])?,
        vec![card(
            "Use the card's certificate for authentication, or have the key certified anew, with clientAuth",
        )],
    )
}

fn key_usage(evidence: &Evidence<'_>) -> Option<Suspect> {
    suspect(
        &["unsupported_certificate"],
        unfit(evidence, &[FitRule::KuLacksDigitalSignature])?,
        vec![card(
            "Use the card's certificate for authentication, or have the key certified anew, with digitalSignature",
        )],
    )
}

fn issuer(evidence: &Evidence<'_>) -> Option<Suspect> {
    let rules = [
        FitRule::IssuerNotInCaNames,
        FitRule::IssuerOfOtherStringType,
    ];
    suspect(
        &["unknown_ca"],
        unfit(evidence, &rules)?,
        vec![
            server("Add the issuer to the CAs for clients, if its cards are to be taken"),
            client(
                "Send the intermediate certificate, if one of the named CAs issued it: cardcheck connect --chain FILE",
            ),
        ],
    )
}

fn schemes(evidence: &Evidence<'_>) -> Option<Suspect> {
    let rules = [
        FitRule::NoCommonScheme,
        FitRule::KeyTypeNotInCertificateTypes,
        FitRule::SignedOtherwise,
    ];
    suspect(
        &[
            "illegal_parameter",
            "unsupported_certificate",
            "bad_certificate",
        ],
        unfit(evidence, &rules)?,
        vec![server(
            "Ask for what such keys and certificates are signed with",
        )],
    )
}

/// OpenSSL tells it by bad_certificate (`ca md too weak`).
fn broken_hash(evidence: &Evidence<'_>) -> Option<Suspect> {
    let leaf = evidence.key.certificate.as_ref()?;
    let chain = std::iter::once(leaf).chain(&evidence.key.chain_on_token);
    let mut signed = chain.filter(|one| !one.is_self_issued());
    let hash = signed.find_map(|one| one.signature_algorithm.broken_hash)?;
    suspect(
        &["bad_certificate", "insufficient_security"],
        format!(
            "The certificate, or one above it, is signed with {hash}, which today's servers refuse."
        ),
        vec![card("Have it certified anew, with SHA-256 at least")],
    )
}

/// OpenSSL tells it by bad_certificate (`ee key too small`).
fn small_key(evidence: &Evidence<'_>) -> Option<Suspect> {
    let key @ PublicKey::Rsa { .. } = &evidence.key.certificate.as_ref()?.public_key else {
        return None;
    };
    let bits = key.bits().filter(|bits| *bits < 2048)?;
    suspect(
        &["bad_certificate", "insufficient_security"],
        format!(
            "The RSA key has {bits} bits; OpenSSL at security level 2, the default of Debian and Ubuntu, wants 2048."
        ),
        vec![card("Use a card with longer keys")],
    )
}

/// OpenSSL (crypto/x509/v3_purp.c) wants clientAuth itself.
fn any_purpose_only(evidence: &Evidence<'_>) -> Option<Suspect> {
    let leaf = evidence.key.certificate.as_ref()?;
    let usages = crate::model::usage::extended_key_usage(leaf)?;
    let has = |name: &str| usages.iter().any(|known| known == name);
    if !has("anyExtendedKeyUsage") || has("clientAuth") {
        return None;
    }
    suspect(
        &["unsupported_certificate"],
        "Its extendedKeyUsage has anyExtendedKeyUsage and not clientAuth, which OpenSSL does not take.",
        vec![card("Have the key certified anew, with clientAuth")],
    )
}

fn chain_expired(evidence: &Evidence<'_>) -> Option<Suspect> {
    let mut chain = evidence.key.chain_on_token.iter();
    let expired = chain.find(|one| one.not_after < evidence.now)?;
    suspect(
        &["certificate_expired"],
        format!(
            "{} on the token, which is above the certificate, expired on {}.",
            quoted(&expired.subject),
            prose::date(expired.not_after)
        ),
        vec![card("Have the chain on the card renewed")],
    )
}

#[cfg(test)]
mod tests;
