//! The live floor: servers that exist, what they ask for, and what they do without it.
//!
//! A [`probe()`] needs no card; a [`Door`] lets whoever has a key knock at the server that was probed. Each question is one
//! connection, and what the peer sends is bounded in time, bytes and messages: it may be anybody. Sockets block and every read
//! has a deadline: one connection at a time needs no runtime.
#![forbid(unsafe_code)]

mod dial;
mod door;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod http;
mod judge;
mod socket;
pub mod starttls;
pub mod target;
mod versions;
mod visit;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use dial::DialError;
pub use door::{Door, Way};
pub use http::is_path;
pub use target::Target;

use self::dial::Dialler;
use self::visit::Visit;
use crate::diagnose;
use crate::model::probe::{Address, AddressFound, Probe, Reaction, Spoken};
use crate::model::protocol::Protocol;
use crate::model::trace::{Message, Side};
use crate::tls::conversation::Conversation;
use crate::tls::peer::{Shown, Trust};

/// How to look.
#[derive(Debug)]
pub struct Settings {
    /// How long the server may take: for the connection, for the handshake, for an answer.
    pub patience: Duration,
    /// What its certificate is held against.
    pub trust: Trust,
    /// The user has had enough.
    pub cancelled: Arc<AtomicBool>,
}

/// Why nothing can be said of a server.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It didn't come to TLS.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// Several addresses, and it came to TLS at none.
    #[error("no address of {host} can be talked to: {}", .reasons.join("; "))]
    NoAddress {
        /// The name.
        host: String,
        /// Why, for each.
        reasons: Vec<String>,
    },
    /// It answers, but not with TLS, or not at all.
    #[error("no TLS at {to}: {why}")]
    NotTls {
        /// Host and port.
        to: String,
        /// What it did.
        why: String,
    },
    /// Ctrl-C before anything was learnt.
    #[error("interrupted before anything was learnt")]
    Interrupted,
}

/// Looks at a server: what it asks for, in each version, and what it does without; and the way to the address that was looked
/// at. `says` is told what is done next.
///
/// # Errors
/// Nothing could be learnt.
pub fn probe(
    target: &Target,
    settings: &Settings,
    says: &dyn Fn(&str),
) -> Result<(Probe, Way), ProbeError> {
    let all = dialler(target, settings).addresses()?;
    let (mut visit, greeting, mut addresses) = first_answer(target, settings, says, &all)?;
    visit.settle_path(&greeting);

    let mut probe = about(target, &visit);
    probe.negotiated = greeting.negotiated.clone();
    let shown = look_at_versions(&mut visit, &mut probe, &greeting);
    if probe.spoken().next().is_none() {
        return Err(not_tls(target, settings, &greeting.reaction));
    }
    probe.server_certificate = settings.trust.judge(&shown, target.name());

    look_at_the_others(target, settings, says, &mut addresses, &greeting);
    probe.addresses = addresses.into_iter().map(|(_, address)| address).collect();
    probe.complete = !settings.cancelled.load(Ordering::Relaxed);
    let way = Way::of(&visit);
    probe.trace = visit.timelines;
    probe.findings = diagnose::server::diagnose(&probe);
    Ok((probe, way))
}

type Addresses = Vec<(SocketAddr, Address)>;

fn dialler<'a>(target: &'a Target, settings: &'a Settings) -> Dialler<'a> {
    Dialler {
        target,
        patience: settings.patience,
        cancelled: &settings.cancelled,
    }
}

fn visit<'a>(
    target: &'a Target,
    settings: &'a Settings,
    says: &'a dyn Fn(&str),
    address: SocketAddr,
) -> Visit<'a> {
    Visit {
        dialler: dialler(target, settings),
        address,
        says,
        path: None,
        timelines: Vec::new(),
    }
}

/// Tries the addresses in turn until one can be talked to.
fn first_answer<'a>(
    target: &'a Target,
    settings: &'a Settings,
    says: &'a dyn Fn(&str),
    all: &[SocketAddr],
) -> Result<(Visit<'a>, Conversation, Addresses), ProbeError> {
    let mut addresses: Addresses = Vec::new();
    let mut errors = Vec::new();
    let mut answer = None;
    for address in all {
        if settings.cancelled.load(Ordering::Relaxed) {
            return Err(ProbeError::Interrupted);
        }
        let found = match &answer {
            Some(_) => AddressFound::NotTried,
            None => {
                let mut visit = visit(target, settings, says, *address);
                match visit.greet() {
                    Ok(greeting) => {
                        answer = Some((visit, greeting));
                        AddressFound::Probed
                    }
                    Err(error) => {
                        errors.push(error);
                        let why = errors.last().map(ToString::to_string);
                        AddressFound::Unreachable(why.unwrap_or_default())
                    }
                }
            }
        };
        let told = address.ip().to_string();
        addresses.push((
            *address,
            Address {
                address: told,
                found,
            },
        ));
    }
    match answer {
        Some((_, greeting)) if is_dumb(&greeting) => {
            Err(not_tls(target, settings, &Reaction::Silent))
        }
        Some((visit, greeting)) => Ok((visit, greeting, addresses)),
        None => Err(no_address(target, settings, errors)),
    }
}

/// It took the connection and never said a word.
fn is_dumb(greeting: &Conversation) -> bool {
    let from_server = |message: &Message| message.from == Side::Server;
    greeting.reaction == Reaction::Silent && !greeting.messages.iter().any(from_server)
}

fn no_address(target: &Target, settings: &Settings, mut errors: Vec<DialError>) -> ProbeError {
    if settings.cancelled.load(Ordering::Relaxed) {
        return ProbeError::Interrupted;
    }
    match (errors.len(), errors.pop()) {
        (1, Some(only)) => ProbeError::Dial(only),
        (_, last) => ProbeError::NoAddress {
            host: target.host.clone(),
            reasons: errors
                .iter()
                .chain(&last)
                .map(ToString::to_string)
                .collect(),
        },
    }
}

fn not_tls(target: &Target, settings: &Settings, reaction: &Reaction) -> ProbeError {
    if settings.cancelled.load(Ordering::Relaxed) {
        return ProbeError::Interrupted;
    }
    let why = match reaction {
        Reaction::Silent => format!(
            "it keeps silent after our ClientHello for {} s",
            settings.patience.as_secs_f64()
        ),
        other => judge::said(other),
    };
    ProbeError::NotTls {
        to: target.authority(),
        why,
    }
}

fn about(target: &Target, visit: &Visit<'_>) -> Probe {
    let is_address = target.name().parse::<std::net::IpAddr>().is_ok();
    Probe {
        host: target.host.clone(),
        port: target.port,
        address: match target.proxy {
            Some(_) => None,
            None => Some(visit.address.ip().to_string()),
        },
        starttls: target.starttls.map(|protocol| protocol.name.to_owned()),
        proxy: target
            .proxy
            .as_ref()
            .map(|(host, port)| target::authority(host, *port)),
        server_name: (!is_address).then(|| target.name().to_owned()),
        ..Probe::default()
    }
}

/// Every version in turn; the certificate that the server showed first.
fn look_at_versions(visit: &mut Visit<'_>, probe: &mut Probe, greeting: &Conversation) -> Shown {
    let mut shown = greeting.shown.clone();
    for version in Protocol::ALL {
        let (facts, then_shown) = versions::look(visit, version);
        if shown.chain.is_empty() {
            shown = then_shown;
        }
        probe.versions.push(facts);
    }
    if probe.negotiated.is_none() {
        let mut spoken = probe.versions.iter();
        let newest = spoken.find(|facts| facts.spoken == Spoken::Yes);
        probe.negotiated = newest.and_then(|facts| facts.negotiated.clone());
    }
    shown
}

/// The addresses that were not looked at: do they ask for the same?
fn look_at_the_others(
    target: &Target,
    settings: &Settings,
    says: &dyn Fn(&str),
    addresses: &mut Addresses,
    first: &Conversation,
) {
    for (socket_address, address) in addresses {
        let interrupted = settings.cancelled.load(Ordering::Relaxed);
        if address.found != AddressFound::NotTried || interrupted {
            continue;
        }
        let greeting = visit(target, settings, says, *socket_address).greet();
        address.found = match greeting {
            Err(error) => AddressFound::Unreachable(error.to_string()),
            Ok(greeting) => compared(first, &greeting),
        };
    }
}

fn compared(first: &Conversation, other: &Conversation) -> AddressFound {
    let version = |talk: &Conversation| talk.negotiated.as_ref().map(|n| n.version);
    let differs = match (&first.request, &other.request) {
        (Some(_), None) => "it asks for no certificate".to_owned(),
        (None, Some(_)) => "it asks for a certificate".to_owned(),
        (Some(one), Some(two)) if one.schemes != two.schemes => {
            "it asks for other schemes".to_owned()
        }
        (Some(one), Some(two)) if one.ca_names != two.ca_names => {
            "it sends other CA names".to_owned()
        }
        _ if version(first) != version(other) => match version(other) {
            Some(version) => format!("it speaks TLS {version}"),
            None => format!("no handshake: {}", judge::said(&other.reaction)),
        },
        _ => return AddressFound::Same,
    };
    AddressFound::Differs(differs)
}
