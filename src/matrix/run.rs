//! Making the handshakes: a few at a time, so that a token is never kept waiting for the host.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Table;
use super::plan::Job;
use super::venue::Venue;
use crate::clients::Card;
use crate::model::choice::Choice;
use crate::model::key::Key;
use crate::model::request::Request;
use crate::model::sign::Sign;
use crate::model::token::Token;
use crate::model::version::TlsVersion;
use crate::tls::{Attempt, Client, Rule};

/// Handshakes under way for each token: one is being signed, one is on its way there, one on its way back.
const AT_ONCE: usize = 3;

/// What happens during a run, for whoever watches. Indexes are those of the [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// So many handshakes for which a token signs are to come; the others take no time.
    Planned(usize),
    /// One begins.
    Started {
        /// The key that will sign.
        key: usize,
        /// The server that will ask.
        profile: usize,
        /// The version.
        version: TlsVersion,
    },
    /// One for which a token signs is done.
    Finished,
}

/// What handshakes are made with.
pub struct Bench<'a> {
    /// The servers.
    pub venue: &'a dyn Venue,
    /// A signer for each key of the table.
    pub signers: &'a [Arc<dyn Sign>],
    /// Set when the user wants it to end: jobs under way finish, others don't begin.
    pub cancelled: &'a AtomicBool,
    /// Told of everything; called from several threads.
    pub listener: &'a (dyn Fn(Event) + Sync),
}

/// Makes the handshakes; `None` for those that were not reached.
pub fn run(table: &Table<'_>, jobs: &[Job], bench: &Bench<'_>) -> Vec<Option<Attempt>> {
    let signing = jobs.iter().filter(|job| signs(job)).count();
    (bench.listener)(Event::Planned(signing));
    let (queues, at_once) = match bench.venue.one_at_a_time() {
        true => (vec![(0..jobs.len()).collect()], 1),
        false => (by_token(table, jobs), AT_ONCE),
    };
    let queues: Vec<_> = queues.into_iter().map(Mutex::new).collect();
    let done = Mutex::new(HashMap::new());
    let work = |queue| {
        while let Some(at) = next(queue, bench.cancelled) {
            let made = jobs.get(at).and_then(|job| handshake(table, job, bench));
            lock(&done).insert(at, made);
        }
    };
    std::thread::scope(|scope| {
        for queue in &queues {
            for _ in 0..lock(queue).len().min(at_once) {
                scope.spawn(|| work(queue));
            }
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    (0..jobs.len())
        .map(|at| done.remove(&at).flatten())
        .collect()
}

/// Adds the C_SignInit calls of these jobs to their keys' sums.
pub fn count_signatures(jobs: &[Job], attempts: &[Option<Attempt>], sums: &mut [usize]) {
    for (job, attempt) in jobs.iter().zip(attempts) {
        if let (Some(attempt), Some(sum)) = (attempt, sums.get_mut(job.key)) {
            *sum += attempt.signatures;
        }
    }
}

/// The jobs of each token, in their order: a slow token keeps none of another's waiting.
fn by_token(table: &Table<'_>, jobs: &[Job]) -> Vec<VecDeque<usize>> {
    let mut queues: Vec<(&str, VecDeque<usize>)> = Vec::new();
    for (at, job) in jobs.iter().enumerate() {
        let token = table.keys.get(job.key).map_or("", |key| key.token.as_str());
        match queues.iter_mut().find(|(known, _)| *known == token) {
            Some((_, queue)) => queue.push_back(at),
            None => queues.push((token, VecDeque::from([at]))),
        }
    }
    queues.into_iter().map(|(_, queue)| queue).collect()
}

fn next(queue: &Mutex<VecDeque<usize>>, cancelled: &AtomicBool) -> Option<usize> {
    if cancelled.load(Ordering::Relaxed) {
        return None;
    }
    lock(queue).pop_front()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn handshake(table: &Table<'_>, job: &Job, bench: &Bench<'_>) -> Option<Attempt> {
    let card = table.card(job.key)?;
    handshake_with(table, job, bench, chain(table, job, &card)?)
}

/// The same with these certificates, DER, the key's own first.
pub(super) fn handshake_with(
    table: &Table<'_>,
    job: &Job,
    bench: &Bench<'_>,
    chain: Vec<Vec<u8>>,
) -> Option<Attempt> {
    let card = table.card(job.key)?;
    (bench.listener)(Event::Started {
        key: job.key,
        profile: job.profile,
        version: job.server.version,
    });
    let client = Client {
        chain,
        rule: rule(table, job, card)?,
        sign: Arc::clone(bench.signers.get(job.key)?),
    };
    let made = bench.venue.attempt(&job.server, client);
    if signs(job) {
        (bench.listener)(Event::Finished);
    }
    Some(made)
}

fn signs(job: &Job) -> bool {
    matches!(job.choice, Choice::Sign { .. })
}

/// The rule as a closure that outlives this frame, as `rustls` wants its parts: over copies of the key and its token.
fn rule(table: &Table<'_>, job: &Job, card: Card<'_>) -> Option<Arc<Rule>> {
    let client = *table.clients.get(job.client)?;
    let (key, token): (Key, Token) = (card.key.clone(), card.token.clone());
    Some(Arc::new(move |request: &Request| -> Choice {
        let card = Card {
            key: &key,
            token: &token,
        };
        client.choose(&card, request)
    }))
}

/// The certificate, then what of its chain on the token the client sends with it.
fn chain(table: &Table<'_>, job: &Job, card: &Card<'_>) -> Option<Vec<Vec<u8>>> {
    let client = table.clients.get(job.client)?;
    let leaf = card.key.certificate.as_ref()?;
    let behind = client.intermediates(card, &job.server.ca_names);
    let certificates = std::iter::once(leaf).chain(behind);
    Some(
        certificates
            .map(|certificate| certificate.der.clone())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clients::by_name;
    use crate::model::certificate::Certificate;
    use crate::model::profile::Profile;
    use crate::model::route::Route;
    use crate::model::scheme::Scheme;
    use crate::model::sign::{SignError, Signed};
    use crate::tls::Server;

    const JOBS: u16 = 6;

    /// Takes the longer the earlier it is asked, and writes down who came and went.
    #[derive(Default)]
    struct Doorkeeper {
        seen: Mutex<Vec<(u16, &'static str)>>,
    }

    impl Venue for Doorkeeper {
        fn sent(&self, server: &Server) -> Result<Vec<Scheme>, String> {
            Ok(server.schemes.clone())
        }

        fn attempt(&self, server: &Server, _: Client) -> Attempt {
            let number = server.schemes[0].0;
            lock(&self.seen).push((number, "comes"));
            std::thread::sleep(Duration::from_millis(u64::from(5 * (JOBS - number))));
            lock(&self.seen).push((number, "goes"));
            Attempt::not_made("for the order only".into())
        }

        fn one_at_a_time(&self) -> bool {
            true
        }

        fn name(&self) -> &str {
            "doorkeeper"
        }
    }

    struct NoKey;

    impl Sign for NoKey {
        fn sign(&self, _: Scheme, _: Route, _: &[u8]) -> Result<Signed, SignError> {
            unreachable!("the doorkeeper asks for no signature")
        }
    }

    /// Who came and went while two tokens with a key each were tried in turn.
    fn seen() -> Vec<(u16, &'static str)> {
        let made = rcgen::generate_simple_self_signed(["user".into()]).unwrap();
        let key = |token: &str| Key {
            token: token.into(),
            certificate: Some(Certificate::from_der(made.cert.der()).unwrap()),
            ..Key::default()
        };
        let token = |id: &str| Token {
            id: id.into(),
            ..Token::default()
        };
        let table = Table {
            tokens: &[token("t1"), token("t2")],
            keys: &[key("t1"), key("t2")],
            profiles: &[Profile::default()],
            clients: &[by_name("any").unwrap()],
            now: 0,
        };
        let job = |number| Job {
            cell: usize::from(number),
            key: usize::from(number % 2),
            profile: 0,
            client: 0,
            server: Server {
                version: TlsVersion::V1_3,
                schemes: vec![Scheme(number)],
                ca_names: Vec::new(),
                min_rsa_bits: 0,
            },
            choice: Choice::GiveUp {
                scheme: None,
                ckr: None,
                why: "no key is needed".into(),
            },
        };
        let jobs: Vec<Job> = (0..JOBS).map(job).collect();
        let doorkeeper = Doorkeeper::default();
        let bench = Bench {
            venue: &doorkeeper,
            signers: &[Arc::new(NoKey), Arc::new(NoKey)],
            cancelled: &AtomicBool::new(false),
            listener: &|_| (),
        };
        let made = run(&table, &jobs, &bench);
        assert!(made.iter().all(Option::is_some));
        doorkeeper.seen.into_inner().unwrap()
    }

    #[test]
    fn where_one_has_to_be_over_before_the_next_they_come_in_their_order() {
        let in_turn = (0..JOBS).flat_map(|number| [(number, "comes"), (number, "goes")]);
        assert_eq!(seen(), in_turn.collect::<Vec<_>>());
    }
}
