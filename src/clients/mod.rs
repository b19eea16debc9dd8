//! The clients floor: one file for each real client that is imitated, a pure rule over what the model knows.
//!
//! A rule says which scheme its client takes from a server's list, what of the token it looks at before, over which
//! routes it signs, and what its user sees when it fails. A new client is a file here and a line in [`ALL`].
#![forbid(unsafe_code)]

mod any;
mod ca_names;
mod chrome;
mod curl;
mod firefox;
#[cfg(test)]
mod fixtures;
mod gnutls;
mod go;
mod java;
mod libssl;
mod openssl;
mod openssl_provider;
mod rustls_stock;
mod schannel;

use crate::model::alert::Alert;
use crate::model::capability::{Answer, Capability};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::ckr::Ckr;
use crate::model::key::Key;
use crate::model::mechanism::Mechanism;
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::sign::SignStep;
use crate::model::token::Token;
use crate::model::version::TlsVersion;

/// Every client, in the order in which tables show them.
pub static ALL: &[&dyn Client] = &[
    &firefox::Firefox,
    &chrome::Chrome,
    &openssl::OpenSsl,
    &openssl_provider::OpenSslProvider,
    &curl::Curl,
    &gnutls::GnuTls,
    &java::Java,
    &go::Go,
    &schannel::Schannel,
    &rustls_stock::Rustls,
    &any::Any,
];

/// The four that are taken if the user names none: the two browsers, libssl, on which most other programs stand, and Java, on
/// which most applications made for cards do. They are also the four ways to fail: trust the list with PSS first, trust it with
/// PKCS1 first, don't look and pad for oneself, don't trust it. `schannel` has more users than any of them, but what is known of
/// it is hearsay.
pub static DEFAULT: &[&dyn Client] = &[
    &firefox::Firefox,
    &chrome::Chrome,
    &openssl::OpenSsl,
    &java::Java,
];

/// `any` at a server that exists: it sends the key's own certificate first, and others only once that was refused.
pub static ANY_LEAF_FIRST: &dyn Client = &any::LeafFirst;

/// A rule that imitates one real client.
pub trait Client: Sync {
    /// The name in tables, reports and on the command line.
    fn name(&self) -> &'static str;

    /// A line for people: which program, which versions.
    fn about(&self) -> &'static str;

    /// What the rule rests on.
    fn evidence(&self) -> Evidence;

    /// What the client does with this key when it is asked for a certificate.
    fn choose(&self, card: &Card<'_>, request: &Request) -> Choice;

    /// The certificates of the token that go out behind the key's own, to a server that sent these CA names.
    fn intermediates<'a>(&self, card: &Card<'a>, ca_names: &[Vec<u8>]) -> &'a [Certificate];

    /// What its user sees of a failure; `None` where that is not known.
    fn user_sees(&self, failure: &Failure<'_>) -> Option<String>;
}

/// What a rule may look at: the key with its capabilities, and its token.
#[derive(Clone, Copy)]
pub struct Card<'a> {
    /// The key.
    pub key: &'a Key,
    /// The token it lies on.
    pub token: &'a Token,
}

/// What a rule rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Held against what the real program did.
    Observed,
    /// Read in the program's source.
    Source,
    /// Told by its maker's documents, or by people who met it.
    Documented,
    /// It is cardcheck's own rule, not an imitation.
    Own,
}

impl Evidence {
    /// The name in the JSON report.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::Observed => "observed",
            Evidence::Source => "source",
            Evidence::Documented => "documented",
            Evidence::Own => "own",
        }
    }
}

/// A failure, as far as it decides what a user sees.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The list in the server's request.
    pub offered: &'a [Scheme],
    /// Where.
    pub stage: Stage,
    /// The version.
    pub version: TlsVersion,
    /// The step of signing that failed; `None`: the client didn't come so far.
    pub step: Option<SignStep>,
    /// The token's answer, or that of the client's own library.
    pub ckr: Option<Ckr>,
    /// The server's alert.
    pub alert: Option<Alert>,
}

/// The client of this name.
pub fn by_name(name: &str) -> Option<&'static dyn Client> {
    ALL.iter().copied().find(|client| client.name() == name)
}

/// The scheme over the route that most clients take: the digest made on the host, the padding on the token.
fn sign_on_digest(scheme: Scheme) -> Choice {
    Choice::Sign {
        scheme,
        routes: Route::of(scheme).iter().copied().take(1).collect(),
    }
}

/// The first of these routes whose mechanism the token lists.
fn first_listed(token: &Token, scheme: Scheme, routes: &[Route]) -> Option<Route> {
    let listed = |route: &&Route| token.lists(route.mechanism(scheme));
    routes.iter().find(listed).copied()
}

/// What C_GetMechanismInfo answers, also for a mechanism that is not listed.
fn info(card: &Card<'_>, mechanism: Mechanism) -> Answer {
    let same = |trial: &&Capability| trial.route.mechanism(trial.scheme) == mechanism;
    let known = card.token.facts(mechanism).map(|facts| facts.info);
    let trials = &card.key.capabilities;
    known
        .or_else(|| trials.iter().find(same).map(|trial| trial.info))
        .unwrap_or(Answer::NotTried)
}

/// Is the modulus of an RSA key long enough for the scheme's padding?
fn holds_padding(key: &Key, scheme: Scheme) -> bool {
    match (scheme.min_rsa_bits(), key.bits) {
        (Some(least), Some(bits)) => bits >= least,
        _ => true,
    }
}

/// An end before any scheme was chosen.
fn give_up(why: impl Into<String>) -> Choice {
    Choice::GiveUp {
        scheme: None,
        ckr: None,
        why: why.into(),
    }
}

/// An empty certificate, and the rule that left nothing else.
fn no_certificate(why: impl Into<String>) -> Choice {
    Choice::NoCertificate { why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::fixtures::{below_an_intermediate, token};
    use super::*;

    #[test]
    fn every_client_has_a_name_of_its_own_and_is_found_by_it() {
        for client in ALL.iter().chain(DEFAULT) {
            let found = by_name(client.name());
            assert_eq!(found.map(|found| found.about()), Some(client.about()));
        }
    }

    #[test]
    fn some_send_the_intermediates_of_the_token_and_others_do_not() {
        let (key, token) = (below_an_intermediate(), token(&[]));
        let card = Card {
            key: &key,
            token: &token,
        };
        let senders = |ca_names: &[Vec<u8>]| {
            let sends = |client: &&&dyn Client| !client.intermediates(&card, ca_names).is_empty();
            let senders = ALL.iter().filter(sends);
            senders.map(|client| client.name()).collect::<Vec<_>>()
        };
        assert_eq!(senders(&[]), ["firefox", "java", "any"]);
        let by_root = [b"root CA".to_vec()];
        assert_eq!(senders(&by_root), ["firefox", "chrome", "java", "any"]);
    }
}
