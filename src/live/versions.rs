//! What a server does in each version of TLS.

use super::judge::{self, Heard, Verdict, judge};
use super::visit::Visit;
use crate::model::probe::{Asks, Moment, Reaction, Spoken, VersionFacts};
use crate::model::protocol::Protocol;
use crate::model::version::TlsVersion;
use crate::tls::conversation::{Answered, Visitor};
use crate::tls::peer::Shown;
use crate::tls::plain::PlainFlight;

/// The facts of one version, and the certificate that the server showed.
pub(super) fn look(visit: &mut Visit<'_>, version: Protocol) -> (VersionFacts, Shown) {
    match version.modern() {
        None => in_clear(visit, version),
        Some(modern) => {
            let (facts, shown) = by_handshakes(visit, modern);
            match (facts.spoken == Spoken::Yes, version) {
                (true, _) | (_, Protocol::V1_3) => (facts, shown),
                // it may speak the version with key exchanges and suites that rustls doesn't
                _ => in_clear(visit, version),
            }
        }
    }
}

fn by_handshakes(visit: &mut Visit<'_>, version: TlsVersion) -> (VersionFacts, Shown) {
    let mut facts = VersionFacts::unknown(version.into());
    let bare = match visit.ask(version, Visitor::Nobody) {
        Ok(bare) => bare,
        Err(error) => {
            facts.spoken = Spoken::Unknown(error.to_string());
            return (facts, Shown::default());
        }
    };
    if bare.negotiated.is_none() {
        facts.spoken = judge::refuses_version(&bare.reaction);
        return (facts, bare.shown);
    }
    facts.spoken = Spoken::Yes;
    let heard = visit.heard(&bare);
    let stranger = match bare.request {
        Some(_) => visit.ask(version, Visitor::Stranger).ok(),
        None => None,
    };
    let stranger_heard = stranger.as_ref().map(|talk| visit.heard(talk));
    tell(&mut facts, judge(&heard, stranger_heard.as_ref()));
    if heard.requested {
        facts.without_certificate = Some(reaction(&heard));
    }
    if let (Some(talk), Some(heard)) = (&stranger, &stranger_heard) {
        facts.with_stranger = Some(match talk.answered {
            Answered::Stranger => reaction(heard),
            _ => Reaction::Unknown("no key of cardcheck's fits what it asks for".into()),
        });
    }
    facts.http = heard.http;
    facts.request = bare.request;
    facts.negotiated = bare.negotiated;
    (facts, bare.shown)
}

fn tell(facts: &mut VersionFacts, verdict: Verdict) {
    facts.asks = verdict.asks;
    facts.asked_during = verdict.asked_during;
    facts.inferred = verdict.inferred;
    facts.reason = Some(verdict.reason);
}

/// A refusal on HTTP's level is one, too.
fn reaction(heard: &Heard) -> Reaction {
    match &heard.http {
        Some(http) if http.meaning.is_some() => Reaction::Refused(format!(
            "HTTP {} for want of a certificate it takes",
            http.status
        )),
        _ => heard.reaction.clone(),
    }
}

fn in_clear(visit: &mut Visit<'_>, version: Protocol) -> (VersionFacts, Shown) {
    let mut facts = VersionFacts::unknown(version);
    let flight = match visit.read_flight(version) {
        Ok(flight) => flight,
        Err(error) => {
            facts.spoken = Spoken::Unknown(error.to_string());
            return (facts, Shown::default());
        }
    };
    facts.spoken = spoken(&flight, version);
    if facts.spoken == Spoken::Yes {
        tell(&mut facts, of_flight(&flight));
        facts.without_certificate = flight.request.as_ref().map(|_| flight.reaction.clone());
        facts.request = flight.request;
        facts.negotiated = flight.negotiated;
    }
    (facts, flight.shown)
}

fn spoken(flight: &PlainFlight, version: Protocol) -> Spoken {
    match &flight.negotiated {
        Some(chosen) if chosen.version == version => Spoken::Yes,
        Some(chosen) => Spoken::No(format!("it answers with TLS {}", chosen.version)),
        None => judge::refuses_version(&flight.reaction),
    }
}

fn of_flight(flight: &PlainFlight) -> Verdict {
    let said = |asks, inferred, reason: String| Verdict {
        asks,
        asked_during: flight.request.as_ref().map(|_| Moment::Handshake),
        inferred,
        reason: format!("{reason}; only the part in clear was read"),
    };
    let word = judge::said(&flight.reaction);
    match (&flight.request, &flight.reaction) {
        (None, _) if flight.done => said(Asks::None, false, "no CertificateRequest came".into()),
        (None, _) => said(
            Asks::Unknown,
            false,
            format!("the flight came to no end: {word}"),
        ),
        (Some(_), Reaction::Alert(_)) => said(
            Asks::Required,
            false,
            format!("without a certificate: {word}"),
        ),
        (Some(_), Reaction::Silent) => said(
            Asks::Optional,
            true,
            "without a certificate it waits for the handshake to go on".into(),
        ),
        (Some(_), _) => said(
            Asks::Unknown,
            false,
            format!("without a certificate: {word}"),
        ),
    }
}
