//! Keys: their certificates, and what they can do.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::names;
use super::facts::milliseconds;
use crate::model::autopsy::Flaw;
use crate::model::capability::{Answer, Capability};
use crate::model::certificate::Certificate;
use crate::model::key::{Key, Pairing};
use crate::model::run::Run;
use crate::model::scheme::Scheme;

/// A key.
pub(super) struct KeyView {
    /// Its place in the run.
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) kind: String,
    /// What is told of it, each with its name.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) abilities: Vec<Ability>,
}

/// What the key does with a scheme: a row for each route.
pub(super) struct Ability {
    pub(super) scheme: Scheme,
    pub(super) rows: Vec<Route>,
}

/// One mechanism.
pub(super) struct Route {
    pub(super) mechanism: String,
    /// Listed, info, allowed, C_SignInit, C_Sign, verified.
    pub(super) answers: [Said; 6],
    pub(super) time: String,
}

/// An answer, and the class that gives it colour and symbol.
pub(super) type Said = (&'static str, String);

impl KeyView {
    /// Every key.
    pub(super) fn all(run: &Run) -> Vec<KeyView> {
        let keys = run.keys.iter().enumerate();
        let view = |(at, key): (usize, &Key)| KeyView {
            at,
            name: names::key(run, key),
            kind: key.type_for_people(),
            facts: facts(key),
            abilities: Ability::all(&key.capabilities),
        };
        keys.map(view).collect()
    }
}

fn facts(key: &Key) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("CKA_LABEL", key.label.clone()),
        ("CKA_ID", hex::encode(&key.cka_id)),
        ("PKCS#11 URI", key.uri.clone()),
        ("may sign", yes_or_no(key.can_sign).into()),
        (
            "PIN for every signature",
            yes_or_no(key.always_authenticate).into(),
        ),
        ("CKA_ALLOWED_MECHANISMS", allowed(key)),
        ("certificate", pairing(key.pairing).into()),
    ];
    if let Some(certificate) = &key.certificate {
        facts.extend(about(certificate));
        facts.push(("issuers on the token", key.chain_on_token.len().to_string()));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn allowed(key: &Key) -> String {
    let allowed = key.allowed_mechanisms.iter().flatten();
    let names: Vec<String> = allowed.map(ToString::to_string).collect();
    match names.is_empty() {
        true => "no restriction".into(),
        false => names.join(", "),
    }
}

/// A certificate's facts.
pub(super) fn about(certificate: &Certificate) -> Vec<(&'static str, String)> {
    vec![
        ("subject", certificate.subject.clone()),
        ("issuer", certificate.issuer.clone()),
        ("serial number", certificate.serial.clone()),
        ("valid from", instant(certificate.not_before)),
        ("valid until", instant(certificate.not_after)),
        ("signed with", certificate.signature_algorithm.name.clone()),
        (
            "keyUsage digitalSignature",
            usage(certificate.digital_signature),
        ),
        (
            "extendedKeyUsage clientAuth",
            usage(certificate.client_auth),
        ),
        ("SHA-256", certificate.sha256.clone()),
    ]
}

fn usage(said: Option<bool>) -> String {
    said.map_or("no such extension, so no restriction", yes_or_no)
        .into()
}

fn instant(seconds: i64) -> String {
    let instant = OffsetDateTime::from_unix_timestamp(seconds).ok();
    let written = instant.and_then(|instant| instant.format(&Rfc3339).ok());
    written.unwrap_or_else(|| format!("{seconds} s from 1970"))
}

fn pairing(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::IdAndKey => "found by CKA_ID and by public key",
        Pairing::KeyOnly => "found by public key only: its CKA_ID is another",
        Pairing::IdOnly => "found by CKA_ID; the token doesn't show the key's own public key",
        Pairing::WrongKey => "the one under the same CKA_ID holds another public key",
        Pairing::Unreadable => "the object under the same CKA_ID is no certificate",
        Pairing::None => "none",
    }
}

impl Ability {
    fn all(capabilities: &[Capability]) -> Vec<Ability> {
        let mut all: Vec<Ability> = Vec::new();
        for row in capabilities {
            match all.iter_mut().find(|known| known.scheme == row.scheme) {
                Some(known) => known.rows.push(Route::of(row)),
                None => all.push(Ability {
                    scheme: row.scheme,
                    rows: vec![Route::of(row)],
                }),
            }
        }
        all
    }
}

impl Route {
    fn of(row: &Capability) -> Route {
        Route {
            mechanism: row.route.mechanism(row.scheme).to_string(),
            answers: [
                yes(row.listed),
                answer(row.info),
                yes(row.allowed),
                answer(row.sign_init),
                answer(row.sign),
                verified(row),
            ],
            time: row.sign_ms.map(milliseconds).unwrap_or_default(),
        }
    }
}

fn yes(so: bool) -> Said {
    (yes_or_no(so), yes_or_no(so).into())
}

/// What a call on the token gave.
pub(super) fn answer(answer: Answer) -> Said {
    match answer {
        Answer::Ok => ("yes", "ok".into()),
        Answer::NotTried => ("untried", "not tried".into()),
        Answer::NoAnswer => ("no", "no answer".into()),
        Answer::Crashed | Answer::Ckr(_) => ("no", answer.name()),
    }
}

fn verified(row: &Capability) -> Said {
    match (row.verified, row.flaw) {
        (Some(true), _) => yes(true),
        (Some(false), Some(Flaw::SaltLength(bytes))) => {
            ("no", format!("no: salt of {bytes} bytes"))
        }
        (Some(false), Some(flaw)) => ("no", format!("no: {}", flaw.name().replace('_', " "))),
        (Some(false), None) => yes(false),
        (None, _) => ("untried", "could not tell".into()),
    }
}

/// CKA_ID.
pub(super) fn hex(key: &Key) -> String {
    hex::encode(&key.cka_id)
}

/// In a table of facts.
pub(super) fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
