//! The reading: several threads take the reports, one after the other, and count into one fleet.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Question;
use super::card::cards;
use super::document;
use super::fleet::Fleet;
use super::judge::judge;
use super::report::Report;
use super::sources::{Input, Source};
use super::sum;
use crate::model::advice::{Advice, Skipped};

/// Files that wait to be read.
const AHEAD: usize = 256;
/// Left-out reports that are named; the rest is counted.
const MOST_NAMED: usize = 100;

/// Reads all reports and weighs the settings. `done` is told how many are done, by any thread.
pub fn survey(sources: Vec<Source>, question: &Question, done: &(dyn Fn(u64) + Sync)) -> Advice {
    let ledger = Mutex::new(Ledger {
        fleet: Fleet::new(question),
        reports: 0,
        skipped: 0,
        named: Vec::new(),
    });
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
    let (sender, receiver) = sync_channel(AHEAD);
    let desk = Desk {
        inputs: Mutex::new(receiver),
        ledger: &ledger,
        question,
        done,
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| desk.read_all());
        }
        // there is a reader as long as there is something to read
        sources
            .into_iter()
            .for_each(|source| source.each(|input| drop(sender.send(input))));
        drop(sender);
    });
    drop(desk);
    let ledger = ledger.into_inner().unwrap_or_else(PoisonError::into_inner);
    Advice {
        reports: ledger.reports,
        skipped: ledger.skipped,
        skipped_named: ledger.named,
        ..sum::up(&ledger.fleet, question)
    }
}

/// What is known so far.
struct Ledger {
    fleet: Fleet,
    reports: u64,
    skipped: u64,
    named: Vec<Skipped>,
}

/// What each thread has before it.
struct Desk<'a> {
    inputs: Mutex<Receiver<Input>>,
    ledger: &'a Mutex<Ledger>,
    question: &'a Question,
    done: &'a (dyn Fn(u64) + Sync),
}

impl Desk<'_> {
    fn read_all(&self) {
        let mut buffer = Vec::new();
        while let Some(input) = self.next() {
            self.read(input, &mut buffer);
        }
    }

    fn next(&self) -> Option<Input> {
        let inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        inputs.recv().ok()
    }

    fn read(&self, input: Input, buffer: &mut Vec<u8>) {
        let name = input.name.clone();
        let mut number = 0;
        let read = input.open().and_then(|opened| {
            document::each(opened, buffer, |report| {
                number += 1;
                match report {
                    Ok(report) => self.count(report),
                    Err(why) => self.ledger().skip(numbered(&name, number), why),
                }
            })
        });
        match read {
            Err(error) => self.ledger().skip(name, error.to_string()),
            Ok(()) if number == 0 => self.ledger().skip(name, "it is empty".into()),
            Ok(()) => {}
        }
    }

    fn count(&self, report: &Report<'_>) {
        for card in cards(report, self.question) {
            // judged outside of the lock: it takes longer than all the rest
            let known = self.ledger().fleet.knows(&card.facts);
            let judged = (!known).then(|| judge(&card.facts, self.question));
            self.ledger().fleet.add(card, judged);
        }
        let mut ledger = self.ledger();
        ledger.reports += 1;
        (self.done)(ledger.reports);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Names the first ones by name, not by chance.
    fn skip(&mut self, name: String, why: String) {
        self.skipped += 1;
        self.named.push(Skipped { name, why });
        self.named.sort();
        self.named.truncate(MOST_NAMED);
    }
}

/// A file has one report as a rule.
fn numbered(name: &str, number: usize) -> String {
    match number {
        1 => name.to_owned(),
        _ => format!("{name}, report {number}"),
    }
}
