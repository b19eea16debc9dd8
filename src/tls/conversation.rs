//! A conversation with a server that exists: the handshake, the verdict that comes late, and what is said inside.
//!
//! In TLS 1.3 a client is done before the server has looked at its certificate. So one waits: a ticket or data mean yes, an
//! alert means no. Who keeps silent is told goodbye, and answers that in turn, after whatever else there was to say. Nothing
//! is written before the verdict could come: a server that closes over unread bytes resets the connection, and its alert is lost.
//!
//! Who answers the server's CertificateRequest is the caller's choice: [`converse`] brings nothing that is worth anything.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::{ClientConfig, ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, Error, SignatureScheme};

use super::handshake::{self, HELLO_REQUEST, NEW_SESSION_TICKET};
use super::peer::{Shown, Witness};
use super::provider::protocol_version;
use super::stranger;
use super::talk::{Ended, Talk};
use super::tap;
use super::timeline;
use super::wire::{Patience, Wire};
use crate::model::certificate_request::CertificateRequest;
use crate::model::probe::{Negotiated, Reaction};
use crate::model::protocol::Protocol;
use crate::model::trace::Message;
use crate::model::version::TlsVersion;

pub use super::talk::Then;

/// How the client introduces itself.
#[derive(Clone, Copy, Debug)]
pub struct Hello<'a> {
    /// The versions that it speaks.
    pub versions: &'a [TlsVersion],
    /// The server's name, or an address, of which nothing is sent.
    pub server_name: &'a str,
    /// The ALPN protocols that it offers; empty: no such extension.
    pub alpn: &'a [&'a str],
}

/// Who answers a CertificateRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// With no certificate.
    Nobody,
    /// With a throw-away certificate.
    Stranger,
}

/// How the client answered a CertificateRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// There was none to answer.
    NotAsked,
    /// With an empty certificate.
    Nothing,
    /// With the throw-away certificate.
    Stranger,
    /// With an empty one, since no key signs with what the server asked for.
    NoneFits,
}

/// All that was said.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// What came out; `None`: it didn't come to a handshake.
    pub negotiated: Option<Negotiated>,
    /// What the server asked for.
    pub request: Option<CertificateRequest>,
    /// How that was answered.
    pub answered: Answered,
    /// The server's own certificate.
    pub shown: Shown,
    /// The client's part of the handshake was done.
    pub done: bool,
    /// The server asked for another handshake inside this one.
    pub hello_requested: bool,
    /// What the server did about the client's certificate.
    pub reaction: Reaction,
    /// The reaction was a clean goodbye or silence, and no word of consent.
    pub inferred: bool,
    /// What was answered to what was said inside.
    pub answer: Vec<u8>,
    /// Every message, both ways.
    pub messages: Vec<Message>,
}

/// Talks with the server at the other end of `wire`.
pub fn converse(
    wire: &mut dyn Wire,
    hello: &Hello<'_>,
    visitor: Visitor,
    patience: Patience,
    then: Then,
) -> Conversation {
    let answered = SharedAnswer::default();
    let answerer = Arc::new(Answerer {
        visitor,
        answer: answered.clone(),
    });
    let guest = Guest {
        answerer,
        kept_waiting: &|| Duration::ZERO,
        witness: Witness::default(),
    };
    let conversation = talk_as(&guest, wire, hello, patience, then);
    Conversation {
        answered: answered.get(),
        ..conversation
    }
}

/// Who talks with a server.
pub(super) struct Guest<'a> {
    /// Answers a CertificateRequest.
    pub(super) answerer: Arc<dyn ResolvesClientCert>,
    /// For how long the server was kept waiting for that so far: no time of its own.
    pub(super) kept_waiting: &'a dyn Fn() -> Duration,
    /// Lets the server pass, or not.
    pub(super) witness: Witness,
}

/// The same by any guest.
pub(super) fn talk_as(
    guest: &Guest<'_>,
    wire: &mut dyn Wire,
    hello: &Hello<'_>,
    patience: Patience,
    then: Then,
) -> Conversation {
    let started = Instant::now();
    tap::clear();
    let mut ended = None;
    let mut talk = match connection(hello, guest) {
        Ok(client) => Some(Talk::new(wire, client, guest.kept_waiting)),
        Err(error) => {
            ended = Some(Ended::Broken(error.to_string()));
            None
        }
    };
    if let Some(talk) = &mut talk {
        talk.hold(patience, then);
        ended = talk.ended.take();
    }
    let records = tap::transcript();
    let heard = timeline::server_handshake(&records);
    let negotiated = talk.as_ref().and_then(|talk| negotiated(&talk.client));
    let version = negotiated.as_ref().map(|negotiated| negotiated.version);
    let version = version.or_else(|| timeline::version_said(&heard));
    let has = |kind| handshake::split(&heard).any(|message| message.kind == kind);
    let done = talk.as_ref().is_some_and(|talk| talk.done);
    let spoke = talk.as_ref().is_some_and(|talk| !talk.answer.is_empty());
    let consent = spoke || has(NEW_SESSION_TICKET) || (done && version == Some(Protocol::V1_2));
    let (reaction, inferred) = react(ended, done, consent);
    Conversation {
        request: version.and_then(|version| handshake::request_or_part(&heard, version)),
        answered: Answered::NotAsked,
        shown: guest.witness.shown(),
        done,
        hello_requested: version == Some(Protocol::V1_2) && has(HELLO_REQUEST),
        reaction,
        inferred,
        answer: talk.map(|talk| talk.answer).unwrap_or_default(),
        messages: timeline::messages(&records, version, started),
        negotiated,
    }
}

/// What it means how it ended.
fn react(ended: Option<Ended>, done: bool, consent: bool) -> (Reaction, bool) {
    match ended {
        Some(Ended::Alert(alert)) => (Reaction::Alert(alert), false),
        _ if consent => (Reaction::Accepted, false),
        Some(Ended::Goodbye) if done => (Reaction::Accepted, true),
        Some(Ended::Late) | None if done => (Reaction::Silent, true),
        Some(Ended::Late) | None => (Reaction::Silent, false),
        Some(Ended::Goodbye | Ended::Gone) => (Reaction::Closed, false),
        Some(Ended::Broken(why)) => (Reaction::Unknown(why), false),
    }
}

fn connection(hello: &Hello<'_>, guest: &Guest<'_>) -> Result<ClientConnection, Error> {
    let versions: Vec<_> = hello
        .versions
        .iter()
        .copied()
        .map(protocol_version)
        .collect();
    let provider = CryptoProvider {
        cipher_suites: tap::tapped_suites().to_vec(),
        ..aws_lc_rs::default_provider()
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(guest.witness.clone()))
        .with_client_cert_resolver(Arc::clone(&guest.answerer));
    config.resumption = Resumption::disabled();
    config.alpn_protocols = hello
        .alpn
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let name = ServerName::try_from(hello.server_name.to_owned())
        .map_err(|_| Error::General("the server's name is none".into()))?;
    ClientConnection::new(Arc::new(config), name)
}

fn negotiated(client: &ClientConnection) -> Option<Negotiated> {
    let version = Protocol::from_code(u16::from(client.protocol_version()?))?;
    let suite = u16::from(client.negotiated_cipher_suite()?.suite());
    let group = client.negotiated_key_exchange_group();
    let alpn = client.alpn_protocol();
    Some(Negotiated {
        version,
        suite: timeline::suite_name(suite),
        group: group.map(|group| format!("{:?}", group.name())),
        alpn: alpn.map(|name| String::from_utf8_lossy(name).into_owned()),
    })
}

#[derive(Clone, Debug, Default)]
struct SharedAnswer(Arc<Mutex<Option<Answered>>>);

impl SharedAnswer {
    fn get(&self) -> Answered {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answer.unwrap_or(Answered::NotAsked)
    }

    fn set(&self, answered: Answered) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answered);
    }
}

/// Answers a CertificateRequest with nothing, or with a stranger.
#[derive(Debug)]
struct Answerer {
    visitor: Visitor,
    answer: SharedAnswer,
}

impl ResolvesClientCert for Answerer {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let stranger = match self.visitor {
            Visitor::Stranger => stranger::that_signs_with(schemes),
            Visitor::Nobody => None,
        };
        self.answer.set(match (&stranger, self.visitor) {
            (Some(_), _) => Answered::Stranger,
            (None, Visitor::Stranger) => Answered::NoneFits,
            (None, Visitor::Nobody) => Answered::Nothing,
        });
        stranger
    }

    fn has_certs(&self) -> bool {
        self.visitor == Visitor::Stranger
    }
}
