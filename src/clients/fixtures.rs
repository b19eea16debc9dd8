//! Cards for the rules' tests.

use super::{Card, Client, Failure};
use crate::model::alert::Alert;
use crate::model::capability::{Answer, Capability};
use crate::model::cell::Stage;
use crate::model::certificate::Certificate;
use crate::model::choice::Choice;
use crate::model::ckr::Ckr;
use crate::model::key::{Key, Pairing};
use crate::model::key_type::{Curve, KeyType};
use crate::model::mechanism::Mechanism;
use crate::model::request::Request;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::token::{MechanismFacts, Token};
use crate::model::version::TlsVersion;

/// A token that lists these.
pub(super) fn token(mechanisms: &[Mechanism]) -> Token {
    let listed = |mechanism: &Mechanism| MechanismFacts {
        mechanism: *mechanism,
        listed: true,
        info: Answer::Ok,
        min_bits: 0,
        max_bits: 0,
        hardware: true,
        sign: true,
    };
    Token {
        id: "t1".into(),
        label: "card".into(),
        mechanisms: mechanisms.iter().map(listed).collect(),
        ..Token::default()
    }
}

/// An RSA key of so many bits.
pub(super) fn rsa(bits: u32) -> Key {
    key(KeyType::Rsa, Some(bits), None)
}

/// An EC key.
pub(super) fn ec(curve: Curve) -> Key {
    key(KeyType::Ec, Some(curve.bits()), Some(curve))
}

/// An Ed25519 key.
pub(super) fn ed25519() -> Key {
    key(KeyType::Ed25519, None, None)
}

fn key(key_type: KeyType, bits: Option<u32>, curve: Option<Curve>) -> Key {
    Key {
        id: "k1".into(),
        token: "t1".into(),
        label: "key".into(),
        cka_id: vec![1],
        key_type,
        bits,
        curve,
        can_sign: true,
        pairing: Pairing::IdAndKey,
        ..Key::default()
    }
}

/// The key with what the trial of a route gave; `None`: it was not tried.
pub(super) fn tried(mut key: Key, code: u16, route: Route, gave: Option<Result<bool, Ckr>>) -> Key {
    let (sign_init, sign, verified) = match gave {
        None => (Answer::NotTried, Answer::NotTried, None),
        Some(Ok(verified)) => (Answer::Ok, Answer::Ok, Some(verified)),
        Some(Err(ckr)) => (Answer::Ckr(ckr), Answer::NotTried, None),
    };
    key.capabilities.push(Capability {
        scheme: Scheme(code),
        route,
        listed: gave.is_some(),
        info: Answer::Ok,
        allowed: true,
        sign_init,
        sign,
        verified,
        sign_ms: None,
        flaw: None,
    });
    key
}

/// What the client does when a server asks for these, in this order.
pub(super) fn asked(
    client: &dyn Client,
    key: &Key,
    token: &Token,
    version: TlsVersion,
    codes: &[u16],
) -> Choice {
    let request = Request {
        version,
        schemes: codes.iter().copied().map(Scheme).collect(),
        ca_names: Vec::new(),
    };
    client.choose(&Card { key, token }, &request)
}

/// `Choice::Sign` over one route.
pub(super) fn sign(code: u16, route: Route) -> Choice {
    Choice::Sign {
        scheme: Scheme(code),
        routes: vec![route],
    }
}

/// Does it send an empty certificate, for a reason that holds this word?
pub(super) fn nothing(choice: &Choice, word: &str) -> bool {
    matches!(choice, Choice::NoCertificate { why } if why.contains(word))
}

/// Does it end the connection itself, for a reason that holds this word?
pub(super) fn gives_up(choice: &Choice, word: &str) -> bool {
    matches!(choice, Choice::GiveUp { why, .. } if why.contains(word))
}

/// A failure of a handshake in which nothing was offered.
pub(super) fn failure(
    stage: Stage,
    version: TlsVersion,
    ckr: Option<Ckr>,
    alert: Option<u8>,
) -> Failure<'static> {
    Failure {
        offered: &[],
        stage,
        version,
        step: None,
        ckr,
        alert: alert.map(Alert),
    }
}

/// An RSA key with a certificate of `issuing CA`, whose own, from `root CA`, lies on the token too.
pub(super) fn below_an_intermediate() -> Key {
    Key {
        certificate: Some(issued_by("issuing CA")),
        chain_on_token: vec![issued_by("root CA")],
        ..rsa(2048)
    }
}

fn issued_by(issuer: &str) -> Certificate {
    let made = rcgen::generate_simple_self_signed([]).unwrap();
    Certificate {
        issuer_der: issuer.into(),
        ..Certificate::from_der(made.cert.der()).unwrap()
    }
}
