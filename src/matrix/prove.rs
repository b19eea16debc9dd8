//! Proving remedies: the failing cells are run again with the change applied.

use std::collections::HashMap;

use super::Table;
use super::judge::passed;
use super::plan::{Job, decide, server};
use super::run::{Bench, run};
use super::venue::Venue;
use crate::model::cell::Cell;
use crate::model::choice::Choice;
use crate::model::finding::{Change, Finding};
use crate::model::profile::Profile;
use crate::model::version::TlsVersion;
use crate::tls::{Attempt, Server};

/// The handshakes that would prove the findings' remedies.
#[derive(Debug, Default)]
pub struct Proof {
    /// The handshakes, each needed by at least one remedy.
    pub jobs: Vec<Job>,
    /// More that would be needed, each with the PIN for its signature. They are left out: a proof is not worth the user's
    /// fingers.
    pub with_pin: usize,
    needs: Vec<Need>,
}

/// What one remedy's proof takes.
#[derive(Debug)]
struct Need {
    finding: usize,
    remedy: usize,
    /// `None`: a cell would not even come to a handshake.
    jobs: Option<Vec<usize>>,
}

/// Handshakes, each once.
#[derive(Default)]
struct Jobs {
    jobs: Vec<Job>,
    known: Known,
}

/// Plans the proof of every remedy that is a change to a server, but for keys that ask for the PIN at every signature.
pub fn plan(table: &Table<'_>, findings: &[Finding], cells: &[Cell], venue: &dyn Venue) -> Proof {
    let (mut free, mut pinned, mut needs) = (Jobs::default(), Jobs::default(), Vec::new());
    for (at, finding) in findings.iter().enumerate() {
        for (remedy_at, remedy) in finding.remedies.iter().enumerate() {
            let Some(change) = &remedy.change else {
                continue;
            };
            let cells = finding.cells.iter().filter_map(|cell| cells.get(*cell));
            let helped: Vec<&Cell> = cells.filter(|cell| remedy.helps(&cell.client)).collect();
            let asks = helped.iter().any(|cell| wants_pin(table, &cell.key));
            let planned = if asks { &mut pinned } else { &mut free };
            let jobs = helped
                .iter()
                .map(|cell| job(table, cell, change, planned, venue));
            let jobs: Option<Vec<usize>> = jobs.collect();
            needs.push(Need {
                finding: at,
                remedy: remedy_at,
                jobs: jobs.filter(|_| !asks),
            });
        }
    }
    let keys = pinned.jobs.iter().filter_map(|job| table.keys.get(job.key));
    Proof {
        with_pin: keys.filter(|key| key.always_authenticate).count(),
        jobs: free.jobs,
        needs,
    }
}

fn wants_pin(table: &Table<'_>, key: &str) -> bool {
    let mut keys = table.keys.iter();
    keys.any(|known| known.id == key && known.always_authenticate)
}

/// Makes the handshakes and marks the remedies whose every cell passed.
pub fn prove(
    table: &Table<'_>,
    proof: &Proof,
    bench: &Bench<'_>,
    findings: &mut [Finding],
) -> Vec<Option<Attempt>> {
    let attempts = run(table, &proof.jobs, bench);
    let good = |job: &usize| {
        attempts
            .get(*job)
            .and_then(Option::as_ref)
            .is_some_and(passed)
    };
    for need in &proof.needs {
        let jobs = need.jobs.as_ref();
        let proven = jobs.is_some_and(|jobs| !jobs.is_empty() && jobs.iter().all(good));
        let remedies = findings
            .get_mut(need.finding)
            .map(|finding| &mut finding.remedies);
        if let Some(remedy) = remedies.and_then(|remedies| remedies.get_mut(need.remedy)) {
            remedy.proven = proven;
        }
    }
    attempts
}

type Known = HashMap<(usize, Vec<u16>, u32, TlsVersion, Choice), usize>;

/// The cell's handshake under the change; `None` if it would fail before one.
fn job(
    table: &Table<'_>,
    cell: &Cell,
    change: &Change,
    planned: &mut Jobs,
    venue: &dyn Venue,
) -> Option<usize> {
    let key = table.keys.iter().position(|key| key.id == cell.key)?;
    let client = table
        .clients
        .iter()
        .position(|client| client.name() == cell.client)?;
    let profile = table
        .profiles
        .iter()
        .position(|profile| profile.name == cell.profile)?;
    let server = changed_server(table.profiles.get(profile)?, cell.version, change)?;
    let card = table.card(key)?;
    let choice = decide(*table.clients.get(client)?, &card, &server, venue).ok()?;
    choice.scheme()?;
    let codes = server.schemes.iter().map(|scheme| scheme.0).collect();
    let sameness = (
        key,
        codes,
        server.min_rsa_bits,
        server.version,
        choice.clone(),
    );
    let Jobs { jobs, known } = planned;
    let found = known.entry(sameness).or_insert_with(|| {
        jobs.push(Job {
            cell: 0,
            key,
            profile,
            client,
            choice,
            server,
        });
        jobs.len() - 1
    });
    Some(*found)
}

/// The changed server in the version that comes out: the cell's own, or TLS 1.2 if the change ends TLS 1.3.
fn changed_server(profile: &Profile, version: TlsVersion, change: &Change) -> Option<Server> {
    let changed = change.apply(profile);
    let version = changed.schemes(version).map(|_| version).or_else(|| {
        let fallback = TlsVersion::V1_2;
        changed.schemes(fallback).map(|_| fallback)
    })?;
    Some(server(&changed, version))
}
