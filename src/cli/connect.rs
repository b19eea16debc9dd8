//! `cardcheck connect`.

use std::sync::Arc;

use super::args::{self, Connect as Wanted};
use super::certificates;
use super::check::{Check, Started};
use super::desk::{Desk, Question};
use super::error::CliError;
use super::exit::Exit;
use super::host;
use super::output::Output;
use super::pin::PinKeeper;
use super::progress::Progress;
use super::servers;
use super::speak;
use super::there::There;
use super::tokens::{self, Selection};
use super::way;
use crate::clients::{ANY_LEAF_FIRST, Client};
use crate::diagnose::connect::candidate::Asked;
use crate::live::{self, Door, Settings, Target, Way};
use crate::matrix::Call;
use crate::matrix::venue::InProcess;
use crate::model::cell::Outcome;
use crate::model::certificate::Certificate;
use crate::model::connected::Connected;
use crate::model::probe::{Moment, Probe};
use crate::model::profile::Profile;
use crate::model::run::Run;
use crate::model::version::TlsVersion;
use crate::report;
use crate::tls::Authority;
use crate::tls::peer::Admits;
use crate::token::Module;

/// Looks at the server, tries every key there, prints who is let in and why the others are not.
pub(super) fn run(wanted: &Wanted) -> Result<Exit, CliError> {
    let started = Started::now();
    let plans = Plans::of(wanted)?;
    let mut output = Output::plain(&wanted.output)?;

    let (probe, way) = plans.probe(started)?;
    let (mut found, exit) = match plans.profile(&probe) {
        _ if !probe.complete => (
            Connected::without_keys(probe, "interrupted".into()),
            Exit::Interrupted,
        ),
        Err(why) => (Connected::without_keys(probe, why), Exit::NothingToTry),
        Ok(profile) => {
            let admits = plans.admits(&probe)?;
            let door = Door::new(&plans.target, &plans.settings, way, admits);
            plans.try_keys(started, probe, profile, &door)?
        }
    };
    found.probe.duration_ms = started.milliseconds();
    if !wanted.trace {
        found.probe.trace.clear();
    }

    output.write_as(|format, screen| report::render_connected(&found, format, screen))?;
    Ok(exit)
}

/// What is to be done, read from the command line before anything is.
struct Plans<'a> {
    wanted: &'a Wanted,
    target: Target,
    settings: Settings,
    selection: Selection,
    clients: Vec<&'static dyn Client>,
    from_file: Vec<Certificate>,
}

impl<'a> Plans<'a> {
    fn of(wanted: &'a Wanted) -> Result<Plans<'a>, CliError> {
        let chain = wanted.chain.as_deref().map(certificates::read);
        Ok(Plans {
            target: way::target(&wanted.host, &wanted.way, wanted.path.as_deref())?,
            settings: way::settings(&wanted.way, wanted.server_timeout)?,
            selection: Selection::new(&wanted.token)?,
            clients: clients(&wanted.client)?,
            from_file: chain.transpose()?.unwrap_or_default(),
            wanted,
        })
    }

    /// Without any key.
    fn probe(&self, started: Started) -> Result<(Probe, Way), CliError> {
        let progress = progress(self.wanted);
        let says = |what: &str| progress.now(what);
        let probed = live::probe(&self.target, &self.settings, &says);
        let (mut probe, way) = probed.map_err(|error| way::no_probe(&error, "--server-timeout"))?;
        // the terminal is the PIN's
        progress.end();
        probe.started = started.to_the_second();
        Ok((probe, way))
    }

    /// What the server asks for, in the versions that are wanted.
    ///
    /// # Errors
    /// Why there is nothing to try a key with.
    fn profile(&self, probe: &Probe) -> Result<Profile, String> {
        let mut profile = probe.profile().ok_or_else(|| asks_for_none(probe))?;
        let only = self.wanted.tls.map(TlsVersion::from);
        if only.is_some_and(|only| only != TlsVersion::V1_2) {
            profile.tls12 = None;
        }
        if only.is_some_and(|only| only != TlsVersion::V1_3) {
            profile.tls13 = None;
        }
        match (only, &profile.tls12, &profile.tls13) {
            (Some(only), None, None) => Err(format!(
                "over TLS {only} the server asks for no certificate in the handshake"
            )),
            _ => Ok(profile),
        }
    }

    /// To whom the certificates and signatures go. A server that doesn't verify gets them only if the user says so.
    fn admits(&self, probe: &Probe) -> Result<Admits, CliError> {
        let certificate = probe.server_certificate.as_ref();
        let verifies = certificate.is_some_and(|shown| shown.trusted && shown.matches_name);
        if verifies {
            return Ok(Admits::Trusted(self.settings.trust.clone()));
        }
        if self.wanted.insecure {
            return Ok(Admits::Any);
        }
        let problem = certificate.and_then(|shown| shown.problem.clone());
        let problem = problem.unwrap_or_else(|| "it showed none that can be read".into());
        let server = self.target.authority();
        let question = format!(
            "The certificate of {server} does not verify: {problem}. Whoever it is would get your certificates, with your name, \
             and signatures. Log in there all the same?"
        );
        match certificate.map(|shown| (shown, speak::confirm(&question))) {
            Some((shown, Some(true))) => Ok(Admits::Only(shown.sha256.clone())),
            _ => Err(CliError::environment(format!(
                "the certificate of {server} does not verify: {problem}; nothing was sent to it"
            ))
            .help("trust its CA with --ca FILE, or log in to whoever it is with --insecure; `cardcheck probe` shows the certificate")),
        }
    }

    /// Every key, for real.
    fn try_keys(
        &self,
        started: Started,
        probe: Probe,
        profile: Profile,
        door: &Door<'_>,
    ) -> Result<(Connected, Exit), CliError> {
        let progress = Arc::new(progress(self.wanted));
        let mut check = Check::among_strangers(self.question(profile.clone()), &progress);
        check.prepare();
        let cancelled = Arc::clone(&self.settings.cancelled);
        let mut module = self.load(&progress)?;
        let (open, incomplete) = self.open(&mut module)?;

        let mut found = Connected::without_keys(probe, String::new());
        let mut handshakes = |desk: &Desk, question: &Question, authority: &Authority| {
            let server = self.target.authority();
            let there = There {
                door,
                asks: &profile,
                name: &server,
                inside: InProcess(authority),
            };
            let call = Call {
                server: &server,
                asked: &asked(&found.probe, &profile),
                from_file: &self.from_file,
            };
            let made = desk.find_out_there(question, &there, &call, &progress, &cancelled);
            let (run, fits, retries) = made;
            (found.fits, found.retries) = (fits, retries);
            Ok(run)
        };
        let facts = module.facts();
        let run = check.run_with(facts, open, started, &cancelled, &mut handshakes)?;
        let exit = exit(&run, incomplete);
        found.probe.trace.extend(door.timelines());
        found.probe.complete &= run.is_complete();
        found.run = Some(run);
        found.not_tried = None;
        Ok((found, exit))
    }

    fn load(&self, progress: &Arc<Progress>) -> Result<Module, CliError> {
        let wanted = self.wanted;
        let launch = host::launch(
            tokens::module_path(&wanted.token, &self.selection)?,
            &wanted.token,
            &wanted.pin,
            args::Privacy::default(),
            progress,
            &self.settings.cancelled,
        )?;
        Ok(Module::load(launch)?)
    }

    fn question(&self, profile: Profile) -> Question {
        Question {
            profiles: vec![profile],
            clients: self.clients.clone(),
            only: None,
            effort: args::Effort {
                quick: false,
                probe_unlisted: false,
                no_prove: self.wanted.no_prove,
            },
        }
    }

    /// The PIN is read only now that there is a server that asks for a certificate, and is gone again before it is talked to.
    fn open(
        &self,
        module: &mut Module,
    ) -> Result<(Vec<tokens::OpenToken>, Option<Exit>), CliError> {
        let mut pins = PinKeeper::new(&self.wanted.pin, self.selection.uri())?;
        let (open, incomplete) = tokens::open(module, &self.selection, &mut pins)?;
        match open.is_empty() {
            true => Err(tokens::no_keys(&self.wanted.token)),
            false => Ok((open, incomplete)),
        }
    }
}

fn progress(wanted: &Wanted) -> Progress {
    Progress::new(wanted.output.manner.quiet).with_details(wanted.output.detail)
}

/// `any` first: it says what is possible at all.
fn clients(named: &[String]) -> Result<Vec<&'static dyn Client>, CliError> {
    let mut clients = match named.is_empty() {
        true => Vec::new(),
        false => servers::clients(named)?,
    };
    clients.retain(|client| client.name() != ANY_LEAF_FIRST.name());
    clients.insert(0, ANY_LEAF_FIRST);
    Ok(clients)
}

fn asked<'a>(probe: &'a Probe, profile: &Profile) -> Vec<Asked<'a>> {
    let versions = TlsVersion::ALL
        .into_iter()
        .filter(|version| profile.schemes(*version).is_some());
    versions
        .filter_map(|version| {
            let request = probe.version(version.into())?.request.as_ref()?;
            Some(Asked { version, request })
        })
        .collect()
}

fn asks_for_none(probe: &Probe) -> String {
    let moments: Vec<Moment> = probe
        .spoken()
        .filter_map(|facts| facts.asked_during)
        .collect();
    if moments.contains(&Moment::Renegotiation) {
        return "the server asks for a certificate by renegotiation only, in which cardcheck takes no part".into();
    }
    if moments.contains(&Moment::PostHandshake) {
        return "the server asks for a certificate after the handshake only (TLS 1.3), which cardcheck does not offer".into();
    }
    if moments.contains(&Moment::Handshake) {
        return "the server asks for a certificate only in a version of TLS that cardcheck can read and not speak".into();
    }
    if moments.contains(&Moment::Http) {
        return "the server asks for no certificate in the handshake, although its page wants one"
            .into();
    }
    "the server asks for no certificate".into()
}

/// Somebody must be let in, and everybody who should be.
fn exit(run: &Run, incomplete: Option<Exit>) -> Exit {
    match Exit::of(run, incomplete) {
        Exit::AsExpected if run.count(Outcome::Pass) == 0 => Exit::Unexpected,
        exit => exit,
    }
}
