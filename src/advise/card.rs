//! The cards in a report.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Question;
use super::facts::{CardFacts, KeyFacts, Trial, Unfit};
use super::measured;
use super::names;
use super::report::{self, Report, Text};
use crate::model::capability::Answer;
use crate::model::mechanism::Mechanism;

/// A token in a report.
pub(super) struct Card<'a> {
    pub(super) facts: CardFacts,
    /// The same for the same card in another report; `None`: it has neither a serial number nor a certificate.
    pub(super) identity: Option<u64>,
    /// When the report was made, seconds since 1970-01-01 UTC; 0: it doesn't say.
    pub(super) made: i64,
    pub(super) label: &'a str,
    pub(super) serial: &'a str,
}

/// The cards in a report.
pub(super) fn cards<'a>(report: &'a Report<'a>, question: &Question) -> Vec<Card<'a>> {
    let made = instant(Some(&report.started));
    let mut keys: Vec<KeyFacts> = report.keys.iter().map(|key| key_facts(key, made)).collect();
    measured::add(report, question, &mut keys);
    let with_names: Vec<(&report::Key<'_>, KeyFacts)> = report.keys.iter().zip(keys).collect();
    let card = |token: &'a report::Token<'a>| {
        let here = with_names.iter();
        let here: Vec<_> = here
            .filter(|(key, _)| key.token.get() == token.id.get())
            .collect();
        Card {
            identity: identity(token, here.iter().map(|(key, _)| *key)),
            facts: CardFacts {
                mechanisms: mechanisms(token),
                keys: here.iter().map(|(_, facts)| facts.clone()).collect(),
            },
            made: made.unwrap_or_default(),
            label: token.label.get(),
            serial: token.serial.get(),
        }
    };
    report.tokens.iter().map(card).collect()
}

/// Its own names and its certificates: serial numbers alone are not unique, and keys can be copied.
fn identity<'a>(
    token: &report::Token<'_>,
    keys: impl Iterator<Item = &'a report::Key<'a>>,
) -> Option<u64> {
    static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let certificates = keys.filter_map(|key| key.certificate.as_ref());
    let mut certificates: Vec<&str> = certificates.map(|leaf| leaf.sha256.get()).collect();
    certificates.sort_unstable();
    if certificates.is_empty() && token.serial.get().is_empty() {
        return None;
    }
    let names = [
        &token.serial,
        &token.label,
        &token.model,
        &token.manufacturer,
    ];
    Some(HASHER.hash_one((names.map(Text::get), certificates)))
}

fn mechanisms(token: &report::Token<'_>) -> Vec<(Mechanism, Answer)> {
    let known = token.mechanisms.iter().filter_map(|row| {
        let mechanism = names::mechanism(row.name.get())?;
        Some((mechanism, answer_or_none(row.info.as_ref())))
    });
    let mut known: Vec<_> = known.collect();
    known.sort_unstable_by_key(|(mechanism, _)| *mechanism);
    known
}

fn key_facts(key: &report::Key<'_>, made: Option<i64>) -> KeyFacts {
    let trials: Vec<Trial> = key.capabilities.iter().filter_map(trial).collect();
    let certificate = key.certificate.as_ref();
    let allowed = key.allowed_mechanisms.as_ref();
    KeyFacts {
        key_type: names::key_type(key.key_type.get()),
        bits: key.bits,
        curve: key
            .curve
            .as_ref()
            .and_then(|curve| names::curve(curve.get())),
        pss_only: certificate.is_some_and(|certificate| certificate.pss_only),
        can_sign: key.sign != Some(false),
        allowed: allowed.map(|allowed| allowed.iter().map(allowed_mechanism).collect()),
        unfit: unfit(key, made),
        trials,
        measured: Vec::new(),
    }
}

/// One that no login is signed with still restricts the key to others.
fn allowed_mechanism(name: &Text<'_>) -> Mechanism {
    const SOME_OTHER: Mechanism = Mechanism(u64::MAX);
    names::mechanism(name.get()).unwrap_or(SOME_OTHER)
}

fn trial(row: &report::Capability<'_>) -> Option<Trial> {
    let scheme = names::scheme(row.scheme.get())?;
    Some(Trial {
        scheme,
        route: names::route(scheme, row.route.get())?,
        listed: row.listed,
        info: answer(&row.info),
        allowed: row.allowed,
        sign_init: answer(&row.sign_init),
        sign: answer(&row.sign),
        verified: row.verified,
    })
}

/// An answer of which the name is not known counts as none.
fn answer(name: &Text<'_>) -> Answer {
    Answer::by_name(name.get()).unwrap_or(Answer::NotTried)
}

fn answer_or_none(name: Option<&Text<'_>>) -> Answer {
    name.map_or(Answer::NotTried, answer)
}

fn unfit(key: &report::Key<'_>, made: Option<i64>) -> Option<Unfit> {
    let Some(certificate) = &key.certificate else {
        let unreadable = key.pairing.as_ref().map(Text::get) == Some("unreadable");
        return Some(match unreadable {
            true => Unfit::Unreadable,
            false => Unfit::NoCertificate,
        });
    };
    let held_against = |at: Option<&Text<'_>>| Some(made?.cmp(&instant(at)?));
    let early = held_against(certificate.not_before.as_ref()).is_some_and(|at| at.is_lt());
    let late = held_against(certificate.not_after.as_ref()).is_some_and(|at| at.is_gt());
    let rules = [
        (late, Unfit::Expired),
        (early, Unfit::NotYetValid),
        (certificate.client_auth == Some(false), Unfit::NotForClients),
        (
            certificate.digital_signature == Some(false),
            Unfit::NotForSigning,
        ),
    ];
    let broken = rules.into_iter().find(|(broken, _)| *broken);
    broken.map(|(_, unfit)| unfit)
}

fn instant(text: Option<&Text<'_>>) -> Option<i64> {
    let at = OffsetDateTime::parse(text?.get(), &Rfc3339).ok()?;
    Some(at.unix_timestamp())
}
