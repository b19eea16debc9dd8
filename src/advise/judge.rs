//! Does a setting let a card in? By a cell that measured it, else by the client's rule and what the card signed when it was tried.

use super::Question;
use super::facts::{CardFacts, KeyFacts};
use crate::clients::{Card, Client};
use crate::model::advice::{Counts, Setting};
use crate::model::capability::Answer;
use crate::model::choice::Choice;
use crate::model::key::Key;
use crate::model::key_type::KeyType;
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::scheme::Scheme;

/// Does a card, or a key, log in?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    LetIn { measured: bool },
    KeptOut { measured: bool },
    CouldNotTell,
}

/// What is to be said of a card.
pub(super) struct Judged {
    /// By setting, then client.
    pub(super) verdicts: Vec<Verdict>,
    /// For each client: every setting that may be advised keeps it out.
    pub(super) unsaved: Vec<bool>,
}

/// Weighs every setting for a card.
pub(super) fn judge(card: &CardFacts, question: &Question) -> Judged {
    let token = card.token();
    let fit = card.keys.iter().filter(|key| key.unfit.is_none());
    let keys: Vec<(&KeyFacts, Key)> = fit.map(|facts| (facts, facts.key())).collect();
    let mut verdicts = Vec::new();
    let mut unsaved = vec![true; question.clients.len()];
    for (at, setting) in question.settings.iter().enumerate() {
        for (client_at, client) in question.clients.iter().enumerate() {
            let of_key = |(facts, key): &(&KeyFacts, Key)| {
                measured(facts, at, client_at)
                    .unwrap_or_else(|| inferred(&Card { key, token: &token }, *client, setting))
            };
            let verdict = best(keys.iter().map(of_key));
            verdicts.push(verdict);
            let kept_out = matches!(verdict, Verdict::KeptOut { .. });
            if let Some(unsaved) = unsaved.get_mut(client_at).filter(|_| !setting.today) {
                *unsaved &= kept_out;
            }
        }
    }
    Judged { verdicts, unsaved }
}

/// A card logs in with whichever key does; where several do, one that was measured speaks for it.
fn best(keys: impl Iterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::LetIn { measured: true } => 4,
        Verdict::LetIn { measured: false } => 3,
        Verdict::CouldNotTell => 2,
        Verdict::KeptOut { measured: false } => 1,
        Verdict::KeptOut { measured: true } => 0,
    };
    keys.max_by_key(rank)
        // nothing was there to try
        .unwrap_or(Verdict::KeptOut { measured: true })
}

fn measured(key: &KeyFacts, setting: usize, client: usize) -> Option<Verdict> {
    let mut logins = key.measured.iter();
    let same = logins.find(|login| (login.setting, login.client) == (setting, client))?;
    Some(match same.passed {
        true => Verdict::LetIn { measured: true },
        false => Verdict::KeptOut { measured: true },
    })
}

fn inferred(card: &Card<'_>, client: &dyn Client, setting: &Setting) -> Verdict {
    match try_out(card, client, setting) {
        Ok(true) => Verdict::LetIn { measured: false },
        Ok(false) => Verdict::CouldNotTell,
        Err(_) => Verdict::KeptOut { measured: false },
    }
}

/// Would it work? `false`: the report doesn't tell.
///
/// # Errors
/// Why it fails, for people.
pub(super) fn try_out(
    card: &Card<'_>,
    client: &dyn Client,
    setting: &Setting,
) -> Result<bool, String> {
    let request = Request {
        version: setting.version,
        schemes: setting.schemes.clone(),
        ca_names: Vec::new(),
    };
    match client.choose(card, &request) {
        Choice::NoCertificate { why } | Choice::GiveUp { why, .. } => Err(why),
        Choice::Sign { .. } if is_too_small(card.key, setting) => Err(format!(
            "servers take RSA keys from {} bits on; a lower security level is not weighed here",
            setting.min_rsa_bits
        )),
        Choice::Sign { scheme, routes } => sign(card, scheme, &routes),
    }
}

fn is_too_small(key: &Key, setting: &Setting) -> bool {
    let small = key.bits.is_some_and(|bits| bits < setting.min_rsa_bits);
    key.key_type == KeyType::Rsa && small
}

/// Over the routes in their order: the next one where the token refuses, but not after a signature that is wrong.
fn sign(card: &Card<'_>, scheme: Scheme, routes: &[Route]) -> Result<bool, String> {
    let mut refusal = None;
    let mut told = true;
    for route in routes {
        match signature(card, scheme, *route) {
            Signature::Good => return Ok(true),
            Signature::Wrong(why) => return Err(why),
            Signature::Refused(why) => refusal = Some(refusal.unwrap_or(why)),
            Signature::NotTried => told = false,
        }
    }
    match refusal.filter(|_| told) {
        Some(why) => Err(why),
        None => Ok(false),
    }
}

enum Signature {
    Good,
    Wrong(String),
    Refused(String),
    NotTried,
}

fn signature(card: &Card<'_>, scheme: Scheme, route: Route) -> Signature {
    let mut trials = card.key.capabilities.iter();
    let Some(trial) = trials.find(|trial| (trial.scheme, trial.route) == (scheme, route)) else {
        return Signature::NotTried;
    };
    if is_too_short(card.key, scheme) {
        // raw RSA is tried once for all paddings of a hash
        return Signature::Refused(format!("the key is too short for {scheme}"));
    }
    let way = || format!("{scheme} by {}", route.mechanism(scheme));
    let refused = |function: &str, answer: Answer| {
        Signature::Refused(format!("{function} for {}: {}", way(), answer.name()))
    };
    match (trial.sign_init, trial.sign, trial.verified) {
        (Answer::NotTried, ..) | (Answer::Ok, Answer::NotTried, _) => Signature::NotTried,
        (Answer::Ok, Answer::Ok, Some(false)) => {
            Signature::Wrong(format!("the signature is wrong: {}", way()))
        }
        (Answer::Ok, Answer::Ok, _) => Signature::Good,
        (Answer::Ok, answer, _) => refused("C_Sign", answer),
        (answer, ..) => refused("C_SignInit", answer),
    }
}

fn is_too_short(key: &Key, scheme: Scheme) -> bool {
    let both = key.bits.zip(scheme.min_rsa_bits());
    both.is_some_and(|(bits, least)| bits < least)
}

/// Sums of verdicts.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) cards: u64,
    /// By setting, then client.
    pub(super) counts: Vec<Counts>,
    /// By client.
    pub(super) unsaved: Vec<u64>,
}

impl Tally {
    /// Of no card.
    pub(super) fn new(question: &Question) -> Tally {
        let clients = question.clients.len();
        Tally {
            cards: 0,
            counts: vec![Counts::default(); question.settings.len() * clients],
            unsaved: vec![0; clients],
        }
    }

    /// Adds so many cards of which this is to be said.
    pub(super) fn add(&mut self, judged: &Judged, cards: u64) {
        self.cards += cards;
        for (counts, verdict) in self.counts.iter_mut().zip(&judged.verdicts) {
            count(counts, *verdict, cards);
        }
        for (unsaved, holds) in self.unsaved.iter_mut().zip(&judged.unsaved) {
            *unsaved += if *holds { cards } else { 0 };
        }
    }
}

fn count(counts: &mut Counts, verdict: Verdict, cards: u64) {
    let of_these = |measured: bool| if measured { cards } else { 0 };
    match verdict {
        Verdict::LetIn { measured } => {
            counts.let_in += cards;
            counts.let_in_measured += of_these(measured);
        }
        Verdict::KeptOut { measured } => {
            counts.kept_out += cards;
            counts.kept_out_measured += of_these(measured);
        }
        Verdict::CouldNotTell => counts.could_not_tell += cards,
    }
}
