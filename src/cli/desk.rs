//! Where keys, servers and clients are brought together.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use time::OffsetDateTime;

use super::args;
use super::progress::Progress;
use super::tokens::OpenToken;
use crate::clients::Client;
use crate::matrix::plan::{self, Options, Plan};
use crate::matrix::run::{Bench, Event};
use crate::matrix::venue::Venue;
use crate::matrix::{Call, Found, Table, Unproven, find_out, find_out_there};
use crate::model::connected::Retry;
use crate::model::fit::Fit;
use crate::model::key::Key;
use crate::model::profile::Profile;
use crate::model::run::{ClientFacts, Reach, Run};
use crate::model::sign::Sign;
use crate::model::token::{Module, Token};
use crate::model::version::TlsVersion;
use crate::report::style::counted;

/// What is to be tried of every key, and with how much effort.
pub(super) struct Question {
    pub(super) profiles: Vec<Profile>,
    pub(super) clients: Vec<&'static dyn Client>,
    /// Only this version.
    pub(super) only: Option<TlsVersion>,
    pub(super) effort: args::Effort,
}

/// Open tokens' keys, and what signs with them.
pub(super) struct Desk {
    tokens: Vec<Token>,
    keys: Vec<Key>,
    signers: Vec<Arc<dyn Sign>>,
    now: OffsetDateTime,
}

impl Desk {
    pub(super) fn new(open: &[OpenToken], now: OffsetDateTime) -> Desk {
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
            now,
        }
    }

    /// Plan, handshakes, cells, findings, proofs.
    pub(super) fn find_out(
        &self,
        question: &Question,
        venue: &dyn Venue,
        progress: &Progress,
        cancelled: &AtomicBool,
    ) -> Run {
        let (table, plan) = self.plan(question, venue);
        let listener = |event| self.watch(event, &question.profiles, progress);
        let bench = self.bench(venue, &listener, cancelled);
        let found = find_out(&table, &plan, &bench, !question.effort.no_prove);
        self.as_run(question, found, plan, venue)
    }

    /// The same at a server that exists; also how each certificate fits, and which refused logins were made again.
    pub(super) fn find_out_there(
        &self,
        question: &Question,
        venue: &dyn Venue,
        call: &Call<'_>,
        progress: &Progress,
        cancelled: &AtomicBool,
    ) -> (Run, Vec<Fit>, Vec<Retry>) {
        let (table, plan) = self.plan(question, venue);
        let listener = |event| self.watch(event, &question.profiles, progress);
        let bench = self.bench(venue, &listener, cancelled);
        let prove = !question.effort.no_prove;
        let (found, fits, retries) = find_out_there(&table, &plan, &bench, call, prove);
        (self.as_run(question, found, plan, venue), fits, retries)
    }

    fn plan<'a>(&'a self, question: &'a Question, venue: &dyn Venue) -> (Table<'a>, Plan) {
        let table = self.table(question);
        let options = Options {
            version: question.only,
            quick: question.effort.quick,
        };
        let plan = plan::plan(&table, options, venue);
        (table, plan)
    }

    fn bench<'a>(
        &'a self,
        venue: &'a dyn Venue,
        listener: &'a (dyn Fn(Event) + Sync),
        cancelled: &'a AtomicBool,
    ) -> Bench<'a> {
        Bench {
            venue,
            signers: &self.signers,
            cancelled,
            listener,
        }
    }

    fn as_run(&self, question: &Question, found: Found, plan: Plan, venue: &dyn Venue) -> Run {
        let clients = question.clients.iter();
        Run {
            started: String::new(),
            duration_ms: 0,
            reach: match found.complete {
                true => Reach::Whole,
                false => Reach::Interrupted,
            },
            module: Module::default(),
            tokens: self.tokens.clone(),
            keys: self.keys.clone(),
            profiles: question.profiles.clone(),
            clients: clients.map(|client| client_facts(*client)).collect(),
            servers: venue.name().to_owned(),
            cells: found.cells,
            findings: found.findings,
            signatures: found.signatures.iter().sum(),
            short_lists: plan.short_lists,
            notes: unproven(found.unproven).into_iter().collect(),
            redacted: false,
            comparison: None,
        }
    }

    fn table<'a>(&'a self, question: &'a Question) -> Table<'a> {
        Table {
            tokens: &self.tokens,
            keys: &self.keys,
            profiles: &question.profiles,
            clients: &question.clients,
            now: self.now.unix_timestamp(),
        }
    }

    fn watch(&self, event: Event, profiles: &[Profile], progress: &Progress) {
        match event {
            Event::Planned(jobs) => progress.expect(jobs),
            Event::Started {
                key,
                profile,
                version,
            } => {
                if let (Some(key), Some(profile)) = (self.keys.get(key), profiles.get(profile)) {
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
    let count = |signatures| counted(signatures, "signature");
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
