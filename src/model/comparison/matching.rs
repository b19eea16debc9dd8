//! Which key of one run is which of another. Handles, slots and a module's order change; public keys don't.

use std::collections::HashMap;

use super::super::record::{KeyRecord, Marks};
use super::SameKey;

/// What a key was known again by, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The public key.
    PublicKey,
    /// The certificate.
    Certificate,
    /// CKA_ID, on the token with this serial number.
    IdAndSerial,
    /// Label and CKA_ID, on a token of this label: another card, or a token that was made anew.
    Place,
}

impl By {
    const ALL: [By; 4] = [By::PublicKey, By::Certificate, By::IdAndSerial, By::Place];

    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            By::PublicKey => "public_key",
            By::Certificate => "certificate",
            By::IdAndSerial => "id_and_serial",
            By::Place => "place",
        }
    }

    fn holds(self, one: &Marks, other: &Marks) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
        let id = !one.cka_id.is_empty() && one.cka_id == other.cka_id;
        match self {
            By::PublicKey => same(&one.public_key, &other.public_key),
            By::Certificate => same(&one.certificate, &other.certificate),
            By::IdAndSerial => {
                id && !one.token_serial.is_empty() && one.token_serial == other.token_serial
            }
            By::Place => {
                let place = |marks: &Marks| {
                    (
                        marks.cka_id.clone(),
                        marks.label.clone(),
                        marks.token_label.clone(),
                    )
                };
                (id || !one.label.is_empty()) && place(one) == place(other)
            }
        }
    }
}

/// The keys of two runs, brought together.
pub(super) struct Pairs<'a> {
    before: &'a [KeyRecord],
    now: &'a [KeyRecord],
    /// By index: before, now.
    pairs: Vec<(usize, usize, By)>,
    /// From the later run's id to the earlier one's.
    earlier: HashMap<&'a str, &'a str>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(before: &'a [KeyRecord], now: &'a [KeyRecord]) -> Pairs<'a> {
        let pairs = pairs(before, now);
        let ids = |(was, is, _): &(usize, usize, By)| {
            Some((now.get(*is)?.id.as_str(), before.get(*was)?.id.as_str()))
        };
        Pairs {
            before,
            now,
            earlier: pairs.iter().filter_map(ids).collect(),
            pairs,
        }
    }

    /// The earlier run's id of a key.
    pub(super) fn earlier(&self, now: &str) -> Option<&'a str> {
        self.earlier.get(now).copied()
    }

    /// What the later run calls a key.
    pub(super) fn name(&self, id: &str) -> String {
        let key = self.now.iter().find(|key| key.id == id);
        key.map_or(id, |key| &key.name).to_owned()
    }

    pub(super) fn same(&self) -> Vec<SameKey> {
        let same = |(was, is, by): &(usize, usize, By)| {
            let (was, is) = (self.before.get(*was)?, self.now.get(*is)?);
            let public_keys = was
                .marks
                .public_key
                .as_ref()
                .zip(is.marks.public_key.as_ref());
            Some(SameKey {
                before: was.id.clone(),
                now: is.id.clone(),
                name: is.name.clone(),
                by: *by,
                replaced: public_keys.is_some_and(|(was, is)| was != is),
            })
        };
        self.pairs.iter().filter_map(same).collect()
    }

    pub(super) fn new_keys(&self) -> Vec<KeyRecord> {
        left(self.now, |at| self.pairs.iter().any(|(_, is, _)| *is == at))
    }

    pub(super) fn gone_keys(&self) -> Vec<KeyRecord> {
        left(self.before, |at| {
            self.pairs.iter().any(|(was, ..)| *was == at)
        })
    }
}

fn left(keys: &[KeyRecord], taken: impl Fn(usize) -> bool) -> Vec<KeyRecord> {
    let keys = keys.iter().enumerate();
    let left = keys.filter(|(at, _)| !taken(*at));
    left.map(|(_, key)| key.clone()).collect()
}

/// By the surest mark first; of several that fit, the one with most in common.
fn pairs(before: &[KeyRecord], now: &[KeyRecord]) -> Vec<(usize, usize, By)> {
    let mut pairs: Vec<(usize, usize, By)> = Vec::new();
    for by in By::ALL {
        for (is, key) in now.iter().enumerate() {
            if pairs.iter().any(|(_, known, _)| *known == is) {
                continue;
            }
            let free = before.iter().enumerate().filter(|(was, earlier)| {
                let taken = pairs.iter().any(|(known, ..)| known == was);
                !taken && by.holds(&earlier.marks, &key.marks)
            });
            // of equals the first one
            let best = free
                .rev()
                .max_by_key(|(_, earlier)| in_common(&earlier.marks, &key.marks));
            if let Some((was, _)) = best {
                pairs.push((was, is, by));
            }
        }
    }
    pairs.sort_by_key(|(_, is, _)| *is);
    pairs
}

fn in_common(one: &Marks, other: &Marks) -> usize {
    let same = [
        one.token_serial == other.token_serial,
        one.cka_id == other.cka_id,
        one.label == other.label,
    ];
    same.into_iter().filter(|same| *same).count()
}
