//! Checking tokens that are open: what their keys can do, then every handshake, then what it means.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::args;
use super::desk::{Desk, Question};
use super::error::CliError;
use super::progress::Progress;
use super::servers;
use super::speak;
use super::tokens::OpenToken;
use crate::matrix::chains::MOST_RETRIES;
use crate::matrix::plan;
use crate::matrix::real::{RealServers, Software};
use crate::matrix::venue::{InProcess, Venue};
use crate::model::key::Key;
use crate::model::redact;
use crate::model::run::{Reach, Run};
use crate::model::scheme::Scheme;
use crate::model::token::Module;
use crate::model::version::TlsVersion;
use crate::tls::Authority;
use crate::tls::authority::AuthorityError;
use crate::token::trials::{self, Extent};

/// C_Sign calls of one handshake at most: some clients go on to raw RSA where the token refuses PSS.
const SIGNATURES_AT_MOST: usize = 2;

/// Checks tokens, one or several together, as often as it is asked to.
pub(super) struct Check {
    question: Question,
    redact: bool,
    progress: Arc<Progress>,
    authority: TestCa,
    /// Real servers instead of the one inside.
    server: Option<Software>,
    /// Somebody else's server is talked to: the PIN is forgotten before, and spent on nothing that the server doesn't ask for.
    among_strangers: bool,
}

/// How handshakes are made once the tokens are ready.
pub(super) type Handshakes<'a> =
    dyn FnMut(&Desk, &Question, &Authority) -> Result<Run, CliError> + 'a;

/// When a run began, by the calendar and by a clock that nobody sets.
#[derive(Clone, Copy)]
pub(super) struct Started {
    pub(super) at: OffsetDateTime,
    ticking: Instant,
}

/// The servers' CA, made beside other work: seeding the random numbers takes longer than a handshake.
#[derive(Default)]
enum TestCa {
    #[default]
    NotYet,
    Making(JoinHandle<Result<Authority, AuthorityError>>),
    Made(Authority),
}

impl Check {
    /// Reads the servers and clients that were named.
    ///
    /// # Errors
    /// One that isn't known, a file that can't be read, or a real server whose program doesn't run.
    pub(super) fn new(
        servers: &args::Servers,
        effort: args::Effort,
        redact: bool,
        progress: &Arc<Progress>,
    ) -> Result<Check, CliError> {
        if let Some(server) = &servers.server {
            server.version().map_err(no_server)?;
        }
        let question = Question {
            profiles: servers::profiles(servers)?,
            clients: servers::clients(&servers.client)?,
            only: servers.tls.map(TlsVersion::from),
            effort,
        };
        Ok(Check {
            question,
            redact,
            progress: Arc::clone(progress),
            authority: TestCa::NotYet,
            server: servers.server.clone(),
            among_strangers: false,
        })
    }

    /// For handshakes with somebody else's server.
    pub(super) fn among_strangers(question: Question, progress: &Arc<Progress>) -> Check {
        Check {
            question,
            redact: false,
            progress: Arc::clone(progress),
            authority: TestCa::NotYet,
            server: None,
            among_strangers: true,
        }
    }

    /// Begins with what needs no token.
    pub(super) fn prepare(&mut self) {
        self.authority = TestCa::Making(std::thread::spawn(Authority::new));
    }

    /// Tries these tokens and ends their hosts.
    ///
    /// # Errors
    /// The servers' CA could not be made.
    pub(super) fn run(
        &mut self,
        module: &Module,
        open: Vec<OpenToken>,
        started: Started,
        cancelled: &AtomicBool,
    ) -> Result<Run, CliError> {
        let (server, progress) = (self.server.clone(), Arc::clone(&self.progress));
        let mut handshakes = |desk: &Desk, question: &Question, authority: &Authority| {
            let venue = venue(server.as_ref(), authority)?;
            Ok(desk.find_out(question, &*venue, &progress, cancelled))
        };
        self.run_with(module, open, started, cancelled, &mut handshakes)
    }

    /// The same with handshakes made elsewhere.
    ///
    /// # Errors
    /// As [`run`](Check::run), and those of the handshakes.
    pub(super) fn run_with(
        &mut self,
        module: &Module,
        mut open: Vec<OpenToken>,
        started: Started,
        cancelled: &AtomicBool,
        handshakes: &mut Handshakes<'_>,
    ) -> Result<Run, CliError> {
        if self.redact {
            open.iter_mut().for_each(OpenToken::redact);
        }
        self.announce_verifications(&open);
        let trial_signatures = self.try_out(&mut open, cancelled);
        let authority = std::mem::take(&mut self.authority).made()?;
        if self.among_strangers {
            open.iter().for_each(|token| token.host.forget_pin());
        }
        let desk = Desk::new(&open, started.at);
        let mut found = handshakes(&desk, &self.question, &authority)?;
        self.authority = TestCa::Made(authority);
        self.progress.end();
        found.module = module.clone();
        found.started = started.to_the_second();
        found.duration_ms = started.milliseconds();
        found.signatures += trial_signatures;
        drop(desk);
        close(open, &mut found);
        found.notes.extend(self.progress.warnings());
        if self.redact {
            redact::run(&mut found);
        }
        Ok(found)
    }

    /// What is tried of a key: where each signature costs the PIN, nothing that a stranger doesn't ask for.
    fn extent<'a>(&self, key: &Key, asked: &'a [Scheme]) -> Extent<'a> {
        Extent {
            unlisted: self.question.effort.probe_unlisted,
            only: (self.among_strangers && key.always_authenticate).then_some(asked),
        }
    }

    /// Every scheme that a server of the run asks for.
    fn asked(&self) -> Vec<Scheme> {
        let profiles = self.question.profiles.iter();
        let lists = profiles.flat_map(|profile| [&profile.tls12, &profile.tls13]);
        lists.flatten().flatten().copied().collect()
    }

    /// Always-authenticate keys cost a PIN verification for each signature: said before the first one.
    fn announce_verifications(&self, open: &[OpenToken]) {
        let question = &self.question;
        let versions = |profile| plan::versions(profile, question.only).count();
        let versions: usize = question.profiles.iter().map(versions).sum();
        let again = match self.among_strangers {
            true => MOST_RETRIES,
            false => 0,
        };
        let most = SIGNATURES_AT_MOST * versions * (question.clients.len() + again);
        let asked = self.asked();
        for token in open {
            for (_, key) in token.keys.iter().filter(|(_, key)| key.always_authenticate) {
                let trials = trials::planned(key, &token.token, self.extent(key, &asked));
                let (name, token) = (key.name_for_people(), &token.token);
                let how = match token.pad {
                    true => "you type it at the reader",
                    false => "cardcheck sends it",
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
    fn try_out(&self, open: &mut [OpenToken], cancelled: &AtomicBool) -> usize {
        std::thread::scope(|scope| {
            let tokens = open.iter_mut();
            let trials: Vec<_> = tokens
                .map(|token| scope.spawn(|| self.try_out_token(token, cancelled)))
                .collect();
            trials
                .into_iter()
                .filter_map(|trials| trials.join().ok())
                .sum()
        })
    }

    fn try_out_token(&self, open: &mut OpenToken, cancelled: &AtomicBool) -> usize {
        let (asked, progress) = (self.asked(), &self.progress);
        let planned =
            |(_, key): &(usize, Key)| trials::planned(key, &open.token, self.extent(key, &asked));
        progress.expect(open.keys.iter().map(planned).sum());
        let mut signatures = 0;
        for (index, key) in &mut open.keys {
            let (name, token) = (key.name_for_people(), &open.token.label);
            progress.now(&format!("what {name} on {token} can do"));
            let go_on = || {
                progress.done(1);
                !cancelled.load(Ordering::Relaxed)
            };
            let extent = self.extent(key, &asked);
            let trials = trials::run(&open.host, *index, key, &open.token, extent, &go_on);
            signatures += trials.signatures;
            key.capabilities = trials.capabilities;
        }
        signatures
    }
}

fn venue<'a>(
    server: Option<&Software>,
    authority: &'a Authority,
) -> Result<Box<dyn Venue + 'a>, CliError> {
    Ok(match server {
        None => Box::new(InProcess(authority)),
        Some(server) => {
            let servers = RealServers::new(server.clone(), authority);
            Box::new(servers.map_err(no_server)?)
        }
    })
}

fn no_server(why: String) -> CliError {
    CliError::environment(why).help(
        "install it (Debian: openssl, nginx, apache2-bin), or name its program: --server openssl=PATH",
    )
}

impl TestCa {
    fn made(self) -> Result<Authority, CliError> {
        let lost = || CliError::environment("the test CA could not be made: its thread ended");
        match self {
            TestCa::Made(authority) => Ok(authority),
            TestCa::Making(thread) => Ok(thread.join().map_err(|_| lost())??),
            TestCa::NotYet => Ok(Authority::new()?),
        }
    }
}

impl Started {
    pub(super) fn now() -> Started {
        Started {
            at: OffsetDateTime::now_utc(),
            ticking: Instant::now(),
        }
    }

    /// The moment, RFC 3339, UTC.
    pub(super) fn to_the_second(self) -> String {
        let whole = self.at.replace_nanosecond(0).unwrap_or(self.at);
        whole.format(&Rfc3339).unwrap_or_default()
    }

    /// How long ago it was.
    pub(super) fn milliseconds(self) -> u64 {
        u64::try_from(self.ticking.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Ends the hosts. A module that hangs or crashes over it has lost nothing, but is worth a note.
fn close(open: Vec<OpenToken>, found: &mut Run) {
    for (token, known) in open.into_iter().zip(&mut found.tokens) {
        known.verifications = token.host.verifications();
        let label = &token.token.label;
        if let Some(why) = token.host.given_up() {
            found.notes.push(format!("token `{label}`: {why}"));
            if found.reach == Reach::Whole {
                found.reach = Reach::GivenUp;
            }
        }
        if let Err(lost) = token.host.close() {
            let note =
                format!("token `{label}`: when all was done, {lost}; no result depends on it");
            found.notes.push(note);
        }
    }
}
