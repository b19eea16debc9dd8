//! All cards seen so far: how many of which kind, and which ones, so that none counts twice. Its size has a bound.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::Question;
use super::card::Card;
use super::facts::CardFacts;
use super::judge::{Judged, Tally};
use crate::model::advice::MOST_EXAMPLES;

/// Kinds that are told apart: a fleet has a few dozen. What is beyond counts, but is not looked at again.
const MOST_KINDS: usize = 1000;
/// Cards that are known again: 24 bytes each.
const MOST_CARDS: usize = 1 << 20;

pub(super) struct Fleet {
    /// By facts: the index of the kind.
    by_facts: HashMap<Arc<CardFacts>, usize>,
    pub(super) kinds: Vec<Kind>,
    /// By identity: the kind that the card counts to, and when its report was made.
    known: HashMap<u64, (usize, i64)>,
    /// Cards of other kinds.
    rest: Tally,
    pub(super) repeated: u64,
    /// Cards that would not be known again.
    pub(super) forgotten: u64,
}

/// Cards of which all facts are the same.
pub(super) struct Kind {
    pub(super) facts: Arc<CardFacts>,
    pub(super) judged: Judged,
    pub(super) cards: u64,
    /// The first ones by name, with their identity.
    examples: Vec<(String, Option<u64>)>,
}

impl Fleet {
    pub(super) fn new(question: &Question) -> Fleet {
        Fleet {
            by_facts: HashMap::new(),
            kinds: Vec::new(),
            known: HashMap::new(),
            rest: Tally::new(question),
            repeated: 0,
            forgotten: 0,
        }
    }

    /// Has a card of this kind been judged?
    pub(super) fn knows(&self, facts: &CardFacts) -> bool {
        self.by_facts.contains_key(facts)
    }

    /// Counts a card. One that was there before counts as what its latest report says.
    pub(super) fn add(&mut self, card: Card<'_>, judged: Option<Judged>) {
        let before = card.identity.and_then(|identity| self.known.get(&identity));
        let before = before.copied();
        if before.is_some() {
            self.repeated += 1;
        }
        if before.is_some_and(|(_, made)| made >= card.made) {
            return;
        }
        let (identity, made) = (card.identity, card.made);
        let kind = self.count(card, judged, before.is_some());
        if let Some((old, _)) = before {
            // of a kind that is not kept: the first report stands
            if kind.is_some() {
                self.take_back(old, identity);
            }
        }
        match (kind, identity) {
            (Some(kind), Some(identity)) => self.remember(identity, kind, made),
            (None, Some(_)) if before.is_none() => self.forgotten += 1,
            _ => {}
        }
    }

    /// What is to be said of all cards together.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = self.rest.clone();
        for kind in &self.kinds {
            tally.add(&kind.judged, kind.cards);
        }
        tally
    }

    /// The kind it counts to; `None`: one that is not kept.
    fn count(&mut self, card: Card<'_>, judged: Option<Judged>, again: bool) -> Option<usize> {
        let at = match self.by_facts.get(&card.facts) {
            Some(at) => *at,
            None if self.kinds.len() < MOST_KINDS => self.begin(card.facts, judged?),
            None => {
                if let Some(judged) = judged.filter(|_| !again) {
                    self.rest.add(&judged, 1);
                }
                return None;
            }
        };
        let kind = self.kinds.get_mut(at)?;
        kind.cards += 1;
        if kind.judged.unsaved.contains(&true) {
            kind.name(card.label, card.serial, card.identity);
        }
        Some(at)
    }

    fn begin(&mut self, facts: CardFacts, judged: Judged) -> usize {
        let facts = Arc::new(facts);
        let at = self.kinds.len();
        self.by_facts.insert(Arc::clone(&facts), at);
        self.kinds.push(Kind {
            facts,
            judged,
            cards: 0,
            examples: Vec::new(),
        });
        at
    }

    fn take_back(&mut self, at: usize, identity: Option<u64>) {
        if let Some(kind) = self.kinds.get_mut(at) {
            kind.cards -= 1;
            kind.examples.retain(|(_, known)| *known != identity);
        }
    }

    fn remember(&mut self, identity: u64, kind: usize, made: i64) {
        let room = self.known.len() < MOST_CARDS;
        match self.known.entry(identity) {
            Entry::Occupied(mut known) => *known.get_mut() = (kind, made),
            Entry::Vacant(vacant) if room => {
                vacant.insert((kind, made));
            }
            Entry::Vacant(_) => self.forgotten += 1,
        }
    }
}

impl Kind {
    /// Names of some of its cards.
    pub(super) fn examples(&self) -> Vec<String> {
        let names = self.examples.iter().map(|(name, _)| name.clone());
        names.collect()
    }

    fn name(&mut self, label: &str, serial: &str, identity: Option<u64>) {
        let name = match (label, serial) {
            ("", serial) => format!("serial {serial}"),
            (label, "") => label.to_owned(),
            (label, serial) => format!("{label} (serial {serial})"),
        };
        // the first by name, not by chance: several threads bring them
        self.examples.push((name, identity));
        self.examples.sort();
        self.examples
            .dedup_by(|one, other| one.1.is_some() && one.1 == other.1);
        self.examples.truncate(MOST_EXAMPLES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::facts::{KeyFacts, Unfit};
    use crate::advise::judge::judge;
    use crate::clients;

    /// A card whose kind is told by the size of its key.
    fn card(kind: u32, identity: u64, made: i64) -> Card<'static> {
        let key = KeyFacts {
            key_type: Default::default(),
            bits: Some(kind),
            curve: None,
            pss_only: false,
            can_sign: true,
            allowed: None,
            unfit: Some(Unfit::NoCertificate),
            trials: Vec::new(),
            measured: Vec::new(),
        };
        Card {
            facts: CardFacts {
                mechanisms: Vec::new(),
                keys: vec![key],
            },
            identity: Some(identity),
            made,
            label: "card",
            serial: "01",
        }
    }

    fn question() -> Question {
        Question {
            settings: crate::advise::proposed(),
            clients: clients::DEFAULT.to_vec(),
        }
    }

    fn add(fleet: &mut Fleet, card: Card<'_>) {
        let known = fleet.knows(&card.facts);
        let judged = (!known).then(|| judge(&card.facts, &question()));
        fleet.add(card, judged);
    }

    #[test]
    fn kinds_beyond_the_bound_are_counted_and_not_kept() {
        let mut fleet = Fleet::new(&question());
        let all = MOST_KINDS as u64 + 50;
        for number in 0..all {
            add(&mut fleet, card(number as u32, number, 1));
        }
        assert_eq!(fleet.kinds.len(), MOST_KINDS);
        assert_eq!(fleet.tally().cards, all);
        assert!(fleet.tally().unsaved.iter().all(|cards| *cards == all));
        assert_eq!(fleet.forgotten, 50);
    }

    #[test]
    fn a_card_moves_to_the_kind_of_its_latest_report_and_is_named_there() {
        let mut fleet = Fleet::new(&question());
        add(&mut fleet, card(1, 7, 10));
        add(&mut fleet, card(2, 7, 20));
        add(&mut fleet, card(1, 7, 15));
        assert_eq!((fleet.tally().cards, fleet.repeated), (1, 2));
        let named: Vec<_> = fleet
            .kinds
            .iter()
            .map(|kind| (kind.cards, kind.examples()))
            .collect();
        assert_eq!(
            named,
            [(0, vec![]), (1, vec!["card (serial 01)".to_owned()])]
        );
    }
}
