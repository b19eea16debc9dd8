//! `cardcheck matrix`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::args::{self, Matrix};
use super::error::CliError;
use super::exit::Exit;
use super::interrupt;
use super::output::Output;
use super::pin::PinKeeper;
use super::progress::Progress;
use super::servers;
use super::speak;
use super::tokens::{self, OpenToken, Selection};
use crate::clients::Client;
use crate::diagnose;
use crate::matrix::Table;
use crate::matrix::judge::judge;
use crate::matrix::plan::{self, Options, Plan};
use crate::matrix::prove;
use crate::matrix::run::{Bench, Event, run as make};
use crate::model::key::Key;
use crate::model::profile::{Profile, TlsVersion};
use crate::model::run::{ClientFacts, Run};
use crate::model::sign::Sign;
use crate::model::token::Token;
use crate::tls::{Attempt, Authority};
use crate::token::trials;

/// Reads the tokens, tries every key, prints the report.
pub(super) fn run(wanted: &Matrix) -> Result<Exit, CliError> {
    let started = (OffsetDateTime::now_utc(), Instant::now());
    let profiles = servers::profiles(&wanted.servers)?;
    let clients = servers::clients(&wanted.servers)?;
    let selection = Selection::new(&wanted.token)?;
    let mut pins = PinKeeper::new(&wanted.pin, selection.uri())?;
    let mut output = Output::open(&wanted.output)?;
    let cancelled = interrupt::flag();

    let module = tokens::load_module(&wanted.token, &selection)?;
    let (mut open, incomplete) = tokens::open(&module, &selection, &mut pins)?;
    if open.is_empty() {
        return Err(no_keys(&wanted.token));
    }
    announce_verifications(&open, &profiles, &clients, wanted);
    let progress = Progress::new(wanted.output.quiet);
    let trial_signatures = try_out(&mut open, wanted, &progress, &cancelled);

    let desk = Desk::new(&open, profiles, clients);
    let mut found = desk.find_out(wanted, &progress, &cancelled)?;
    drop(progress);
    found.module = module.facts().clone();
    found.started = started.0.format(&Rfc3339).unwrap_or_default();
    found.duration_ms = u64::try_from(started.1.elapsed().as_millis()).unwrap_or(u64::MAX);
    found.signatures += trial_signatures;
    drop((desk, open));
    module.finalize();

    output.write(&found)?;
    Ok(exit(&found, incomplete))
}

fn exit(run: &Run, incomplete: Option<Exit>) -> Exit {
    match (run.complete, incomplete) {
        (false, _) => Exit::Interrupted,
        (true, Some(exit)) => exit,
        _ if !run.tried_anything() => Exit::NothingToTry,
        _ if run.is_as_expected() => Exit::AsExpected,
        _ => Exit::Unexpected,
    }
}

fn no_keys(wanted: &args::Token) -> CliError {
    if wanted.key.is_empty() {
        return CliError::nothing_to_try("there is no private key on the token")
            .help("list what it holds: `pkcs11-tool --module M --login -O`");
    }
    CliError::nothing_to_try(format!(
        "no key is the one you named: {}",
        wanted.key.join(", ")
    ))
    .help("--key takes a label, a CKA_ID in hex or a PKCS#11 URI; leave it out to see all keys")
}

/// Always-authenticate keys cost a PIN verification for each signature: said before the first one.
fn announce_verifications(
    open: &[OpenToken],
    profiles: &[Profile],
    clients: &[&'static dyn Client],
    wanted: &Matrix,
) {
    let only = tls(wanted);
    let handshakes = |profile| plan::versions(profile, only).count() * clients.len();
    let most: usize = profiles.iter().map(handshakes).sum();
    for token in open {
        for (_, key) in token.keys.iter().filter(|(_, key)| key.always_authenticate) {
            let trials = trials::planned(key, &token.token, wanted.effort.probe_unlisted);
            let (name, token) = (key.name_for_people(), &token.token);
            let how = if token.pad {
                "you type it at the reader"
            } else {
                "cardcheck sends it"
            };
            speak::warning(&format!(
                "key `{name}` on `{}` wants the PIN for every signature (CKA_ALWAYS_AUTHENTICATE): {how} up to {} times in this run",
                token.label,
                trials + most,
            ));
        }
    }
}

/// The capability trials of every key; the number of signatures they took.
fn try_out(
    open: &mut [OpenToken],
    wanted: &Matrix,
    progress: &Progress,
    cancelled: &AtomicBool,
) -> usize {
    let unlisted = wanted.effort.probe_unlisted;
    let mut signatures = 0;
    for token in open {
        for (index, key) in &mut token.keys {
            let planned = trials::planned(key, &token.token, unlisted);
            progress.expect(planned);
            progress.now(format!(
                "what {} on {} can do",
                key.name_for_people(),
                token.token.label
            ));
            let go_on = || !cancelled.load(Ordering::Relaxed);
            let trials = trials::run(&token.host, *index, key, &token.token, unlisted, &go_on);
            progress.done(planned);
            signatures += trials.signatures;
            if key.always_authenticate {
                token.token.verifications += trials.signatures;
            }
            key.capabilities = trials.capabilities;
        }
    }
    signatures
}

fn tls(wanted: &Matrix) -> Option<TlsVersion> {
    wanted.servers.tls.map(|version| match version {
        args::Version::V1_2 => TlsVersion::V1_2,
        args::Version::V1_3 => TlsVersion::V1_3,
    })
}

/// Where keys, servers and clients are brought together.
struct Desk {
    tokens: Vec<Token>,
    keys: Vec<Key>,
    signers: Vec<Arc<dyn Sign>>,
    profiles: Vec<Profile>,
    clients: Vec<&'static dyn Client>,
}

impl Desk {
    fn new(open: &[OpenToken], profiles: Vec<Profile>, clients: Vec<&'static dyn Client>) -> Desk {
        let keys = open
            .iter()
            .flat_map(|token| token.keys.iter().map(move |key| (token, key)));
        let signer = |(token, (index, _)): (&OpenToken, &(usize, Key))| -> Arc<dyn Sign> {
            Arc::new(token.host.signer(*index))
        };
        Desk {
            tokens: open.iter().map(|token| token.token.clone()).collect(),
            signers: keys.clone().map(signer).collect(),
            keys: keys.map(|(_, (_, key))| key.clone()).collect(),
            profiles,
            clients,
        }
    }

    /// Plan, handshakes, cells, findings, proofs.
    fn find_out(
        &self,
        wanted: &Matrix,
        progress: &Progress,
        cancelled: &AtomicBool,
    ) -> Result<Run, CliError> {
        let table = self.table();
        let options = Options {
            version: tls(wanted),
            quick: wanted.effort.quick,
        };
        let plan = plan::plan(&table, options);
        let authority = Authority::new()?;
        let listener = |event| self.watch(&plan, event, progress);
        let bench = Bench {
            authority: &authority,
            signers: &self.signers,
            cancelled,
            listener: &listener,
        };
        progress.expect(plan.jobs.len());
        let attempts = make(&table, &plan.jobs, &bench);
        let made = || attempts.iter().flatten();

        let mut cells = judge(&table, &plan, &attempts);
        let facts = diagnose::Facts {
            tokens: &self.tokens,
            keys: &self.keys,
            profiles: &self.profiles,
            cells: &cells,
        };
        let mut findings = diagnose::diagnose(&facts);
        let mut signatures: usize = made().map(|attempt| attempt.signatures).sum();
        if !wanted.effort.no_prove && !cancelled.load(Ordering::Relaxed) {
            let proof = prove::plan(&table, &findings, &cells);
            let quiet = Bench {
                listener: &|_| {},
                ..bench
            };
            signatures += prove::prove(&table, &proof, &quiet, &mut findings);
        }
        diagnose::explain_cells(&findings, &mut cells);
        Ok(Run {
            started: String::new(),
            duration_ms: 0,
            complete: made().count() == plan.jobs.len(),
            module: crate::model::token::Module::default(),
            tokens: self.verifications_counted(&plan, &attempts),
            keys: self.keys.clone(),
            profiles: self.profiles.clone(),
            clients: self
                .clients
                .iter()
                .map(|client| client_facts(*client))
                .collect(),
            cells,
            findings,
            signatures,
            short_lists: plan.short_lists,
            notes: Vec::new(),
        })
    }

    /// The tokens, with the PIN verifications of always-authenticate keys' handshakes added.
    fn verifications_counted(&self, plan: &Plan, attempts: &[Option<Attempt>]) -> Vec<Token> {
        let mut tokens = self.tokens.clone();
        for (job, attempt) in plan.jobs.iter().zip(attempts) {
            let key = self.keys.get(job.key).filter(|key| key.always_authenticate);
            let token = key.and_then(|key| tokens.iter_mut().find(|token| token.id == key.token));
            if let (Some(token), Some(attempt)) = (token, attempt) {
                token.verifications += attempt.signatures;
            }
        }
        tokens
    }

    fn table(&self) -> Table<'_> {
        Table {
            tokens: &self.tokens,
            keys: &self.keys,
            profiles: &self.profiles,
            clients: &self.clients,
        }
    }

    fn watch(&self, plan: &Plan, event: Event, progress: &Progress) {
        match event {
            Event::Started(job) => {
                let cell = plan.jobs.get(job).and_then(|job| plan.cells.get(job.cell));
                let names = cell.and_then(|cell| {
                    Some((
                        self.keys.get(cell.key)?.name_for_people(),
                        &self.profiles.get(cell.profile)?.name,
                        cell.version,
                    ))
                });
                if let Some((key, profile, version)) = names {
                    progress.now(format!("{key} at {profile}, TLS {version}"));
                }
            }
            Event::Finished(_) => progress.done(1),
        }
    }
}

fn client_facts(client: &dyn Client) -> ClientFacts {
    ClientFacts {
        name: client.name().to_owned(),
        evidence: client.evidence().name(),
    }
}
