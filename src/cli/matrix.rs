//! `cardcheck matrix`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::args::{self, Matrix};
use super::error::CliError;
use super::exit::Exit;
use super::host;
use super::interrupt;
use super::output::Output;
use super::pin::PinKeeper;
use super::progress::Progress;
use super::servers;
use super::speak;
use super::tokens::{self, OpenToken, Selection};
use crate::clients::Client;
use crate::matrix::Table;
use crate::matrix::plan::{self, Options};
use crate::matrix::run::{Bench, Event};
use crate::matrix::{Unproven, find_out};
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::run::{ClientFacts, Run};
use crate::model::sign::Sign;
use crate::model::token::Token;
use crate::model::version::TlsVersion;
use crate::tls::Authority;
use crate::token::{Module, trials};

/// Reads the tokens, tries every key, prints the report.
pub(super) fn run(wanted: &Matrix) -> Result<Exit, CliError> {
    let started = (OffsetDateTime::now_utc(), Instant::now());
    let profiles = servers::profiles(&wanted.servers)?;
    let clients = servers::clients(&wanted.servers)?;
    let selection = Selection::new(&wanted.token)?;
    let mut pins = PinKeeper::new(&wanted.pin, selection.uri())?;
    let mut output = Output::open(&wanted.output)?;
    let cancelled = interrupt::flag();

    // seeding the random numbers for the servers' keys takes longer than a handshake: the token needn't wait for it
    let authority = std::thread::spawn(Authority::new);
    let progress = Arc::new(Progress::new(wanted.output.quiet));
    let path = tokens::module_path(&wanted.token, &selection)?;
    let launch = host::launch(path, &wanted.token, &wanted.pin, &progress, &cancelled)?;
    let mut module = Module::load(launch)?;
    let (mut open, incomplete) = tokens::open(&mut module, &selection, &mut pins)?;
    if open.is_empty() {
        return Err(no_keys(&wanted.token));
    }
    announce_verifications(&open, &profiles, &clients, wanted);
    let trial_signatures = try_out(&mut open, wanted, &progress, &cancelled);

    let authority = authority.join().map_err(|_| authority_lost())??;
    let desk = Desk::new(&open, profiles, clients, started.0);
    let mut found = desk.find_out(wanted, &authority, &progress, &cancelled);
    progress.end();
    found.module = module.facts().clone();
    found.started = to_the_second(started.0);
    found.duration_ms = u64::try_from(started.1.elapsed().as_millis()).unwrap_or(u64::MAX);
    found.signatures += trial_signatures;
    drop(desk);
    let incomplete = incomplete.or(close(open, &mut found));
    found.notes.extend(progress.warnings());

    output.write(&found)?;
    Ok(exit(&found, incomplete))
}

/// Ends the hosts; how the program ends if a token had to be given up. A module that hangs or crashes over it has lost
/// nothing, but is worth a note.
fn close(open: Vec<OpenToken>, found: &mut Run) -> Option<Exit> {
    let mut given_up = None;
    for (token, known) in open.into_iter().zip(&mut found.tokens) {
        known.verifications = token.host.verifications();
        given_up = given_up.or(token.host.given_up().map(|_| Exit::Environment));
        if let Err(lost) = token.host.close() {
            let label = &token.token.label;
            let note =
                format!("token `{label}`: when all was done, {lost}; no result depends on it");
            found.notes.push(note);
        }
    }
    // what failed was tried, and says more than that the rest could not be
    given_up.filter(|_| found.unexpected() == 0)
}

fn to_the_second(instant: OffsetDateTime) -> String {
    let whole = instant.replace_nanosecond(0).unwrap_or(instant);
    whole.format(&Rfc3339).unwrap_or_default()
}

fn authority_lost() -> CliError {
    CliError::environment("the test CA could not be made: its thread ended")
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

/// C_Sign calls of one handshake at most: some clients go on to raw RSA where the token refuses PSS.
const SIGNATURES_AT_MOST: usize = 2;

/// Always-authenticate keys cost a PIN verification for each signature: said before the first one.
fn announce_verifications(
    open: &[OpenToken],
    profiles: &[Profile],
    clients: &[&'static dyn Client],
    wanted: &Matrix,
) {
    let only = tls(wanted);
    let handshakes = |profile| plan::versions(profile, only).count() * clients.len();
    let most = SIGNATURES_AT_MOST * profiles.iter().map(handshakes).sum::<usize>();
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

/// The capability trials of every key, the tokens side by side; the number of signatures they took.
fn try_out(
    open: &mut [OpenToken],
    wanted: &Matrix,
    progress: &Progress,
    cancelled: &AtomicBool,
) -> usize {
    std::thread::scope(|scope| {
        let tokens = open.iter_mut();
        let trials: Vec<_> = tokens
            .map(|token| scope.spawn(|| try_out_token(token, wanted, progress, cancelled)))
            .collect();
        trials
            .into_iter()
            .filter_map(|trials| trials.join().ok())
            .sum()
    })
}

fn try_out_token(
    open: &mut OpenToken,
    wanted: &Matrix,
    progress: &Progress,
    cancelled: &AtomicBool,
) -> usize {
    let unlisted = wanted.effort.probe_unlisted;
    let planned = |(_, key): &(usize, Key)| trials::planned(key, &open.token, unlisted);
    progress.expect(open.keys.iter().map(planned).sum());
    let mut signatures = 0;
    for (index, key) in &mut open.keys {
        let (name, token) = (key.name_for_people(), &open.token.label);
        progress.now(&format!("what {name} on {token} can do"));
        let go_on = || {
            progress.done(1);
            !cancelled.load(Ordering::Relaxed)
        };
        let trials = trials::run(&open.host, *index, key, &open.token, unlisted, &go_on);
        signatures += trials.signatures;
        key.capabilities = trials.capabilities;
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
    now: OffsetDateTime,
}

impl Desk {
    fn new(
        open: &[OpenToken],
        profiles: Vec<Profile>,
        clients: Vec<&'static dyn Client>,
        now: OffsetDateTime,
    ) -> Desk {
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
            now,
        }
    }

    /// Plan, handshakes, cells, findings, proofs.
    fn find_out(
        &self,
        wanted: &Matrix,
        authority: &Authority,
        progress: &Progress,
        cancelled: &AtomicBool,
    ) -> Run {
        let table = self.table();
        let options = Options {
            version: tls(wanted),
            quick: wanted.effort.quick,
        };
        let plan = plan::plan(&table, options);
        let bench = Bench {
            authority,
            signers: &self.signers,
            cancelled,
            listener: &|event| self.watch(event, progress),
        };
        let found = find_out(&table, &plan, &bench, !wanted.effort.no_prove);
        let clients = self.clients.iter();
        Run {
            started: String::new(),
            duration_ms: 0,
            complete: found.complete,
            module: crate::model::token::Module::default(),
            tokens: self.tokens.clone(),
            keys: self.keys.clone(),
            profiles: self.profiles.clone(),
            clients: clients.map(|client| client_facts(*client)).collect(),
            cells: found.cells,
            findings: found.findings,
            signatures: found.signatures.iter().sum(),
            short_lists: plan.short_lists,
            notes: unproven(found.unproven).into_iter().collect(),
        }
    }

    fn table(&self) -> Table<'_> {
        Table {
            tokens: &self.tokens,
            keys: &self.keys,
            profiles: &self.profiles,
            clients: &self.clients,
            now: self.now.unix_timestamp(),
        }
    }

    fn watch(&self, event: Event, progress: &Progress) {
        match event {
            Event::Planned(jobs) => progress.expect(jobs),
            Event::Started {
                key,
                profile,
                version,
            } => {
                if let (Some(key), Some(profile)) = (self.keys.get(key), self.profiles.get(profile))
                {
                    let (key, server) = (key.name_for_people(), &profile.name);
                    progress.now(&format!("{key} at {server}, TLS {version}"));
                }
            }
            Event::Finished => progress.done(1),
        }
    }
}

/// What was not asked of the token, and how many signatures it would be.
fn unproven(unproven: Unproven) -> Option<String> {
    let count = |signatures: usize| match signatures {
        1 => "1 signature".to_owned(),
        many => format!("{many} signatures"),
    };
    match (unproven.unwanted, unproven.with_pin) {
        (0, 0) => None,
        (0, with_pin) => Some(format!(
            "{} that would prove remedies were not asked for, since each needs the PIN",
            count(with_pin)
        )),
        (unwanted, 0) => Some(format!(
            "the remedies are not proven, as --no-prove says; it would take {} more",
            count(unwanted)
        )),
        (unwanted, with_pin) => Some(format!(
            "the remedies are not proven, as --no-prove says; it would take {} more, and {with_pin} that need the PIN each",
            count(unwanted)
        )),
    }
}

fn client_facts(client: &dyn Client) -> ClientFacts {
    ClientFacts {
        name: client.name().to_owned(),
        evidence: client.evidence().name(),
    }
}
