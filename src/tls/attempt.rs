//! One real handshake, in memory, on one thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{Connection, Error, ServerConnection};

use super::authority::Authority;
use super::client::{self, Record, SharedRecord};
use super::handshake;
use super::server::{self, Refusal, Verdict};
use super::setup::{Client, Rule, Server};
use super::tap::{self, StreamTap};
use super::timeline;
use crate::model::alert::Alert;
use crate::model::choice::Choice;
use crate::model::probe::HttpAnswer;
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::sign::SignError;
use crate::model::trace::{Message, Side};
use crate::model::version::TlsVersion;

/// What happened.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The CertificateRequest as it was on the wire.
    pub request: Option<Request>,
    /// What the client decided.
    pub choice: Option<Choice>,
    /// The route it tried last.
    pub route: Option<Route>,
    /// Milliseconds on the token, if it signed.
    pub sign_ms: Option<f64>,
    /// C_SignInit calls that were made.
    pub signatures: usize,
    /// How it ended.
    pub end: End,
    /// Milliseconds of the whole handshake.
    pub handshake_ms: f64,
    /// Every message, both ways, in outline: what names the certificate's holder is left out. None at a server that exists, whose
    /// conversation has them whole.
    pub messages: Vec<Message>,
    /// What HTTP said after it; `None`: nobody asked.
    pub http: Option<HttpAnswer>,
    /// That the server accepted is inferred: it said goodbye in good form, and no word of consent.
    pub inferred: bool,
}

impl Attempt {
    /// One that could not be made, and why.
    pub fn not_made(why: String) -> Attempt {
        Attempt {
            request: None,
            choice: None,
            route: None,
            sign_ms: None,
            signatures: 0,
            end: End::CouldNotTell { why },
            handshake_ms: 0.0,
            messages: Vec::new(),
            http: None,
            inferred: false,
        }
    }
}

/// How a handshake ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// The server accepted, and said so with a byte of data.
    Accepted,
    /// The server refused.
    Refused {
        /// The alert it sent.
        alert: Option<Alert>,
        /// Its reason.
        why: Option<String>,
    },
    /// The client could not sign.
    SignFailed(SignError),
    /// The client ended it before any certificate.
    ClientStopped {
        /// Why.
        why: String,
    },
    /// The harness could not tell.
    CouldNotTell {
        /// Why.
        why: String,
    },
}

/// Makes the handshake. Blocks for as long as the token takes to sign.
pub fn attempt(authority: &Authority, server: &Server, client: Client) -> Attempt {
    let record = SharedRecord::default();
    let verdict = Verdict::default();
    let rule = Arc::clone(&client.rule);
    let started = Instant::now();
    let ended = connect(authority, server, client, &record, &verdict);
    let took = Took {
        started,
        time: started.elapsed(),
    };
    record.with(|record| {
        let end = |record: &Record| judge(ended, record, &verdict);
        finish(record, server.version, &rule, end, took)
    })
}

/// When a handshake was made, and how long it took.
#[derive(Clone, Copy)]
pub(super) struct Took {
    pub(super) started: Instant,
    pub(super) time: Duration,
}

/// The attempt, from what the client's side recorded and how it ended.
pub(super) fn finish(
    record: &mut Record,
    version: TlsVersion,
    rule: &Arc<Rule>,
    end: impl FnOnce(&Record) -> End,
    took: Took,
) -> Attempt {
    complete(record, version, rule);
    let records = tap::transcript();
    let signed = record.signed.as_ref();
    Attempt {
        end: end(record),
        route: record.route,
        sign_ms: signed.and_then(|signed| signed.as_ref().ok().copied()),
        signatures: record.signatures,
        handshake_ms: took.time.as_secs_f64() * 1000.0,
        messages: timeline::outline(&records, took.started),
        request: record.request.take(),
        choice: record.choice.take(),
        http: None,
        inferred: false,
    }
}

/// Errors of the two sides, after everything that could be said was said.
struct Ended {
    client: Option<Error>,
    server: Option<Error>,
    accepted: bool,
}

fn connect(
    authority: &Authority,
    server: &Server,
    client: Client,
    record: &SharedRecord,
    verdict: &Verdict,
) -> Result<Ended, Error> {
    let client = client::connection(authority, server.version, client, record)?;
    let server_config = server::config(authority, server, verdict.clone())?;
    let server = ServerConnection::new(Arc::new(server_config))?;
    tap::clear();
    Ok(pump(client, server.into()))
}

/// Carries bytes to and fro until the server's first byte of data arrives, or neither side has more to say.
///
/// The server's word is what counts: in TLS 1.3 a client is done before the server has looked at its signature.
fn pump(mut client: Connection, mut server: Connection) -> Ended {
    let mut stream_tap = StreamTap::default();
    let mut ended = Ended {
        client: None,
        server: None,
        accepted: false,
    };
    let mut greeted = false;
    loop {
        let sent = flight(&mut client);
        stream_tap.listen(Side::Client, &sent);
        ended.server = ended.server.or_else(|| deliver(&mut server, &sent));
        if !server.is_handshaking() && ended.server.is_none() && !greeted {
            greeted = true;
            // a Vec takes every byte
            let _ = std::io::Write::write_all(&mut server.writer(), b"1");
        }
        let answered = flight(&mut server);
        stream_tap.listen(Side::Server, &answered);
        ended.client = ended.client.or_else(|| deliver(&mut client, &answered));
        let mut byte = [0];
        let read = std::io::Read::read(&mut client.reader(), &mut byte);
        ended.accepted |= read.is_ok_and(|count| count == 1);
        if ended.accepted || (sent.is_empty() && answered.is_empty()) {
            return ended;
        }
    }
}

fn flight(from: &mut Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    while from.wants_write() {
        if from.write_tls(&mut bytes).is_err() {
            break;
        }
    }
    bytes
}

pub(super) fn deliver(to: &mut Connection, mut bytes: &[u8]) -> Option<Error> {
    while !bytes.is_empty() {
        if to.read_tls(&mut bytes).is_err() {
            return Some(Error::General("the peer's bytes were not taken".into()));
        }
        if let Err(error) = to.process_new_packets() {
            return Some(error);
        }
    }
    None
}

/// In TLS 1.3 `rustls` stops a client by itself when nothing in the list is legal there, and asks no resolver. The request
/// was heard all the same, and the rule can still say what its client would have done.
fn complete(record: &mut Record, version: TlsVersion, rule: &Arc<Rule>) {
    if record.request.is_none() {
        let request = handshake::certificate_request(&tap::heard(), version.into());
        record.request = request.map(|request| request.as_seen_by_clients(version));
        record.choice = record.request.as_ref().map(|request| rule(request));
    }
}

fn judge(ended: Result<Ended, Error>, record: &Record, verdict: &Verdict) -> End {
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => {
            return End::CouldNotTell {
                why: error.to_string(),
            };
        }
    };
    if ended.accepted {
        return End::Accepted;
    }
    if let Some(Err(error)) = &record.signed {
        return End::SignFailed(error.clone());
    }
    let alert = alert_received(ended.client.as_ref());
    match (verdict.take(), ended.server, ended.client) {
        (Some(Refusal::CouldNotTell(why)), ..) => End::CouldNotTell { why },
        (Some(Refusal::Because(why)), ..) => End::Refused {
            alert,
            why: Some(why),
        },
        (None, Some(Error::NoCertificatesPresented), _) => End::Refused {
            alert,
            why: Some("the server requires a certificate".into()),
        },
        (None, Some(error), _) if alert_received(Some(&error)).is_none() => End::Refused {
            alert,
            why: Some(error.to_string()),
        },
        (None, _, Some(error)) => End::ClientStopped {
            why: error.to_string(),
        },
        (None, ..) => End::CouldNotTell {
            why: "the handshake stood still".into(),
        },
    }
}

pub(super) fn alert_received(error: Option<&Error>) -> Option<Alert> {
    match error {
        Some(Error::AlertReceived(description)) => Some(Alert(u8::from(*description))),
        _ => None,
    }
}
