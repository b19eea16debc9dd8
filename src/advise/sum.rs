//! From what was counted to what is advised.

use super::Question;
use super::fleet::{Fleet, Kind};
use super::front;
use super::judge::Tally;
use super::reasons;
use crate::diagnose;
use crate::model::advice::{Advice, Setting, Unsaved, Weighed};
use crate::model::run::ClientFacts;

/// Kinds of cards that are named.
const MOST_NAMED: usize = 100;

/// The advice for a fleet; what was read and skipped is not its business.
pub(super) fn up(fleet: &Fleet, question: &Question) -> Advice {
    let tally = fleet.tally();
    let mut settings = weighed(&tally, question);
    front::mark(&mut settings);
    let mut kinds = unsaved(fleet, question);
    let mut notes = notes(fleet, &tally);
    if kinds.len() > MOST_NAMED {
        let rest = kinds.split_off(MOST_NAMED).len();
        notes.push(format!(
            "{rest} more kinds of cards that some clients can't use with any setting are not named"
        ));
    }
    let facts = |client: &&dyn crate::clients::Client| ClientFacts {
        name: client.name().into(),
        evidence: client.evidence().name(),
    };
    Advice {
        reports: 0,
        cards: tally.cards,
        repeated: fleet.repeated,
        skipped: 0,
        skipped_named: Vec::new(),
        clients: question.clients.iter().map(facts).collect(),
        settings,
        unsaved: tally.unsaved,
        kinds,
        notes,
    }
}

fn weighed(tally: &Tally, question: &Question) -> Vec<Weighed> {
    let of_each = tally.counts.chunks(question.clients.len().max(1));
    let settings = question.settings.iter().zip(of_each);
    settings
        .map(|(setting, counts)| Weighed {
            setting: setting.clone(),
            counts: counts.to_vec(),
            on_front: false,
            breaks: diagnose::breaks(&setting.change()),
            remedies: diagnose::everywhere(title(setting), &setting.change()),
        })
        .collect()
}

fn title(setting: &Setting) -> &'static str {
    match setting.change() {
        crate::model::finding::Change::ClientSchemes {
            tls12_only: true, ..
        } => "Ask clients for this list, and switch TLS 1.3 off on that host",
        _ => "Ask clients for this list",
    }
}

fn unsaved(fleet: &Fleet, question: &Question) -> Vec<Unsaved> {
    let meant = |kind: &&Kind| kind.cards > 0 && kind.judged.unsaved.contains(&true);
    let mut kinds: Vec<Unsaved> = Vec::new();
    for kind in fleet.kinds.iter().filter(meant) {
        let one = Unsaved {
            cards: kind.cards,
            keys: reasons::keys_named(&kind.facts),
            reasons: reasons::of(&kind.facts, &kind.judged, question),
            examples: kind.examples(),
        };
        // kinds may differ in what nobody sees
        let same =
            |known: &&mut Unsaved| (&known.keys, &known.reasons) == (&one.keys, &one.reasons);
        match kinds.iter_mut().find(same) {
            Some(known) => known.join(one),
            None => kinds.push(one),
        }
    }
    kinds.sort_by(|one, other| {
        let order = |kind: &Unsaved| {
            (
                u64::MAX - kind.cards,
                kind.keys.clone(),
                kind.examples.clone(),
            )
        };
        order(one).cmp(&order(other))
    });
    kinds
}

fn notes(fleet: &Fleet, tally: &Tally) -> Vec<String> {
    let kept: u64 = fleet.kinds.iter().map(|kind| kind.cards).sum();
    let beyond = tally.cards - kept;
    let notes = [
        (beyond > 0).then(|| format!("{beyond} cards are of rare kinds, of which there are too many to keep: they are counted, and not named")),
        (fleet.forgotten > 0).then(|| {
            format!("{} cards are too many to be known again: in another report they counted as others", fleet.forgotten)
        }),
    ];
    notes.into_iter().flatten().collect()
}
