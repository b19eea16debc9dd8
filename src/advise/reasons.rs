//! Why no setting lets a card in.

use super::Question;
use super::facts::{CardFacts, KeyFacts};
use super::judge::{Judged, try_out};
use crate::clients::{Card, Client};
use crate::model::advice::Setting;
use crate::model::version::TlsVersion;

/// For each reason the clients that it holds for, of those that no setting helps.
pub(super) fn of(
    card: &CardFacts,
    judged: &Judged,
    question: &Question,
) -> Vec<(Vec<&'static str>, String)> {
    let mut reasons: Vec<(Vec<&'static str>, String)> = Vec::new();
    let unsaved = question.clients.iter().zip(&judged.unsaved);
    for (client, _) in unsaved.filter(|(_, unsaved)| **unsaved) {
        let reason = reason(card, *client, question);
        match reasons.iter_mut().find(|(_, known)| *known == reason) {
            Some((clients, _)) => clients.push(client.name()),
            None => reasons.push((vec![client.name()], reason)),
        }
    }
    reasons
}

/// `RSA-2048, EC P-256`.
pub(super) fn keys_named(card: &CardFacts) -> String {
    let mut names: Vec<String> = Vec::new();
    for key in &card.keys {
        let name = key.key().type_for_people();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.is_empty() {
        true => "no key".into(),
        false => names.join(", "),
    }
}

fn reason(card: &CardFacts, client: &dyn Client, question: &Question) -> String {
    let mut reasons: Vec<(String, String)> = Vec::new();
    for key in &card.keys {
        let why = of_key(card, key, client, question);
        let name = key.key().type_for_people();
        if !reasons
            .iter()
            .any(|known| (&known.0, &known.1) == (&name, &why))
        {
            reasons.push((name, why));
        }
    }
    match reasons.as_slice() {
        [] => "there is no private key on it".into(),
        [(_, why)] => why.clone(),
        many => {
            let named = many.iter().map(|(name, why)| format!("{name}: {why}"));
            named.collect::<Vec<_>>().join("; ")
        }
    }
}

/// As the widest list has it: the others fail for the same, or for being shorter.
fn of_key(card: &CardFacts, key: &KeyFacts, client: &dyn Client, question: &Question) -> String {
    if let Some(unfit) = key.unfit {
        return unfit.reason().into();
    }
    let (token, key) = (card.token(), key.key());
    let card = Card {
        key: &key,
        token: &token,
    };
    let mut tried = widest_first(question).into_iter();
    let why = tried.find_map(|setting| try_out(&card, client, setting).err());
    why.unwrap_or_else(|| {
        "it failed wherever it was tried, for reasons that its own report names".into()
    })
}

fn widest_first(question: &Question) -> Vec<&Setting> {
    let mut settings: Vec<&Setting> = question.settings.iter().collect();
    settings.retain(|setting| !setting.today);
    settings.sort_by_key(|setting| {
        let capped = setting.version == TlsVersion::V1_2;
        std::cmp::Reverse((setting.schemes.len(), capped))
    });
    settings
}
