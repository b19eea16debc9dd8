//! What a report's cells measured: logins at a server that asks for a setting's very list, and signatures that no trial made.

use super::Question;
use super::facts::{KeyFacts, Measured, Trial};
use super::names;
use super::report::{Cell, Profile, Report, Text};
use crate::model::advice::Setting;
use crate::model::capability::Answer;
use crate::model::ckr::Ckr;
use crate::model::key_type::KeyType;
use crate::model::version::TlsVersion;

/// A profile of the report, and the settings that it is.
struct Meant<'a> {
    profile: &'a str,
    min_rsa_bits: u32,
    tls: &'static str,
    settings: Vec<usize>,
}

/// Adds to the report's keys what its cells say of them.
pub(super) fn add(report: &Report<'_>, question: &Question, keys: &mut [KeyFacts]) {
    let meant = meant(report, question);
    let untried: Vec<bool> = keys.iter().map(has_untried).collect();
    if meant.is_empty() && !untried.contains(&true) {
        return;
    }
    for cell in &report.cells {
        let mut known = report.keys.iter();
        let Some(at) = known.position(|key| key.id.get() == cell.key.get()) else {
            continue;
        };
        let Some(key) = keys.get_mut(at) else {
            continue;
        };
        add_logins(report, question, &meant, cell, key);
        if untried.get(at) == Some(&true) {
            add_signature(cell, key);
        }
    }
}

fn meant<'a>(report: &'a Report<'a>, question: &Question) -> Vec<Meant<'a>> {
    let mut meant = Vec::new();
    for profile in &report.profiles {
        for version in TlsVersion::ALL {
            let asked = list(profile, version).unwrap_or_default();
            let all = question.settings.iter().enumerate();
            let same = all.filter(|(_, setting)| asks_the_same(setting, version, asked));
            let settings: Vec<usize> = same.map(|(at, _)| at).collect();
            if !settings.is_empty() {
                meant.push(Meant {
                    profile: profile.name.get(),
                    min_rsa_bits: profile.min_rsa_bits,
                    tls: version.name(),
                    settings,
                });
            }
        }
    }
    meant
}

fn list<'a>(profile: &'a Profile<'a>, version: TlsVersion) -> Option<&'a [Text<'a>]> {
    match version {
        TlsVersion::V1_2 => profile.schemes.tls12.as_deref(),
        TlsVersion::V1_3 => profile.schemes.tls13.as_deref(),
    }
}

fn asks_the_same(setting: &Setting, version: TlsVersion, asked: &[Text<'_>]) -> bool {
    let both = || setting.schemes.iter().zip(asked);
    setting.version == version
        && setting.schemes.len() == asked.len()
        && both().all(|(scheme, name)| names::scheme(name.get()) == Some(*scheme))
}

fn add_logins(
    report: &Report<'_>,
    question: &Question,
    meant: &[Meant<'_>],
    cell: &Cell<'_>,
    key: &mut KeyFacts,
) {
    let here =
        |meant: &&Meant<'_>| meant.profile == cell.profile.get() && meant.tls == cell.tls.get();
    let mut clients = question.clients.iter();
    let (Some(meant), Some(passed), Some(client)) = (
        meant.iter().find(here),
        passed(report, cell),
        clients.position(|client| client.name() == cell.client.get()),
    ) else {
        return;
    };
    for setting in meant.settings.iter().copied() {
        let least = question.settings.get(setting).map(|it| it.min_rsa_bits);
        if least.is_some_and(|least| same_policy(key, least, meant.min_rsa_bits)) {
            key.measured.push(Measured {
                setting,
                client,
                passed,
            });
        }
    }
}

/// `None`: it was not measured, not with the list of its own profile, or it failed for what is no setting's business.
fn passed(report: &Report<'_>, cell: &Cell<'_>) -> Option<bool> {
    let handshake = match cell.same_as {
        Some(at) => report.cells.get(at)?,
        None => cell,
    };
    let own = handshake.profile.get() == cell.profile.get();
    match cell.outcome.get() {
        "pass" if own => Some(true),
        "fail" if own && !is_no_setting_s_business(cell) => Some(false),
        // nothing to measure, and no doubt
        "not_applicable" => Some(false),
        _ => None,
    }
}

/// The server's CA names, which no report holds, or a card that was pulled.
fn is_no_setting_s_business(cell: &Cell<'_>) -> bool {
    let mut findings = cell.findings.iter();
    findings.any(|id| id.get() == "issuer-not-in-ca-names")
        || ckr(cell).is_some_and(Ckr::is_passing)
}

fn ckr(cell: &Cell<'_>) -> Option<Ckr> {
    Ckr::by_name(cell.ckr.as_ref()?.get())
}

/// Do both servers take the key, or neither?
fn same_policy(key: &KeyFacts, one: u32, other: u32) -> bool {
    let takes = |least: u32| key.bits.is_none_or(|bits| bits >= least);
    key.key_type != KeyType::Rsa || takes(one) == takes(other)
}

fn has_untried(key: &KeyFacts) -> bool {
    let mut trials = key.trials.iter();
    trials.any(|trial| trial.sign_init == Answer::NotTried)
}

/// A mechanism that isn't listed is not tried beforehand; a client that doesn't look at the list has tried it in a handshake.
fn add_signature(cell: &Cell<'_>, key: &mut KeyFacts) {
    let Some(trial) = untried(cell, key) else {
        return;
    };
    match (cell.outcome.get(), cell.stage.as_ref().map(Text::get)) {
        ("pass", _) => {
            (trial.sign_init, trial.sign, trial.verified) = (Answer::Ok, Answer::Ok, Some(true));
        }
        ("fail", Some("sign")) => {
            if let Some(ckr) = ckr(cell).filter(|ckr| !ckr.is_passing()) {
                trial.sign_init = Answer::Ckr(ckr);
            }
        }
        _ => {}
    }
}

fn untried<'k>(cell: &Cell<'_>, key: &'k mut KeyFacts) -> Option<&'k mut Trial> {
    let scheme = names::scheme(cell.scheme.as_ref()?.get())?;
    let route = names::route(scheme, cell.route.as_ref()?.get())?;
    let mut trials = key.trials.iter_mut();
    trials.find(|trial| {
        (trial.scheme, trial.route) == (scheme, route) && trial.sign_init == Answer::NotTried
    })
}
