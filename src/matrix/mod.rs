//! The matrix floor: which cells there are, the handshakes they need, and what came of them.
//!
//! [`plan`] is pure: cells, and the fewest handshakes that answer them. [`run`] makes the handshakes and emits events.
//! [`judge`] turns attempts into cells, [`prove`] runs failing cells again under a finding's remedy.
#![forbid(unsafe_code)]

pub mod chains;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod judge;
pub mod plan;
pub mod profiles;
pub mod prove;
pub mod real;
pub mod run;
pub mod saved;
pub mod venue;

use std::sync::atomic::Ordering;

use crate::clients::{Card, Client};
use crate::diagnose;
use crate::diagnose::connect;
use crate::diagnose::connect::candidate::{Asked, AtHand};
use crate::model::cell::Cell;
use crate::model::certificate::Certificate;
use crate::model::connected::Retry;
use crate::model::finding::Finding;
use crate::model::fit::Fit;
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::token::Token;

/// What a matrix is made of.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    /// The tokens.
    pub tokens: &'a [Token],
    /// The keys, capabilities filled in.
    pub keys: &'a [Key],
    /// The servers.
    pub profiles: &'a [Profile],
    /// The clients.
    pub clients: &'a [&'static dyn Client],
    /// The moment, seconds since 1970-01-01 UTC: certificates are valid or not at it.
    pub now: i64,
}

impl<'a> Table<'a> {
    /// The key at this index with its token, as a client's rule looks at them.
    pub fn card(&self, key: usize) -> Option<Card<'a>> {
        let key = self.keys.get(key)?;
        let token = self.tokens.iter().find(|token| token.id == key.token)?;
        Some(Card { key, token })
    }

    fn facts(&self, cells: &'a [Cell]) -> diagnose::Facts<'a> {
        diagnose::Facts {
            tokens: self.tokens,
            keys: self.keys,
            profiles: self.profiles,
            cells,
            now: self.now,
        }
    }
}

/// What came of a plan.
#[derive(Debug)]
pub struct Found {
    /// The plan's cells, judged.
    pub cells: Vec<Cell>,
    /// What they mean.
    pub findings: Vec<Finding>,
    /// C_SignInit calls for each key of the table, proofs included.
    pub signatures: Vec<usize>,
    /// Signatures that would prove remedies and were not made.
    pub unproven: Unproven,
    /// False: it was cancelled before every handshake was made.
    pub complete: bool,
}

/// Signatures that would prove remedies and were not made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unproven {
    /// For nobody wanted them.
    pub unwanted: usize,
    /// For each needs the PIN.
    pub with_pin: usize,
}

/// Makes the plan's handshakes, judges and explains them, and proves the remedies if `prove` says so.
pub fn find_out(
    table: &Table<'_>,
    plan: &plan::Plan,
    bench: &run::Bench<'_>,
    prove: bool,
) -> Found {
    let attempts = run::run(table, &plan.jobs, bench);
    let cells = judge::judge(table, plan, &attempts);
    let findings = diagnose::diagnose(&table.facts(&cells));
    let mut signatures = vec![0; table.keys.len()];
    run::count_signatures(&plan.jobs, &attempts, &mut signatures);
    let found = Found {
        cells,
        findings,
        signatures,
        unproven: Unproven::default(),
        complete: attempts.iter().all(Option::is_some),
    };
    prove_and_explain(table, found, bench, prove)
}

/// What a server that exists is asked with, besides the keys.
pub struct Call<'a> {
    /// What it is called: `portal.example:443`.
    pub server: &'a str,
    /// What it asks for, in each version.
    pub asked: &'a [Asked<'a>],
    /// Certificates of a file that may lie between a key's own and a CA that the server trusts.
    pub from_file: &'a [Certificate],
}

/// The same at a server that exists, which looks at certificates: each is held against what it asks for, and what it refuses
/// is tried again with other certificates behind the key's own.
pub fn find_out_there(
    table: &Table<'_>,
    plan: &plan::Plan,
    bench: &run::Bench<'_>,
    call: &Call<'_>,
    prove: bool,
) -> (Found, Vec<Fit>, Vec<Retry>) {
    let fits = connect::fit::fits(
        call.asked,
        &AtHand {
            tokens: table.tokens,
            keys: table.keys,
            from_file: call.from_file,
            now: table.now,
        },
    );
    let attempts = run::run(table, &plan.jobs, bench);
    let mut cells = judge::judge(table, plan, &attempts);
    let mut signatures = vec![0; table.keys.len()];
    run::count_signatures(&plan.jobs, &attempts, &mut signatures);
    let retries = chains::retry(
        table,
        plan,
        &attempts,
        bench,
        call.from_file,
        &mut signatures,
    );
    chains::take_what_works(&mut cells, &retries);
    connect::expect(&mut cells, &fits);
    let visit = connect::Visit {
        server: call.server,
        fits: &fits,
        retries: &retries,
        names_cas: call
            .asked
            .iter()
            .any(|asked| !asked.request.ca_names.is_empty()),
    };
    let findings = connect::diagnose(&table.facts(&cells), &visit);
    let found = Found {
        cells,
        findings,
        signatures,
        unproven: Unproven::default(),
        complete: attempts.iter().all(Option::is_some),
    };
    (prove_and_explain(table, found, bench, prove), fits, retries)
}

fn prove_and_explain(
    table: &Table<'_>,
    mut found: Found,
    bench: &run::Bench<'_>,
    prove: bool,
) -> Found {
    let proof = prove::plan(table, &found.findings, &found.cells, bench.venue);
    if prove && !bench.cancelled.load(Ordering::Relaxed) {
        let made = prove::prove(table, &proof, bench, &mut found.findings);
        run::count_signatures(&proof.jobs, &made, &mut found.signatures);
    }
    diagnose::explain_cells(&found.findings, &mut found.cells);
    found.unproven = Unproven {
        unwanted: if prove { 0 } else { proof.jobs.len() },
        with_pin: proof.with_pin,
    };
    found
}
