//! The book of visits: the last ones, under way or over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::door::Placed;
use super::story::Told;
use crate::diagnose::visit::{VisitFacts, diagnose_visit};
use crate::model::visit::Visit;
use crate::tls::witness::Witness;

/// Older ones are forgotten. A visit can hold 64 KiB of certificates, which are kept as bytes and as what they say.
const MOST: usize = 200;

/// The visits, and the doors that they came to.
pub(super) struct Book {
    pub(super) doors: Vec<Placed>,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    last: VecDeque<Entry>,
    /// How many there were.
    count: u64,
    turned_away: u64,
}

#[derive(Clone)]
struct Entry {
    door: usize,
    witness: Witness,
}

impl Book {
    pub(super) fn new(doors: Vec<Placed>) -> Arc<Book> {
        Arc::new(Book {
            doors,
            entries: Mutex::default(),
        })
    }

    /// A visit that begins now.
    pub(super) fn begin(&self, door: usize, visit: Visit) -> (u64, Witness) {
        self.with(|entries| {
            entries.count += 1;
            let number = entries.count;
            let witness = Witness::new(Visit { number, ..visit });
            entries.last.push_back(Entry {
                door,
                witness: witness.clone(),
            });
            if entries.last.len() > MOST {
                entries.last.pop_front();
            }
            (number, witness)
        })
    }

    pub(super) fn turn_away(&self) {
        self.with(|entries| entries.turned_away += 1);
    }

    /// Connections that were closed at once, since there were too many.
    pub(super) fn turned_away(&self) -> u64 {
        self.with(|entries| entries.turned_away)
    }

    /// All of them, the newest first, with what they mean.
    pub(super) fn told(&self) -> Vec<Told> {
        let mut all = self.visits();
        all.reverse();
        let visits: Vec<Visit> = all.iter().map(|(_, visit)| visit.clone()).collect();
        let told = all
            .into_iter()
            .filter_map(|(door, visit)| self.tell(door, visit, &visits));
        told.collect()
    }

    /// The visit of this number; `None`: there is none, or it is forgotten.
    pub(super) fn visit(&self, number: u64) -> Option<Told> {
        let all = self.visits();
        let visits: Vec<Visit> = all.iter().map(|(_, visit)| visit.clone()).collect();
        let (door, visit) = all.into_iter().find(|(_, visit)| visit.number == number)?;
        self.tell(door, visit, &visits)
    }

    /// Is any under way?
    pub(super) fn is_busy(&self) -> bool {
        self.visits().iter().any(|(_, visit)| visit.end.is_none())
    }

    fn tell(&self, door: usize, visit: Visit, all: &[Visit]) -> Option<Told> {
        let placed = self.doors.get(door)?;
        let same = |other: &&Visit| other.from == visit.from && other.number != visit.number;
        let others: Vec<Visit> = all.iter().filter(same).cloned().collect();
        let findings = diagnose_visit(&VisitFacts {
            visit: &visit,
            profile: placed.door.profile(),
            others: &others,
        });
        Some(Told { visit, findings })
    }

    fn visits(&self) -> Vec<(usize, Visit)> {
        let entries = self.with(|entries| entries.last.clone());
        entries
            .iter()
            .map(|entry| (entry.door, entry.witness.visit()))
            .collect()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Entries) -> T) -> T {
        work(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
