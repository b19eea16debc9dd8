//! Made-up facts for the tests, in few words.

use super::Facts;
use crate::model::autopsy::Flaw;
use crate::model::capability::{Answer, Capability};
use crate::model::cell::{Cell, Outcome, Stage};
use crate::model::certificate::Certificate;
use crate::model::ckr::Ckr;
use crate::model::finding::Finding;
use crate::model::key::{Key, Pairing};
use crate::model::key_type::{Curve, KeyType};
use crate::model::mechanism::Mechanism;
use crate::model::profile::Profile;
use crate::model::route::Route;
use crate::model::scheme::Scheme;
use crate::model::token::{MechanismFacts, Token};
use crate::model::version::TlsVersion;

/// The moment at which the facts are looked at.
pub(super) const NOW: i64 = 1_800_000_000;

/// One token, its keys, the servers below, and cells.
pub(super) struct Fixture {
    pub(super) tokens: Vec<Token>,
    pub(super) keys: Vec<Key>,
    pub(super) profiles: Vec<Profile>,
    pub(super) cells: Vec<Cell>,
}

impl Fixture {
    /// A token labelled `card` that lists nothing.
    pub(super) fn new() -> Fixture {
        Fixture::of(token("t1"))
    }

    pub(super) fn of(token: Token) -> Fixture {
        Fixture {
            tokens: vec![token],
            keys: Vec::new(),
            profiles: profiles(),
            cells: Vec::new(),
        }
    }

    pub(super) fn listing(mut self, mechanism: Mechanism) -> Fixture {
        self.tokens[0].mechanisms.push(MechanismFacts {
            mechanism,
            listed: true,
            info: Answer::Ok,
            min_bits: 0,
            max_bits: 0,
            hardware: false,
            sign: true,
        });
        self
    }

    pub(super) fn key(mut self, key: Key) -> Fixture {
        self.keys.push(key);
        self
    }

    pub(super) fn profile(&mut self, name: &str) -> &mut Profile {
        self.profiles
            .iter_mut()
            .find(|profile| profile.name == name)
            .unwrap()
    }

    pub(super) fn cell(
        &mut self,
        key: &str,
        profile: &str,
        version: TlsVersion,
        client: &str,
        outcome: Outcome,
    ) -> &mut Cell {
        self.cells
            .push(cell(key, profile, version, client, outcome));
        self.cells.last_mut().unwrap()
    }

    pub(super) fn fails(
        &mut self,
        key: &str,
        profile: &str,
        version: TlsVersion,
        client: &str,
        stage: Stage,
    ) -> &mut Cell {
        let cell = self.cell(key, profile, version, client, Outcome::Fail);
        cell.stage = Some(stage);
        cell
    }

    /// The token refuses a PSS signature over this route.
    pub(super) fn refuses_pss(
        &mut self,
        key: &str,
        version: TlsVersion,
        client: &str,
        route: Route,
    ) -> &mut Cell {
        let cell = self.fails(key, "openssl-1.1.1", version, client, Stage::Sign);
        cell.scheme = Some(Scheme(0x0804));
        cell.route = Some(route);
        cell.ckr = Some(Ckr::MECHANISM_INVALID);
        cell
    }

    /// The token refuses this signature of `k1`.
    pub(super) fn refuses(&mut self, client: &str, scheme: u16, route: Route) -> &mut Cell {
        let cell = self.signs(client, scheme, route, Stage::Sign);
        cell.ckr = Some(Ckr::MECHANISM_INVALID);
        cell
    }

    /// The token makes this signature with `k1`, and the server refuses it.
    pub(super) fn signs_badly(&mut self, client: &str, scheme: u16, route: Route) -> &mut Cell {
        let cell = self.signs(client, scheme, route, Stage::ServerVerify);
        cell.alert = Some("decrypt_error".into());
        cell
    }

    /// A signature of `k1` that fails at this stage.
    pub(super) fn signs(
        &mut self,
        client: &str,
        scheme: u16,
        route: Route,
        stage: Stage,
    ) -> &mut Cell {
        let cell = self.fails("k1", "openssl-3.0", TlsVersion::V1_2, client, stage);
        cell.scheme = Some(Scheme(scheme));
        cell.route = Some(route);
        cell
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            tokens: &self.tokens,
            keys: &self.keys,
            profiles: &self.profiles,
            cells: &self.cells,
            now: NOW,
        }
    }
}

/// Is a remedy among them that can be tried out?
pub(super) fn offers_a_change(finding: &Finding) -> bool {
    let mut remedies = finding.remedies.iter();
    remedies.any(|remedy| remedy.change.is_some())
}

pub(super) fn token(id: &str) -> Token {
    Token {
        id: id.into(),
        label: if id == "t1" { "card".into() } else { id.into() },
        verifications: 1,
        ..Token::default()
    }
}

pub(super) fn rsa(id: &str, bits: u32) -> Key {
    key(id, KeyType::Rsa, Some(bits), None)
}

pub(super) fn ec(id: &str, curve: Curve) -> Key {
    key(id, KeyType::Ec, Some(curve.bits()), Some(curve))
}

pub(super) fn ed25519(id: &str) -> Key {
    key(id, KeyType::Ed25519, Some(255), None)
}

fn key(id: &str, key_type: KeyType, bits: Option<u32>, curve: Option<Curve>) -> Key {
    Key {
        id: id.into(),
        token: "t1".into(),
        label: id.into(),
        cka_id: vec![1],
        key_type,
        bits,
        curve,
        can_sign: true,
        certificate: Some(Certificate {
            cka_id: vec![1],
            ..certificate(&format!("CN={id}"), "CN=CA")
        }),
        pairing: Pairing::IdAndKey,
        ..Key::default()
    }
}

pub(super) fn certificate(subject: &str, issuer: &str) -> Certificate {
    Certificate {
        subject: subject.into(),
        issuer: issuer.into(),
        subject_der: subject.into(),
        issuer_der: issuer.into(),
        not_after: NOW + 1,
        ..Certificate::default()
    }
}

/// The key, with a trial of this scheme and route that worked.
pub(super) fn working(key: Key, scheme: u16, route: Route) -> Key {
    tried(key, scheme, route, Answer::Ok, Some(true))
}

/// The key, with a trial whose signature did not check.
pub(super) fn bad(key: Key, scheme: u16, route: Route) -> Key {
    tried(key, scheme, route, Answer::Ok, Some(false))
}

/// The key, with a trial whose signature did not check for this reason.
pub(super) fn flawed(key: Key, scheme: u16, route: Route, flaw: Flaw) -> Key {
    let mut key = bad(key, scheme, route);
    if let Some(trial) = key.capabilities.last_mut() {
        trial.flaw = Some(flaw);
    }
    key
}

/// The key, with a trial that C_SignInit refused.
pub(super) fn refusing(key: Key, scheme: u16, route: Route) -> Key {
    tried(
        key,
        scheme,
        route,
        Answer::Ckr(Ckr::MECHANISM_INVALID),
        None,
    )
}

fn tried(mut key: Key, scheme: u16, route: Route, answer: Answer, verified: Option<bool>) -> Key {
    key.capabilities.push(Capability {
        scheme: Scheme(scheme),
        route,
        listed: true,
        info: Answer::Ok,
        allowed: true,
        sign_init: answer,
        sign: if answer == Answer::Ok {
            Answer::Ok
        } else {
            Answer::NotTried
        },
        verified,
        flaw: None,
        sign_ms: None,
    });
    key
}

fn cell(key: &str, profile: &str, version: TlsVersion, client: &str, outcome: Outcome) -> Cell {
    Cell {
        outcome,
        measured: true,
        ..Cell::unjudged(key, profile, version, client)
    }
}

const MODERN: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401,
    0x0501, 0x0601, 0x0303, 0x0301,
];
const BORINGSSL: &[u16] = &[
    0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201,
];
const GO: &[u16] = &[
    0x0804, 0x0403, 0x0807, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0503, 0x0603,
];
const PSS: &[u16] = &[0x0804, 0x0805, 0x0806];
const EC: &[u16] = &[0x0403, 0x0503, 0x0603];
const SHA1: &[u16] = &[0x0201, 0x0203];

fn profiles() -> Vec<Profile> {
    vec![
        profile("openssl-1.1.1", MODERN, Some(MODERN), 1024),
        profile("openssl-3.0", MODERN, Some(MODERN), 2048),
        profile("boringssl", BORINGSSL, Some(BORINGSSL), 0),
        profile("go", GO, Some(GO), 1024),
        profile("java-17", MODERN, Some(MODERN), 1024),
        profile("schannel-2022", BORINGSSL, None, 1024),
        profile("gnutls", MODERN, Some(MODERN), 0),
        profile("pss-only", PSS, Some(PSS), 0),
        profile("ecdsa-only", EC, Some(EC), 0),
        profile("sha1-only", SHA1, None, 0),
    ]
}

fn profile(name: &str, tls12: &[u16], tls13: Option<&[u16]>, min_rsa_bits: u32) -> Profile {
    let schemes = |codes: &[u16]| codes.iter().copied().map(Scheme).collect();
    Profile {
        name: name.into(),
        tls12: Some(schemes(tls12)),
        tls13: tls13.map(schemes),
        min_rsa_bits,
        ..Profile::default()
    }
}
